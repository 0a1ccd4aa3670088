"""CPython 3.9 and 3.10, where frames are public: the library builds to what the C file gives there, empty tables."""

import ctypes
import subprocess

from support import exported, pythons
from test_refusals import Refusals, cargo
from test_symbols import defined

ALWAYS = ("PyFrameShim_BuildInfo", "PyFrameShim_CheckRuntime", "init_THPCaches")
EMPTY_SET = [name for name in exported() if "THP_PyOpcode" in name or name in ALWAYS]


class BeforePrivateFrames(Refusals):
    def build(self, python):
        result, target = cargo(python)
        self.assertEqual(result.returncode, 0, result.stderr)
        return target / "release" / "libpyframe_shim.so"

    def test_empty_tables(self):
        for minor in (9, 10):
            with self.subTest(minor=minor):
                built = self.build(
                    self.interpreter(f"s/^version_minor .*/version_minor {minor}/", f"s/^version 3[.][0-9]*/version 3.{minor}/")
                )
                self.assertEqual(defined("--dyn-syms", built), EMPTY_SET)
                library = ctypes.CDLL(str(built))
                self.assertIsNone(ctypes.c_void_p.in_dll(library, "THP_PyOpcode_Caches").value)
                self.assertEqual(ctypes.c_int.in_dll(library, "THP_PyOpcode_Caches_size").value, 0)
                library.init_THPCaches()
                self.assertIsNone(ctypes.c_void_p.in_dll(library, "THP_PyOpcode_Caches").value)

    def test_in_the_real_interpreter(self):
        for minor in ("3.9", "3.10"):
            for path in pythons.candidates(minor):
                probe = subprocess.run([path, "-c", "import ctypes"], capture_output=True)
                if probe.returncode == 0:
                    break
            else:
                continue
            built = self.build(path)
            code = f"import ctypes; print(ctypes.PyDLL({str(built)!r}).PyFrameShim_CheckRuntime())"
            answer = subprocess.run([path, "-c", code], capture_output=True, text=True)
            self.assertEqual((answer.stdout.strip(), answer.stderr), ("0", ""))
            return
        self.skipTest("no CPython 3.9 or 3.10 was found")
