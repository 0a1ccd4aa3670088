"""pyframe_shim.frames and evalframe where a program makes it hard for them."""

import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import xml.etree.ElementTree

import pyframe_shim
from pyframe_shim import evalframe, frames
from pyframe_shim.frames.brief import brief

# The first image of a process is one of another thread, whose frames would go away if Python code ran meanwhile.
FIRST_IMAGE = """
import builtins, threading, time
from pyframe_shim import frames

real = builtins.__import__
go, ready = threading.Event(), threading.Event()

def slow(name, *arguments, **keywords):
    if "markers" in name:
        go.set()
        time.sleep(0.3)
    return real(name, *arguments, **keywords)

def deep(n):
    big = [object() for _ in range(1000)]
    if n:
        return deep(n - 1)
    ready.set()
    go.wait()

def other():
    deep(20)
    kept = [bytearray(10000) for _ in range(1000)]
    time.sleep(0.5)

thread = threading.Thread(target=other)
thread.start()
ready.wait()
builtins.__import__ = slow
stack = frames.stack(thread)
builtins.__import__ = real
go.set()
thread.join()
print(all(frame.slots for frame in stack.frames if frame.name == "deep"))
"""


def run(source, **environment):
    command = [os.environ.get("TEST_PYTHON", sys.executable), "-c", source]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, env={**os.environ, **environment})


class Frames(unittest.TestCase):
    def test_first_image(self):
        done = run(FIRST_IMAGE)
        self.assertEqual((done.returncode, done.stdout), (0, "True\n"), done.stderr)

    def test_threads_that_do_not_run(self):
        threads = [threading.Thread(target=time.sleep, args=(0,)) for _ in range(2)]
        threads[0].start()
        threads[0].join()
        for thread in threads:
            with self.assertRaisesRegex(LookupError, "does not run"):
                frames.stack(thread)
            with self.assertRaisesRegex(LookupError, "does not run"):
                frames.of(thread)

    def test_types_that_are_not_ready(self):
        """Of some iterators CPython makes no proper type."""
        code = run.__code__
        for make in (code.co_lines, code.co_positions, getattr(code, "co_branches", code.co_lines)):
            self.assertIn("iterator", brief(make()))

    def test_through_a_link(self):
        """The package's own frames are not shown, whatever folder it was found by."""
        with tempfile.TemporaryDirectory() as folder:
            link = pathlib.Path(folder) / "link"
            link.symlink_to(pathlib.Path(pyframe_shim.__file__).parent.parent)
            source = "from pyframe_shim import frames\ndef f(): return frames.stack()\nprint(frames.__file__, [x.name for x in f().frames])"
            done = run(source, PYTHONPATH=os.pathsep.join([str(link), os.environ["PYTHONPATH"]]))
        self.assertIn(str(link), done.stdout)
        self.assertIn("['f', '<module>']", done.stdout)

    def test_names_that_nobody_can_read(self):
        code = (lambda argument: frames.stack()).__code__
        hold = types.FunctionType(code.replace(co_name="a\0b", co_varnames=("\x01\ud800",), co_filename="\udcff.py"), {"frames": frames})
        stack = hold(1)
        xml.etree.ElementTree.fromstring(stack.svg().encode())

    def test_hostile_names(self):
        class Text(str):
            def __eq__(self, other):
                raise AssertionError("asked")

            __hash__ = str.__hash__

        class Key:
            def __hash__(self):
                return hash("__name__")

            __eq__ = Text.__eq__

        made = type("Made", (), {"__module__": Text("here")})
        module = types.ModuleType("m")
        del module.__name__
        module.__dict__[Key()] = 1
        self.assertEqual((brief(made()), brief(module)), ("<Made>", "<module>"))


class Evalframe(unittest.TestCase):
    def test_caller_for_a_generators_send(self):
        seen = []

        def asks():
            frame = yield
            while True:
                seen.append(frame.caller.code.co_name)
                frame = yield None

        def called():
            return 1

        def calls():
            return called()

        generator = asks()
        next(generator)
        with evalframe.hook(generator.send, only=lambda code: code is called.__code__):
            calls()
        self.assertEqual(seen, ["calls"])

    def test_as_many_hooks_as_there_can_be(self):
        hooks = []
        try:
            with self.assertRaisesRegex(RuntimeError, "64 hooks already.*remove one first"):
                while True:
                    hooks.append(evalframe.install(print, only=lambda code: False))
        finally:
            for hook in hooks:
                hook.remove()
        self.assertGreater(len(hooks), 50)
