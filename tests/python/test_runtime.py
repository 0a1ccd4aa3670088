"""The runtime check: it passes wherever it may be called, and the library of another minor says that it is one."""

import asyncio
import ctypes
import gc
import glob
import importlib.machinery
import importlib.util
import os
import pathlib
import platform
import re
import sys
import threading
import unittest

import probe
import shadow
from stack_model import with_pushed
from support import IS_DEBUG, FrameTestCase, run_script

HAS_FRAMES, PY_DEBUG = 1, 2
HAS_MONITORING = sys.version_info >= (3, 12)
LIBRARY = os.path.join(os.path.dirname(probe.__file__), "libpyframe_shim.so")
MINOR = "%d.%d" % sys.version_info[:2]


def reported(python):
    """The folder name of a build: 3.12.1, or 3.13.18-debug."""
    return os.path.basename(os.path.dirname(os.path.dirname(python)))


def other_libraries():
    """The shared libraries that are built for other minors, by path; what is built for debugging loads nowhere else."""
    here = os.path.dirname(os.path.abspath(probe.__file__))
    found = {}
    for path in sorted(glob.glob(os.path.join(here, "..", "..", "*", "out", "libpyframe_shim.so"))):
        version = reported(path)
        if version.rpartition(".")[0] != MINOR and not version.endswith("-debug"):
            found[path] = version
    return found


class PassesTest(FrameTestCase):
    def test_here(self):
        self.assertIsNone(probe.check_runtime())

    def test_from_functions_of_every_kind(self):
        def closure():
            return probe.check_runtime, self, gc

        def generator():
            yield probe.check_runtime()

        async def coroutine():
            return probe.check_runtime()

        class Body:
            result = probe.check_runtime()

        closure()[0]()
        self.assertEqual(list(generator()), [None])
        self.assertIsNone(asyncio.run(coroutine()))
        self.assertIsNone(Body.result)
        exec("import probe; probe.check_runtime()", {})
        self.assertEqual(list(map(lambda _: probe.check_runtime(), range(3))), [None] * 3)

    def test_under_a_hook(self):
        self.addCleanup(shadow.watch, False)
        shadow.watch(True)
        before = shadow.counters()["seen"]
        probe.check_runtime()
        seen = shadow.counters()["seen"] - before
        shadow.watch(False)
        self.assertGreater(seen, 1, "the frames of the check pass through the hook")

    def test_under_a_hook_that_takes_frames_over(self):
        """The frames of the check run as shadows then, with copies of their functions."""
        self.addCleanup(shadow.run_all, False)
        shadow.run_all(True)
        before = shadow.counters()["taken_over"]
        probe.check_runtime()
        taken = shadow.counters()["taken_over"] - before
        shadow.run_all(False)
        self.assertGreater(taken, 1)

    def test_in_a_hook(self):
        def function(a):
            return a

        self.assertEqual(self.at_entry(function, lambda: function(1), lambda frame: probe.check_runtime()), (None, 1))

    def test_at_every_depth(self):
        """Also where the frames of the check open a chunk."""

        def recurse(depth):
            probe.check_runtime()
            if depth:
                recurse(depth - 1)

        recurse(200)

    def test_at_every_room(self):
        room = probe.stack()[3]
        for words in range(max(room - 300, 1), room + 2):
            with_pushed(words, lambda frame: probe.check_runtime())

    def test_at_the_recursion_limit(self):
        """Too deep to run the check is a RecursionError, and no claim about the library."""
        kinds = set()

        def recurse():
            try:
                probe.check_runtime()
            except Exception as error:
                kinds.add(type(error))
            else:
                kinds.add(None)
            recurse()

        limit = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, limit)
        sys.setrecursionlimit(150)
        with self.assertRaises(RecursionError):
            recurse()
        sys.setrecursionlimit(limit)
        self.assertEqual(kinds, {None, RecursionError})

    def test_with_a_trace_function(self):
        events = []

        def trace(frame, event, argument):
            events.append((frame.f_code.co_name, event))
            return trace

        for install in (sys.settrace, sys.setprofile):
            self.addCleanup(install, None)
            install(trace)
            try:
                probe.check_runtime()
            finally:
                install(None)
            self.assertIn(("known", "call"), events)
            self.assertIn(("known", "return"), events)
            events.clear()

    @unittest.skipUnless(HAS_MONITORING, "sys.monitoring came with 3.12")
    def test_with_monitoring(self):
        codes = []
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.DEBUGGER_ID, "test")
        self.addCleanup(monitoring.free_tool_id, monitoring.DEBUGGER_ID)
        events = monitoring.events
        seen = lambda code, offset: codes.append(code)
        monitoring.register_callback(monitoring.DEBUGGER_ID, events.INSTRUCTION, seen)
        monitoring.set_events(monitoring.DEBUGGER_ID, events.INSTRUCTION | events.LINE)
        try:
            probe.check_runtime()
        finally:
            monitoring.set_events(monitoring.DEBUGGER_ID, 0)
            monitoring.register_callback(monitoring.DEBUGGER_ID, events.INSTRUCTION, None)
        self.assertIn("known", {code.co_name for code in codes})

    def test_in_threads(self):
        failures, ran = [], []

        def work():
            try:
                for _ in range(50):
                    probe.check_runtime()
                ran.append(1)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(ran), failures), (6, []))

    def test_with_an_exception_being_handled(self):
        try:
            raise KeyError("handled")
        except KeyError as error:
            probe.check_runtime()
            self.assertIs(sys.exc_info()[1], error)


