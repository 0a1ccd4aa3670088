"""The wheel: what is in it, and where it cannot be installed or imported."""

import os
import pathlib
import re
import shutil
import subprocess
import zipfile

from support import MINOR, PACKAGE, PYTHON, ROOT, SITE, PackageTest, clean_environment, process, succeed

WHEEL = pathlib.Path(PACKAGE["wheel"])
TAG = "cp" + MINOR.replace(".", "")
VERSION = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)


class Wheel(PackageTest):
    def test_contents(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            self.assertIsNone(wheel.testzip())
            names = set(wheel.namelist())
        data, info = f"pyframe_shim-{VERSION}.data/platlib/", f"pyframe_shim-{VERSION}.dist-info/"
        sdk = data + "pyframe_shim/sdk/"
        folder = ROOT / "python" / "pyframe_shim"
        files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
        modules = {str(path.relative_to(folder)) for path in files}
        package = {name.removeprefix("pyframe_shim/") for name in names if name.startswith("pyframe_shim/")}
        (native,) = package - modules
        self.assertRegex(native, rf"^_native\.cpython-{TAG[2:]}-.*\.so$")
        self.assertEqual(package - {native}, modules)
        self.assertEqual(
            {name.removeprefix(sdk) for name in names if name.startswith(sdk)},
            {f"include/pyframe-shim-{MINOR}/{name}.h" for name in ("cpython_defs", "pyframe_shim", "pyframe_shim_capsule")}
            | {f"lib/libpyframe_shim-{MINOR}.a", f"lib/libpyframe_shim-{MINOR}.so"}
            | {f"lib/cmake/PyFrameShim-{MINOR}/PyFrameShimConfig{part}.cmake" for part in ("", "Version")}
            | {f"lib/pkgconfig/pyframe-shim-{MINOR}{kind}.pc" for kind in ("", "-static")},
        )
        beside = {name.removeprefix(data) for name in names if name.startswith(data) and not name.startswith(sdk)}
        self.assertEqual(beside, {"pyframe_shim_start.pth", "_pyframe_shim_start.py"})
        for name in ("licenses/LICENSE", "licenses/NOTICE", "entry_points.txt", "RECORD"):
            self.assertIn(info + name, names)

    def test_it_does_not_say_where_it_was_built(self):
        with zipfile.ZipFile(WHEEL) as wheel:
            for name in wheel.namelist():
                for place in (ROOT, pathlib.Path.home(), os.environ.get("CARGO_HOME", ROOT)):
                    self.assertNotIn(f"{place}/".encode(), wheel.read(name), name)

    def test_tag(self):
        """One minor, and the oldest glibc that it runs on."""
        self.assertRegex(WHEEL.name, rf"^pyframe_shim-{re.escape(VERSION)}-{TAG}-{TAG}-manylinux_2_\d+_\w+\.whl$")
        code = "import json, pyframe_shim as p, importlib.metadata as m; print(json.dumps([p.__version__, m.version('pyframe-shim')]))"
        self.assertEqual(self.python(code), [VERSION, VERSION])

    def test_what_glibc_the_whole_wheel_needs(self):
        """maturin looks at the module only: the SDK's libraries may need nothing newer."""
        allowed = int(re.search(r"manylinux_2_(\d+)", WHEEL.name).group(1))
        for library in (*SITE.glob("pyframe_shim/_native.*.so"), SITE / f"pyframe_shim/sdk/lib/libpyframe_shim-{MINOR}.so"):
            needed = [int(number) for number in re.findall(r"GLIBC_2\.(\d+)", succeed(["readelf", "--wide", "-V", library]))]
            self.assertTrue(needed)
            self.assertLessEqual(max(needed), allowed, library)

    def test_the_libraries_of_the_sdk_count_nothing(self):
        code = """
import ctypes, json, pyframe_shim
library = ctypes.PyDLL(pyframe_shim.get_library(shared=True))
print(json.dumps([library.PyFrameShim_GetCounters(None, 0), len(pyframe_shim.counters())]))
"""
        self.assertEqual(self.python(code), [0, 13])


class Sources(PackageTest):
    def test_a_source_distribution_has_all_that_is_built(self):
        """Cargo's patterns of what to leave out match in every folder, unless they begin with a slash."""
        there = set(succeed(["cargo", "package", "--list", "--allow-dirty", "--offline"], cwd=ROOT, env=None).splitlines())
        needed = [path for folder in ("src", "build", "include") for path in (ROOT / folder).rglob("*") if path.is_file()]
        self.assertIn(ROOT / "src" / "lib.rs", needed)
        self.assertEqual([str(path.relative_to(ROOT)) for path in needed if str(path.relative_to(ROOT)) not in there], [])


class Package(PackageTest):
    def test_names(self):
        """All of them are there, though none is made before it is asked for."""
        code = """
import json, pyframe_shim, sys
early = [name for name in sys.modules if name.startswith("pyframe_shim.")]
listed = set(pyframe_shim.__all__) <= set(dir(pyframe_shim))
names = {}
exec("from pyframe_shim import *", names)
try:
    pyframe_shim.nonsense
except AttributeError as problem:
    said = str(problem)
print(json.dumps([early, listed, [name for name in pyframe_shim.__all__ if name not in names], len(pyframe_shim.__all__), said]))
"""
        said = "module 'pyframe_shim' has no attribute 'nonsense'"
        self.assertEqual(self.python(code), [["pyframe_shim._native"], True, [], 18, said])


class OtherMinors(PackageTest):
    def others(self):
        if not PACKAGE["others"]:
            self.skipTest("no other interpreter here")
        return PACKAGE["others"]

    def test_pip_refuses(self):
        for other in self.others():
            done = process([other["pythons"][0], "-m", "pip", "install", "--no-index", "--no-deps", "--target", self.folder, WHEEL])
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("is not a supported wheel on this platform", done.stderr)

    def test_import_of_the_whole_package(self):
        for other in self.others():
            done = process([other["base"], "-c", "import pyframe_shim"], env=clean_environment(PYTHONPATH=SITE))
            self.assertEqual(done.returncode, 1)
            last = done.stderr.strip().splitlines()[-1]
            what = rf"this pyframe_shim is for another Python \(_native\.cpython-{TAG[2:]}-.*\) than CPython {other['minor']}\."
            self.assertRegex(last, f"ImportError: {what}")
            self.assertRegex(last, r"use that Python, or build it for this one, in a clone of its sources: \S+ -m pip install \.$")

    def test_import_of_the_module(self):
        """Under a name that the other Python takes for its own."""
        (native,) = SITE.glob("pyframe_shim/_native.*.so")
        for other in self.others():
            folder = self.folder / other["minor"]
            shutil.copytree(SITE / "pyframe_shim", folder / "pyframe_shim", ignore=shutil.ignore_patterns("_native.*", "sdk"))
            shutil.copy(native, folder / "pyframe_shim" / "_native.so")
            done = process([other["base"], "-c", "import pyframe_shim"], env=clean_environment(PYTHONPATH=folder))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(
                done.stderr.strip().splitlines()[-1],
                rf"ImportError: pyframe-shim for CPython {MINOR} \(.*\) was loaded into CPython {other['minor']}\.\d+, which it cannot serve; ",
            )


class Start(PackageTest):
    def test_costs_nothing_that_is_not_asked_for(self):
        """Without the variable, the line in the start-up file imports nothing."""
        code = "import json, sys; print(json.dumps(sorted(n for n in sys.modules if 'pyframe' in n or n == 'ctypes')))"
        self.assertEqual(self.python(code), [])
        line = (SITE / "pyframe_shim_start.pth").read_text()
        self.assertEqual(len(line.splitlines()), 1)
        done = subprocess.run([PYTHON, "-v", "-c", "pass"], env=clean_environment(), capture_output=True, text=True)
        self.assertNotIn("_pyframe_shim_start.py", done.stderr)
