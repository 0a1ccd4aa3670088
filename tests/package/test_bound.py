"""What PyTorch is bound to: read in memory, whatever has become of its file, and looked at after its import."""

import json
import os
import shutil

from support import (
    COUNT,
    DATA,
    MINOR,
    PYTHON,
    SITE,
    TABLE,
    PackageTest,
    clean_environment,
    compiler,
    fake_torch,
    names,
    process,
    source,
    succeed,
)

BOUND = """
import json, sys
def bound():
    import pyframe_shim
    return pyframe_shim.bound_symbols()
"""
LOADS = """
import ctypes, os
library = ctypes.PyDLL(os.path.join(os.path.dirname(__file__), "lib", "libtorch_python.so"), mode={mode})
"""


class Replaced(PackageTest):
    """A `pip install -U torch` during a long run."""

    def setUp(self):
        super().setUp()
        self.environment = self.torch()
        self.library = self.folder / "found" / "torch" / "lib" / "libtorch_python.so"

    def others(self):
        """Files that may lie there afterwards."""
        newest = [release for release, minors in TABLE.items() if minors.get(MINOR, {}).get("verdict") == "fits"][-1]
        layout = ["-Wl,--section-start=.got=0x900000"]
        other = fake_torch(self.folder / "other", release=newest, linked=layout) / "torch" / "lib" / "libtorch_python.so"
        short = self.write("short", "").with_name("short.so")
        short.write_bytes(self.library.read_bytes()[:200])
        text = self.write("text", "no library any more\n" * 100)
        small = self.write("small.c", "int small;\n")
        succeed([*compiler("CC", "cc", "gcc", "clang"), "-shared", "-fPIC", small, "-o", self.folder / "small.so"])
        return {"other": other, "short": short, "text": text, "small": self.folder / "small.so", "none": None}

    def test_bound_symbols(self):
        functions, data = names()
        for name, other in self.others().items():
            self.write(
                "keeps.py",
                BOUND
                + f"""
import os, pyframe_shim
pyframe_shim.install()
import torch
before = bound()
os.remove({str(self.library)!r})
if {other and str(other)!r}:
    os.rename({str(other)!r}, {str(self.library)!r})
print(json.dumps([before == bound(), sorted(before), set(before.values()) == {{pyframe_shim._native.__file__}}]))
""",
            )
            kept = shutil.copy2(self.library, self.folder / "kept.so")
            with self.subTest(other=name):
                done = process([PYTHON, "keeps.py"], cwd=self.folder, env=self.environment)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(json.loads(done.stdout), [True, sorted([*functions, *data]), True])
            shutil.copy2(kept, self.library)

    def test_the_package_is_loaded_by_another_name(self):
        """The loader keeps the first name that it knew a file by: ours is ours all the same."""
        for link in (os.symlink, os.link):
            other = self.folder / f"{link.__name__}.so"
            (native,) = SITE.glob("pyframe_shim/_native.*.so")
            link(native, other)
            code = f"""
import ctypes
ctypes.PyDLL({str(other)!r})
import json, pyframe_shim
pyframe_shim.install()
import torch
print(json.dumps([set(pyframe_shim.bound_symbols().values()) == {{pyframe_shim._native.__file__}}, torch.library.size()]))
"""
            with self.subTest(link=link):
                self.assertEqual(self.python(code, self.environment), [True, 256])

    def test_statistics(self):
        for name, other in self.others().items():
            change = f"os.rename({str(other)!r}, {str(self.library)!r})" if other else f"os.remove({str(self.library)!r})"
            kept = shutil.copy2(self.library, self.folder / "kept.so")
            self.write("ends.py", f"import os, torch\n{change}\n")
            with self.subTest(other=name):
                done = process([PYTHON, "-m", "pyframe_shim", "run", "--stats", "ends.py"], cwd=self.folder, env=self.environment)
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
                self.assertIn(f"{COUNT} of {COUNT} symbols of PyTorch are bound to it\n", done.stderr)
            shutil.copy2(kept, self.library)