class LeavesNothingTest(FrameTestCase):
    def measure(self):
        gc.collect()
        counts = {
            "blocks": sys.getallocatedblocks(),
            "objects": len(gc.get_objects()),
            "None": sys.getrefcount(None),
            "builtins": sys.getrefcount(__builtins__),
        }
        if IS_DEBUG:
            counts["references"] = sys.gettotalrefcount()
        return counts

    def test_references(self):
        """Caches of the interpreter's settle while this runs, so the bound is one in two rounds."""
        for _ in range(1500):
            probe.check_runtime()
        before = self.measure()
        for _ in range(1000):
            probe.check_runtime()
        after = self.measure()
        for what in before:
            with self.subTest(what):
                self.assertLess(abs(after[what] - before[what]), 500)

    def test_no_error_is_pending(self):
        """Whoever looks next would see it."""
        library = ctypes.PyDLL(LIBRARY)
        pending = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyErr_Occurred", ctypes.pythonapi))
        for _ in range(1000):
            self.assertEqual(library.PyFrameShim_CheckRuntime(), 0)
            self.assertIsNone(pending())

    def test_nothing_is_imported_or_named(self):
        before = set(sys.modules), dict(globals())
        probe.check_runtime()
        self.assertEqual((set(sys.modules), dict(globals())), before)


class BuildInfoTest(unittest.TestCase):
    def test_what_it_says(self):
        info = probe.build_info()
        self.assertEqual(info["python"][:2], sys.version_info[:2])
        self.assertEqual(info["python_version"].split(".")[:2], MINOR.split("."))
        self.assertEqual(info["python_version"], reported(probe.__file__).removesuffix("-debug"))
        self.assertEqual(".".join(map(str, info["python"])), info["python_version"])
        self.assertRegex(info["shim_version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(info["size"], 40)
        self.assertEqual(info["flags"], HAS_FRAMES | (PY_DEBUG if IS_DEBUG else 0))

    def test_at_any_time(self):
        """Without the GIL, and the same address every time."""
        library = ctypes.CDLL(LIBRARY)
        library.PyFrameShim_BuildInfo.restype = ctypes.c_void_p
        addresses = {library.PyFrameShim_BuildInfo() for _ in range(10)}
        self.assertEqual(len(addresses), 1)
        self.assertNotEqual(addresses, {None})


class OtherMinorTest(unittest.TestCase):
    def setUp(self):
        self.libraries = other_libraries()
        if not self.libraries:
            self.skipTest("no library is built for another minor")

    def test_import_error_names_both(self):
        for path, version in self.libraries.items():
            check = ctypes.PyDLL(path).PyFrameShim_CheckRuntime
            for _ in range(3):
                with self.subTest(version), self.assertRaises(ImportError) as caught:
                    check()
                message = str(caught.exception)
                self.assertIn(version, re.findall(r"\d+\.\d+\.\d+", message))
                self.assertIn(platform.python_version(), re.findall(r"\d+\.\d+\.\d+", message))
                self.assertIn("install the extension that holds it for this Python", message)
                self.assertNotIn("cargo", message, "who reads this need not have built it")

    def test_extensions_of_another_minor(self):
        """Their import says what the library says."""
        for path, version in self.libraries.items():
            for module in pathlib.Path(path).parent.glob("shadow.*.so"):
                loader = importlib.machinery.ExtensionFileLoader("shadow", str(module))
                spec = importlib.util.spec_from_loader("shadow", loader)
                with self.assertRaises(ImportError) as caught:
                    loader.exec_module(importlib.util.module_from_spec(spec))
                message = str(caught.exception)
                self.assertIn(version, message)
                self.assertIn(platform.python_version(), message)

    def test_build_info(self):
        for path, version in self.libraries.items():
            library = ctypes.PyDLL(path)
            library.PyFrameShim_BuildInfo.restype = ctypes.POINTER(ctypes.c_char_p * 3)
            size_and_names = library.PyFrameShim_BuildInfo().contents
            self.assertEqual(size_and_names[2].decode(), version)

    def test_the_right_one_beside_it(self):
        """Each library speaks for itself."""
        for path in self.libraries:
            ctypes.PyDLL(path)
        self.assertEqual(ctypes.PyDLL(LIBRARY).PyFrameShim_CheckRuntime(), 0)
        probe.check_runtime()


SHARING_THE_GIL = """
import os, probe
probe.check_runtime()
os.write(1, b"fine ")
"""

OF_THEIR_OWN = """
import os, shadow
shadow.run_all(True)
def f(a):
    return a + 1
assert f(1) == 2
taken = shadow.counters()["taken_over"]
shadow.run_all(False)
assert taken > 0, taken
os.write(1, b"fine ")
"""

SUB_INTERPRETERS = """
import os, sys
shared, own = sys.argv[1:]
import _testcapi
for _ in range(3):
    assert _testcapi.run_in_subinterp(shared) == 0
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
for _ in range(3):
    which = interpreters.create()
    problem = interpreters.run_string(which, own)
    assert problem is None, problem
    interpreters.destroy(which)
import probe
probe.check_runtime()
os.write(1, b"done")
"""


class SubInterpreterTest(unittest.TestCase):
    def test_in_sub_interpreters(self):
        """Those that share the GIL, and from 3.12 on those with one of their own."""
        try:
            import _testcapi  # noqa: F401
        except ImportError:
            self.skipTest("this interpreter has no _testcapi")
        done = run_script(SUB_INTERPRETERS, SHARING_THE_GIL, OF_THEIR_OWN)
        self.assertEqual((done.returncode, done.stdout.split()), (0, ["fine"] * 6 + ["done"]), done.stderr)


if __name__ == "__main__":
    unittest.main()
