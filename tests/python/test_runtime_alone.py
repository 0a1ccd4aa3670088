"""The runtime check depends on nothing that a program can replace, and asks for what it cannot do without."""

import builtins
import os
import sys
import unittest

import probe
from support import FrameTestCase, run_script


def importing(name, globals=None, locals=None, fromlist=(), level=0):
    """As many import hooks are: it asks who imports."""
    return IMPORT(name, {"__name__": globals["__name__"], **globals}, locals, fromlist, level)


IMPORT = builtins.__import__


class AloneTest(FrameTestCase):
    """What a program has made of its builtins and of sys is nothing to the check."""

    def test_with_an_import_of_the_programs_own(self):
        self.addCleanup(setattr, builtins, "__import__", IMPORT)
        builtins.__import__ = importing
        probe.check_runtime()

    def test_with_sys_getframe_replaced(self):
        real = sys._getframe
        self.addCleanup(setattr, sys, "_getframe", real)
        for replacement in (lambda depth=0: real(depth + 1), lambda depth=0: real(depth), lambda depth=0: None):
            sys._getframe = replacement
            probe.check_runtime()
        del sys._getframe
        probe.check_runtime()

    def test_where_there_are_no_builtins(self):
        for nothing in ({}, {"__build_class__": None}, {"object": 1, "__import__": None}):
            exec("check()", {"__builtins__": nothing, "check": probe.check_runtime})

    def test_who_traces_finds_a_name(self):
        names = []

        def trace(frame, event, argument):
            names.append(frame.f_globals["__name__"])

        self.addCleanup(sys.settrace, None)
        sys.settrace(trace)
        probe.check_runtime()
        sys.settrace(None)
        self.assertIn("pyframe_shim", names)

    def test_audit_hooks(self):
        """One that bans sys._getframe and imports, and tells what it is asked."""
        program = (
            "import probe, sys\n"
            "asked = []\n"
            "def ban(event, arguments):\n"
            "    asked.append(event)\n"
            "    if event in ('sys._getframe', 'sys._current_frames', 'import', 'exec'):\n"
            "        raise PermissionError(event)\n"
            "sys.addaudithook(ban); probe.check_runtime(); print(*asked)"
        )
        done = run_script(program)
        self.assertEqual((done.returncode, done.stdout.split()), (0, ["compile"]), done.stderr)


class WithoutTheGilTest(unittest.TestCase):
    def test_it_says_so(self):
        """ctypes.CDLL calls without it, PyDLL with it."""
        library = os.path.join(os.path.dirname(probe.__file__), "libpyframe_shim.so")
        done = run_script(
            "import ctypes, resource, sys\n"
            "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
            "ctypes.CDLL(sys.argv[1]).PyFrameShim_CheckRuntime()",
            library,
            PYTHONFAULTHANDLER="",
        )
        told = "pyframe-shim: contract broken: PyFrameShim_CheckRuntime: the calling thread must hold the GIL\n"
        self.assertEqual((done.returncode, done.stderr), (-6, told))


if __name__ == "__main__":
    unittest.main()
