"""install(): PyTorch's calls are ours, or an error says why not. A small library stands in for PyTorch."""

import json

from support import MINOR, RELEASE, SITE, TABLE, PackageTest, clean_environment, fake_torch, known, names

ERROR = """
import json, sys
import pyframe_shim
{before}
try:
    pyframe_shim.install()
except pyframe_shim.PyFrameShimError as error:
    strict = [type(error).__name__, str(error)]
else:
    strict = None
print(json.dumps([strict, pyframe_shim.install(strict=False), "torch" in sys.modules]))
"""


def first_fit():
    return next(name for name, minors in TABLE.items() if minors.get(MINOR, {}).get("verdict") == "fits")


class Installs(PackageTest):
    def test_the_library_answers(self):
        code = """
import ctypes, json, pyframe_shim
before = pyframe_shim.counters()
done = [pyframe_shim.install(), pyframe_shim.install(), pyframe_shim.install(strict=False)]
import torch
unbound = pyframe_shim.counters()
alloc, free = torch.library.call_THP_PyObject_VirtualAlloc, torch.library.call_THP_PyObject_VirtualFree
alloc.restype, alloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t] * 2, [ctypes.c_void_p, ctypes.c_size_t]
memory = alloc(4096, 0)
ctypes.memset(memory, 1, 4096)
free(memory, 4096)
torch.library.caches.restype = ctypes.c_void_p
table = ctypes.string_at(torch.library.caches(), torch.library.size())
import opcode
print(json.dumps([done, before, unbound, pyframe_shim.counters(), len(table), table[opcode.opmap["LOAD_GLOBAL"]]]))
"""
        done, before, unbound, after, size, load_global = self.python(code, self.torch())
        self.assertEqual(done, [True, True, True])
        self.assertEqual(set(before.values()), {0})
        self.assertEqual(unbound, before)
        changed = {name: calls for name, calls in after.items() if calls}
        self.assertEqual(changed, {"THP_PyObject_VirtualAlloc": 1, "THP_PyObject_VirtualFree": 1})
        # The stand-in's own are 7 and NULL.
        self.assertEqual((size, load_global), (256, 5 if MINOR == "3.11" else 4))

    def test_bound_symbols(self):
        code = """
import json, pyframe_shim
nothing = pyframe_shim.bound_symbols()
if {install}:
    pyframe_shim.install()
import torch
print(json.dumps([nothing, pyframe_shim.bound_symbols(), pyframe_shim._native.__file__, torch.__file__]))
"""
        functions, data = names()
        environment = self.torch()
        for install in (True, False):
            with self.subTest(install=install):
                nothing, bound, ours, torch = self.python(code.format(install=install), environment)
                self.assertIsNone(nothing)
                theirs = torch.replace("__init__.py", "lib/libtorch_python.so")
                self.assertEqual(bound, dict.fromkeys([*functions, *data], ours if install else theirs))

    def test_each_release_that_fits(self):
        """Its symbols are bound to ours, all of them, and to nothing else."""
        code = "import json, pyframe_shim; pyframe_shim.install(); import torch; print(json.dumps(pyframe_shim.bound_symbols()))"
        tried = set()
        for release, minors in TABLE.items():
            entry = minors.get(MINOR, {})
            key = json.dumps(entry)
            if entry.get("verdict") == "fits" and key not in tried:
                tried.add(key)
                with self.subTest(release=release):
                    folder = fake_torch(self.folder / release, version=f"{release}+cpu", release=release)
                    bound = self.python(code, clean_environment(PYTHONPATH=folder))
                    self.assertEqual(sorted(bound), sorted(entry["called"] + entry["data"]))
                    self.assertEqual(len(set(bound.values())), 1)
                    self.assertTrue(next(iter(bound.values())).startswith(str(SITE)))
        self.assertGreaterEqual(len(tried), 1)

    def test_version_without_metadata(self):
        environment = self.torch(metadata=False)
        self.assertEqual(self.python(ERROR.format(before=""), environment), [None, True, False])


