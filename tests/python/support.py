"""What the tests share: the probe, and the state that every test must leave as it found it."""

import gc
import os
import subprocess
import sys
import unittest

import probe

IS_DEBUG = hasattr(sys, "gettotalrefcount")
# A local variable that is passed on may be lent, without a reference of its own (LOAD_FAST_BORROW).
LENDS_ARGUMENTS = sys.version_info >= (3, 14)
EMPTY = ...  # how probe.info() shows an empty slot


def keeps_a_chunk(minor, patch):
    """Whether a CPython keeps a data stack chunk for each thread's next push (gh-142183)."""
    return minor >= 15 or (minor == 14 and patch >= 4) or (minor == 13 and patch >= 13)


KEEPS = keeps_a_chunk(*sys.version_info[1:3])
# The headers of the build told where.
USES_WHAT_IS_KEPT = KEEPS and keeps_a_chunk(*probe.build_info()["python"][1:])

# enum _frameowner
THREAD, GENERATOR, FRAME_OBJECT = range(3)


def slots(frame):
    """The slots of a frame: EMPTY, or a tuple of the value."""
    return probe.info(frame)["slots"]


class FrameTestCase(unittest.TestCase):
    """A test that must leave the data stack and the hook as they were."""

    def setUp(self):
        gc.collect()
        probe.drop_kept()  # it may be any size
        self.addCleanup(self.assert_stack_unchanged, probe.stack()[-1])
        self.addCleanup(probe.unhook)

    def assert_stack_unchanged(self, chunks):
        self.assertEqual(probe.stack()[-1], chunks, "the number of data stack chunks has changed")

    def at_entry(self, function, call, action):
        """Run `action(frame)` when `function` is about to be evaluated by `call()`; return both results.

        What `action` raises comes out of `call()`.
        """
        code = getattr(function, "__code__", function)
        seen = []
        probe.hook(code, lambda frame: seen.append(action(frame)))
        try:
            result = call()
        finally:
            probe.unhook()
        self.assertTrue(seen, "the hook has not seen the frame")
        return seen[0], result


class ScriptTestCase(unittest.TestCase):
    """A test that runs programs of their own, each of which prints "well" and nothing else."""

    def assert_well(self, source):
        done = run_script(source, PYTHONMALLOC="debug")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "well\n", ""))

    def assert_well_when_dropped(self, module, *switches):
        """The module goes while it runs a frame, for each way to have it do so."""
        for switch in switches:
            with self.subTest(switch):
                self.assert_well(f"""if True:
                    import gc, {module}, sys
                    def function():
                        global {module}
                        del {module}, sys.modules["{module}"]
                        gc.collect()
                        return "well"
                    {module}.{switch}
                    print(function())
                    gc.collect()
                    function = lambda: None
                    function()""")


def run_script(source, *arguments, **environment):
    """Run a program of its own in this interpreter, with the extensions at hand."""
    return subprocess.run(
        [sys.executable if not os.environ.get("TEST_PYTHON") else os.environ["TEST_PYTHON"], "-c", source, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