class Images(PackageTest):
    """Libraries whose tables say what is not so: nothing outside of them is read."""

    def slots(self, library):
        code = (
            f"import ctypes, json; ctypes.CDLL({str(library)!r}); from pyframe_shim import _native; "
            "print(json.dumps([_native.loaded(b'made.so') is not None, _native.slots(b'made.so')]))"
        )
        there, slots = self.python(code)
        self.assertTrue(there)
        return slots

    def made(self, text, *flags):
        c = self.write("made.c", text)
        library = self.folder / "made.so"
        succeed([*compiler("CC", "cc", "gcc", "clang"), "-shared", "-fPIC", "-Wl,-soname,made.so", *flags, c, "-o", library])
        return library

    def test_as_they_are(self):
        functions, data = names()
        found = {name for name, _, _ in self.slots(self.made(source(functions, data)))}
        self.assertLessEqual({*functions, *data}, found)
        hidden = self.made("static int one; int *get(void) { return &one; }", "-nostdlib", "-Wl,-Bsymbolic")
        self.assertEqual(self.slots(hidden), [])

    def test_tables_that_lead_astray(self):
        """Each value of the dynamic section in turn is changed in memory, once the loader is done with it."""
        library = self.made(source(*names()))
        code = f"""
import ctypes, json, struct
from pyframe_shim import _native
made = ctypes.CDLL({str(library)!r})
class Map(ctypes.Structure):
    _fields_ = [("base", ctypes.c_size_t), ("name", ctypes.c_char_p), ("dynamic", ctypes.c_void_p)]
place = ctypes.cast(made._handle, ctypes.POINTER(Map)).contents.dynamic
entries = (ctypes.c_uint64 * 128).from_address(place)
page = place // 4096 * 4096
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(page), ctypes.c_size_t(8192), 3) == 0
usual, tried = _native.slots(b"made.so"), 0
for index in range(0, 128, 2):
    if entries[index] == 0:
        break
    for wrong in (0, 1, 8, 2**47 - 8, 2**63, 2**64 - 1, place + 2**20, entries[index + 1] + 2**32):
        kept, entries[index + 1] = entries[index + 1], wrong % 2**64
        for _, address, target in _native.slots(b"made.so"):
            assert ctypes.cast(made._handle, ctypes.POINTER(Map)).contents.base <= address
        tried += 1
        entries[index + 1] = kept
assert _native.slots(b"made.so") == usual
print(json.dumps([len(usual) > 10, tried > 100]))
"""
        self.assertEqual(self.python(code), [True, True])

    def test_arguments(self):
        code = """
import json
from pyframe_shim import _native
answers = [_native.slots(b"none.so"), _native.loaded(b"none.so"), *map(_native.library_at, (0, 1, 2**64 - 1))]
for call in (lambda: _native.slots("text"), lambda: _native.slots(b"a\\0b"), lambda: _native.library_at("x"),
             lambda: _native.references(b"/none"), *(lambda number=number: _native.enable_chunk_cache(number) for number in ("x", -1, 65))):
    try:
        answers.append(call())
    except Exception as error:
        answers.append(type(error).__name__)
print(json.dumps(answers))
"""
        self.assertEqual(
            self.python(code), [None] * 5 + ["TypeError", "ValueError", "TypeError", "OSError", "TypeError", "ValueError", "ValueError"]
        )


class Flags(PackageTest):
    """How torch's library is loaded decides what it is bound to."""

    def ran(self, *words, mode="os.RTLD_NOW", program="import torch\nprint(json.dumps(bound()))\n", **more):
        folder = self.folder / "found"
        shutil.rmtree(folder, ignore_errors=True)
        environment = clean_environment(PYTHONPATH=fake_torch(folder, init=LOADS.format(mode=mode)), **more)
        self.write("program.py", BOUND + program)
        return process([PYTHON, *words, "program.py"], cwd=self.folder, env=environment)

    DEEP, LAZY = "os.RTLD_NOW | os.RTLD_DEEPBIND", "os.RTLD_LAZY"
    OWN = "import pyframe_shim\npyframe_shim.install({})\nimport torch\nprint(json.dumps(bound()))\n"

    def test_bound_deep(self):
        theirs = str(self.folder / "found" / "torch" / "lib" / "libtorch_python.so")
        for words, program in ((("-m", "pyframe_shim", "run"), "import torch\n"), ((), self.OWN.format(""))):
            with self.subTest(words=words):
                done = self.ran(*words, mode=self.DEEP, program=program)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                last = done.stderr.splitlines()[-1]
                self.assertIn(
                    f"BoundElsewhere: PyTorch was imported, but calls the functions in {theirs}, not those of pyframe_shim; "
                    f"import it without RTLD_DEEPBIND",
                    last,
                )

    def test_bound_deep_and_not_strict(self):
        """A child goes on, and so does who does not want to know; not so the program of `run`."""
        theirs = str(self.folder / "found" / "torch" / "lib" / "libtorch_python.so")
        child = {"PYFRAME_SHIM_START": SITE}, "import torch\nprint(json.dumps(bound()))\n"
        for more, program in (({}, self.OWN.format("strict=False")), child):
            done = self.ran(mode=self.DEEP, program=program, **more)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(set(json.loads(done.stdout).values()), {theirs})
        done = self.ran("-m", "pyframe_shim", "run", mode=self.DEEP, program=self.OWN.format("strict=False"))
        self.assertIn("BoundElsewhere", done.stderr)

    def test_again_after_that(self):
        program = (
            "for _ in range(2):\n    try:\n        import torch\n    except RuntimeError as problem:\n"
            "        print(type(problem).__name__)\n"
        )
        done = self.ran("-m", "pyframe_shim", "run", mode=self.DEEP, program=program)
        self.assertEqual((done.stdout, done.stderr), ("BoundElsewhere\n" * 2, ""))

    def test_bound_by_the_first_call(self):
        """With RTLD_LAZY, a slot leads to code of the library's own until then: that is not bound to the library."""
        program = """
import torch
before = bound()
torch.library.call_THP_PyObject_VirtualAlloc.argtypes = [__import__("ctypes").c_size_t] * 2
torch.library.call_THP_PyObject_VirtualAlloc(16, 0)
print(json.dumps([before, bound()]))
"""
        for words, ours in ((("-m", "pyframe_shim", "run"), True), ((), False)):
            with self.subTest(words=words):
                done = self.ran(*words, mode=self.LAZY, program=program)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                before, after = json.loads(done.stdout)
                called = [name for name in before if name not in DATA]
                self.assertEqual({before[name] for name in called}, {None})
                self.assertEqual({name for name in called if after[name]}, {"THP_PyObject_VirtualAlloc"})
                for path in (after["THP_PyObject_VirtualAlloc"], *(after[name] for name in DATA)):
                    self.assertEqual("_native" in path, ours, path)

    def test_deep_and_by_the_first_call(self):
        """Then it is not the global scope that is searched first, which is known from Python's flags."""
        program = "import os, sys\nsys.setdlopenflags(os.RTLD_LAZY | os.RTLD_DEEPBIND)\nimport torch\n"
        done = self.ran("-m", "pyframe_shim", "run", mode="os.RTLD_LAZY | os.RTLD_DEEPBIND", program=program)
        self.assertRegex(done.stderr, r"BoundElsewhere: .* in \S+libtorch_python.so, libtorch_python.so itself, not those of ")

    def test_another_library_answers(self):
        """One that was preloaded."""
        c = self.write("first.c", source(["THP_PyFrame_Clear"], []))
        first = self.folder / "first.so"
        succeed([*compiler("CC", "cc", "gcc", "clang"), "-shared", "-fPIC", c, "-o", first])
        done = self.ran("-m", "pyframe_shim", "run", LD_PRELOAD=first)
        self.assertIn(f"BoundElsewhere: PyTorch was imported, but calls the functions in {first}, not", done.stderr)