class Refuses(PackageTest):
    def refused(self, environment, before=""):
        strict, loose, imported = self.python(ERROR.format(before=before), environment)
        self.assertIsNotNone(strict, "nothing was raised")
        self.assertIs(loose, False)
        return strict, imported

    def test_no_torch(self):
        (kind, text), _ = self.refused(clean_environment())
        self.assertEqual(kind, "NoTorch")
        self.assertRegex(text, "no PyTorch found that .*python could import; install it")

    def test_a_folder_of_that_name(self):
        (self.folder / "torch").mkdir()
        (kind, text), _ = self.refused(clean_environment(PYTHONPATH=self.folder))
        self.assertEqual(kind, "NoTorch")
        self.assertIn(f"`import torch` finds a module in {self.folder}/torch that is no PyTorch", text)

    def test_too_late(self):
        (kind, text), imported = self.refused(self.torch(), "import torch")
        self.assertEqual(kind, "TooLate")
        self.assertIn("before the first `import torch`", text)
        self.assertTrue(imported)

    def test_too_late_for_a_torch_without_the_library(self):
        """One whose frame functions are somewhere else."""
        (kind, _), _ = self.refused(self.torch(), "sys.modules['torch'] = sys")
        self.assertEqual(kind, "TooLate")

    def test_too_late_for_the_library_alone(self):
        environment = self.torch()
        library = self.folder / "found" / "torch" / "lib" / "libtorch_python.so"
        (kind, _), imported = self.refused(environment, f"import ctypes; ctypes.CDLL({str(library)!r})")
        self.assertEqual(kind, "TooLate")
        self.assertFalse(imported)

    def test_other_signature(self):
        releases = [name for name, minors in TABLE.items() if minors.get(MINOR, {}).get("verdict") == "signature"]
        if not releases:
            self.skipTest("no PyTorch with the other signature has a wheel for this minor")
        for release in releases:
            with self.subTest(release=release):
                self.folder = self.folder / release
                (kind, text), _ = self.refused(self.torch(version=release, release=release))
                self.assertEqual(kind, "IncompatibleTorch")
                self.assertIn(f"PyTorch {release} calls THP_PyFrame_FastToLocalsWithError with one argument", text)
                self.assertIn(f"install PyTorch {first_fit()} or newer", text)

    def test_unknown_releases(self):
        for version in ("1.13.1", "2.99.0", "2.6.0a0+git1234", "2.6.0.dev20250101", "nonsense"):
            with self.subTest(version=version):
                self.folder = self.folder / "one"
                (kind, text), imported = self.refused(self.torch(version=version))
                self.assertEqual(kind, "UnknownTorch")
                self.assertIn(f"PyTorch {version} is not among the releases", text)
                self.assertIn(f"({first_fit()} to ", text)
                self.assertFalse(imported)

    def test_nothing_to_replace(self):
        """No release of today: the table is changed."""
        change = f"import pyframe_shim.torch_release as t; t.table()[{RELEASE!r}][{MINOR!r}]['verdict'] = 'nothing'"
        (kind, text), _ = self.refused(self.torch(), change)
        self.assertEqual(kind, "NothingToReplace")
        self.assertIn(f"PyTorch {RELEASE} on CPython {MINOR} calls none", text)

    def test_other_systems(self):
        for system in ("darwin", "win32"):
            (kind, text), _ = self.refused(clean_environment(), f"import pyframe_shim.interpose; sys.platform = {system!r}")
            self.assertEqual(kind, "UnsupportedPlatform")
            self.assertIn(f"on {system} ", text)

    def test_calls_that_the_loader_does_not_bind(self):
        """A PyTorch that is linked so that nothing can come before its own functions."""
        (kind, text), _ = self.refused(self.torch(linked=["-Wl,-Bsymbolic"]))
        self.assertEqual(kind, "UnknownTorch")
        functions, data = known(RELEASE)
        self.assertIn(", ".join(sorted([*functions, *data])), text)

    def test_a_build_without_the_library(self):
        environment = self.torch()
        (self.folder / "found" / "torch" / "lib" / "libtorch_python.so").unlink()
        (kind, text), _ = self.refused(environment)
        self.assertEqual(kind, "UnknownTorch")
        self.assertIn("libtorch_python.so", text)

    def test_a_library_that_cannot_be_read(self):
        environment = self.torch()
        (self.folder / "found" / "torch" / "lib" / "libtorch_python.so").write_text("a pointer to where the file is\n")
        (kind, text), _ = self.refused(environment)
        self.assertEqual(kind, "UnknownTorch")
        self.assertRegex(text, f"the library of PyTorch {RELEASE} cannot be read: .*; install PyTorch again")

    def test_another_one_than_was_looked_at(self):
        """Its calls would come to us, and may not fit: refused at each import. One that fits is as good."""
        code = """
import json, sys, pyframe_shim
pyframe_shim.install()
sys.path.insert(0, {folder!r})
said = []
for _ in range(2):
    try:
        import torch
    except pyframe_shim.PyFrameShimError as problem:
        said.append(type(problem).__name__)
print(json.dumps([said, "torch" in sys.modules, len(set((pyframe_shim.bound_symbols() or {{}}).values()))]))
"""
        environment = self.torch()
        for version, release, answer in (("2.99.0", RELEASE, [["UnknownTorch"] * 2, False, 0]), (first_fit(), first_fit(), [[], True, 1])):
            with self.subTest(version=version):
                folder = fake_torch(self.folder / version, version=version, release=release)
                self.assertEqual(self.python(code.format(folder=str(folder)), environment), answer)


