"""What the libraries define and need: exactly the list, on every minor."""

import pathlib
import re
import shutil
import tempfile
import unittest

from support import BUILDS, ROOT, WARNINGS, compiler, exported, module_name, python_includes, run


def symbols(table, file):
    """The names that are not local, each with its section, by readelf: nm trips over the bitcode in Rust's archives."""
    for line in run(["readelf", "--wide", table, file]).splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[4] in ("GLOBAL", "WEAK"):
            yield fields[7].partition("@")[0], fields[6]


def defined(table, file):
    """The names that a library defines for others."""
    return sorted({name for name, section in symbols(table, file) if section != "UND"})


def undefined(file):
    """The names that a library takes from others."""
    return sorted({name for name, section in symbols("--dyn-syms", file) if section == "UND"})


class Symbols(unittest.TestCase):
    def test_headers_declare_the_list(self):
        text = "".join(path.read_text() for path in (ROOT / "include").glob("*.h"))
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        declared = set(re.findall(r"\b(PyFrameShim_\w+(?=\s*\()|(?:THP_|init_THP|get_frame|_PyFunction_)\w+(?=\s*[(;]))", text))
        declared.remove("PyFrameShim_Import")  # an inline function of the header itself
        self.assertEqual(sorted(declared), sorted(exported()))

    def test_the_capsule_has_them_in_the_order_of_its_header(self):
        """By position is how an extension finds them that was compiled with the header of another version."""
        header = (ROOT / "include" / "pyframe_shim_capsule.h").read_text()
        fields = header.partition("typedef struct {")[2].partition("} PyFrameShim_Functions;")[0]
        fields = re.findall(r"^    [\w *]+\(\*(\w+)\)\(", fields, re.MULTILINE)
        table = re.findall(r"\w+::PyFrameShim_(\w+)", (ROOT / "src" / "capi" / "shim" / "capsule.rs").read_text())
        self.assertEqual(fields, table)
        macros = re.findall(r"^#define PyFrameShim_(\w+) \(PyFrameShim_functions->(\w+)\)$", header, re.MULTILINE)
        self.assertEqual(macros, [(name, name) for name in fields])
        self.assertEqual(sorted(f"PyFrameShim_{name}" for name in fields), [name for name in exported() if name.startswith("PyFrameShim_")])

    def test_shared_library_defines_the_list(self):
        for build in BUILDS:
            self.assertEqual(defined("--dyn-syms", build.shared), sorted(exported()))

    def test_static_library_defines_the_list(self):
        for build in BUILDS:
            self.assertEqual(defined("--syms", build.archive), sorted(exported()))

    def test_unmerged_static_library_adds_no_python_name(self):
        for build in BUILDS:
            names = defined("--syms", build.library().rust_archive)
            python = {name for name in names if re.match(r"_?Py", name)}
            self.assertEqual(python, {name for name in exported() if re.match(r"_?Py", name)})

    def test_shared_library_needs_no_libpython(self):
        for build in BUILDS:
            needed = re.findall(r"\(NEEDED\).*\[(.+?)\]", run(["readelf", "-d", build.shared]))
            self.assertTrue(needed)
            self.assertEqual([name for name in needed if "python" in name], [])

    def test_needs_nothing_that_another_minor_lacks(self):
        """Or it could not be loaded there, and so not say that it is the wrong one. No private inline is left either."""
        for build in BUILDS:
            if build.python.debug:
                continue  # reference counting in a debug build takes symbols of its own
            needed = [name for name in undefined(build.shared) if re.match(r"_?Py", name)]
            self.assertIn("PyThreadState_Get", needed)
            private = {name for name in needed if name.startswith("_")}
            allowed = {"_PyDict_SetItem_KnownHash", "_PyObject_GC_New", "_PyObject_GC_NewVar", "_Py_Dealloc", "_Py_NoneStruct"}
            allowed |= {"_PyEval_EvalFrameDefault", "_PyInterpreterState_GetEvalFrameFunc", "_PyInterpreterState_SetEvalFrameFunc"}
            self.assertLessEqual(private, allowed)
            code = f"import ctypes; print([name for name in {needed} if not hasattr(ctypes.pythonapi, name)])"
            for other in BUILDS:
                self.assertEqual(run([other.python.path, "-c", code]).strip(), "[]")

    def test_links_beside_another_rust_library_and_a_static_libpython(self):
        rustc = shutil.which("rustc")
        self.assertIsNotNone(rustc, "rustc is part of what builds the library")
        for build in BUILDS:
            with tempfile.TemporaryDirectory() as folder:
                other = pathlib.Path(folder) / "libother.a"
                run([rustc, "--edition", "2024", "-O", "--crate-type", "staticlib", ROOT / "tests/clients/other.rs", "-o", other])
                module = pathlib.Path(folder) / module_name(build, "beside")
                run(
                    [*compiler("CC", "cc", "gcc", "clang"), "-std=c11", "-shared", "-fPIC", *WARNINGS]
                    + ["-I", ROOT / "include", *python_includes(build), ROOT / "tests/clients/beside.c"]
                    + [build.archive, other, "-lpthread", "-ldl", "-o", module]
                )
                code = "import beside; print(beside.use())"
                answer = run([build.python.path, "-c", code], cwd=folder, env={"PYTHONPATH": folder})
                # 42 from the other library, 1 from the stand-in for libpython, and opcode 0 has no caches in ours.
                self.assertEqual(answer.strip(), "(42, 1, 0)")