class TooEarly(PackageTest):
    """Another start-up file imports torch before ours is read."""

    def setUp(self):
        super().setUp()
        self.environment = self.torch()
        early = SITE / "a_test_imports_torch.pth"
        early.write_text(f"import sys; sys.path.insert(0, {str(self.folder / 'found')!r}); import torch\n")
        self.addCleanup(early.unlink)
        self.program = self.write("program.py", "print('started')\nimport torch\nprint(torch.library.size())\n")

    def test_run_says_so(self):
        for options in ([], ["--stats"], ["--chunk-cache", "8"]):
            done = process([PYTHON, "-m", "pyframe_shim", "run", *options, self.program], env=clean_environment())
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertRegex(done.stderr, r"\Aerror: torch \(.*__init__.py\) was imported by another start-up file \(\.pth\) before .*\n\Z")

    def test_children_go_on(self):
        done = process([PYTHON, self.program], env=clean_environment(PYFRAME_SHIM_START=SITE))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "started\n7\n", ""))

    def test_those_that_are_read_later(self):
        """sitecustomize, and a start-up file whose name comes later: they import it as a program does."""
        (SITE / "a_test_imports_torch.pth").write_text("")
        code = f"import sys; sys.path.insert(0, {str(self.folder / 'found')!r}); import torch\n"
        self.program.write_text(
            "import pyframe_shim, sys\nassert 'torch' in sys.modules\n"
            "print(set(pyframe_shim.bound_symbols().values()) == {pyframe_shim._native.__file__})\n"
        )
        for name in ("z_test_imports_torch.pth", "sitecustomize.py"):
            late = SITE / name
            self.assertFalse(late.exists())
            late.write_text(code)
            self.addCleanup(late.unlink)
            with self.subTest(name=name):
                done = process([PYTHON, "-m", "pyframe_shim", "run", self.program], env=clean_environment())
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "True\n", ""))
            late.write_text("")

    def test_the_library_alone(self):
        """Loaded by other means before torch: under `run` it is of no use to be told to use that."""
        (SITE / "a_test_imports_torch.pth").write_text("")
        library = self.folder / "found" / "torch" / "lib" / "libtorch_python.so"
        self.program.write_text(f"import ctypes\nctypes.CDLL({str(library)!r})\nimport torch\n")
        done = process([PYTHON, "-m", "pyframe_shim", "run", self.program], env=self.environment)
        self.assertEqual(done.returncode, 1)
        said = rf"TooLate: {library} is loaded already, .*; have the program import torch before it, or what it imports, loads that file"
        self.assertRegex(done.stderr.splitlines()[-1], said)

    def test_install_says_so(self):
        done = process([PYTHON, "-c", "import pyframe_shim; pyframe_shim.install()"], env=clean_environment())
        self.assertIn("TooLate", done.stderr)