class Versions(PackageTest):
    """The code beside the library decides; an installer's record that tells of another release is an error."""

    def asked(self, code, *records, release=RELEASE):
        """What install() says of a folder whose version.py has this, beside these records."""
        self.folder = self.folder / "one"
        environment = self.torch(metadata=False, release=release)
        found = self.folder / "found"
        version = found / "torch" / "version.py"
        version.write_text(code) if code is not None else version.unlink()
        for record in records:
            (found / f"torch-{record}.dist-info").mkdir()
            (found / f"torch-{record}.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {record}\n")
        return self.python(ERROR.format(before=""), environment)[0]

    def test_records_of_two_releases(self):
        """As an upgrade leaves them that was broken off."""
        old = next((name for name, minors in TABLE.items() if minors.get(MINOR, {}).get("verdict") == "signature"), "2.99.0")
        for code, others in ((old, (RELEASE,)), (old, (old, RELEASE)), (RELEASE, (old, RELEASE)), (RELEASE, (old,))):
            with self.subTest(code=code, others=others):
                kind, text = self.asked(f"__version__ = '{code}'\n", *others) or (None, "nothing was raised")
                self.assertEqual(kind, "UnknownTorch", text)
                other = old if code == RELEASE else RELEASE
                found = self.folder / "found"
                self.assertIn(f"PyTorch in {found}/torch is {code}, but {found} has the record (.dist-info) of {other}: ", text)
                self.assertRegex(text, r"run `\S+python -m pip uninstall torch` until it finds none, then install PyTorch again")

    def test_records_of_the_same_release(self):
        """The wheels on PyPI leave out of their records what the code says of how they were built."""
        for code, records in (
            (f"'{RELEASE}+cu124'", (RELEASE,)),
            (f"'{RELEASE}+cpu'", (f"{RELEASE}+cpu",)),
            (f'"{RELEASE}"', ()),
            (f"'{RELEASE}'", (f"{RELEASE}+cu118", RELEASE)),
        ):
            with self.subTest(code=code, records=records):
                self.assertIsNone(self.asked(f"from typing import Optional\n__version__ = {code}\ndebug = False\n", *records))
        self.assertIsNone(self.asked(f"__version__: str = '{RELEASE}'\n", RELEASE))

    def test_only_records(self):
        self.assertIsNone(self.asked(None, RELEASE))
        self.assertIsNone(self.asked("version = None\n", RELEASE))
        kind, text = self.asked(None, "2.99.0", RELEASE)
        self.assertEqual(kind, "UnknownTorch", text)
        self.assertRegex(self.asked(None)[1], r"PyTorch \(of an unknown version\) is not among the releases")

    def test_at_import(self):
        """What is imported after all is looked at in the same way."""
        environment = self.torch()
        second = fake_torch(self.folder / "second")
        (second / "torch" / "version.py").write_text("__version__ = '2.99.0'\n")
        code = (
            f"import json, sys, pyframe_shim; pyframe_shim.install(); sys.path.insert(0, {str(second)!r})\ntry:\n    import torch\n"
            "except RuntimeError as problem:\n    print(json.dumps(str(problem)))\n"
        )
        self.assertIn("is 2.99.0, but", self.python(code, environment))


class Names(PackageTest):
    def test_the_table_has_only_ours(self):
        """Every symbol that the table says is answered is one that the library has."""
        ours = set(self.python("import json; from pyframe_shim import dropin; print(json.dumps(sorted(dropin.symbols())))"))
        for minors in TABLE.values():
            for entry in minors.values():
                self.assertLessEqual({*entry["called"], *entry["data"]}, ours)
