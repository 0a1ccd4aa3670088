"""The installed package under test, as tools/test_package.py names it; programs that are run in it; a stand-in for PyTorch."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from builds import compiler

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
PACKAGE = json.loads(os.environ["PYFRAME_SHIM_PACKAGE"])
# An environment for each process that runs tests: some put files into it.
PYTHON, MINOR = PACKAGE["pythons"][int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))], PACKAGE["minor"]
SITE = pathlib.Path(PYTHON).parent.parent / "lib" / f"python{MINOR}" / "site-packages"
TABLE = json.loads((ROOT / "python" / "pyframe_shim" / "torch_symbols.json").read_text())
DATA = ("THP_PyOpcode_Caches", "THP_PyOpcode_Caches_size")
# One that has a wheel for the minor.
RELEASE = {"3.14": "2.14.1", "3.15": "2.15.0"}.get(MINOR, "2.6.0")

# PyTorch in small: loads its library when it is imported, and leaves word of it.
INIT = """
import ctypes, os
library = ctypes.PyDLL(os.path.join(os.path.dirname(__file__), "lib", "libtorch_python.so"))
"""


def known(release, minor=MINOR):
    """What a release calls, and the data that it reads."""
    entry = TABLE[release][minor]
    return entry["called"], entry["data"]


def names():
    """What the stand-in calls and reads. The one release for 3.15 calls few functions: there it calls what that for 3.14 does, which
    fits as well."""
    return known("2.14.1", "3.14") if MINOR == "3.15" else known(RELEASE)


COUNT = sum(map(len, names()))


def source(functions, data):
    """A library that defines these functions, each of which returns 7, and calls each through the loader."""
    lines = ["#include <stddef.h>"]
    for name in functions:
        lines += [
            f"void *{name}(void *one, void *two) {{ (void)one; (void)two; return (void *)7; }}",
            f"void *call_{name}(void *one, void *two) {{ return {name}(one, two); }}",
        ]
    if data:
        lines += [
            "const unsigned char *THP_PyOpcode_Caches = NULL;",
            "int THP_PyOpcode_Caches_size = 7;",
            "const void *caches(void) { return THP_PyOpcode_Caches; }",
            "int size(void) { return THP_PyOpcode_Caches_size; }",
        ]
    return "\n".join(lines) + "\n"


def fake_torch(folder, version=RELEASE, release=None, linked=(), metadata=True, init=INIT):
    """Put a stand-in for a PyTorch of this version, with the symbols of a release or those of the stand-in, into a folder."""
    library = folder / "torch" / "lib"
    library.mkdir(parents=True)
    (folder / "torch" / "__init__.py").write_text(init)
    (folder / "torch" / "version.py").write_text(f"__version__ = '{version}'\n")
    if metadata:
        record = folder / f"torch-{version}.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
    c = folder / "fake.c"
    c.write_text(source(*(known(release) if release else names())))
    flags = ["-shared", "-fPIC", "-O1", "-Wl,-soname,libtorch_python.so", *linked]
    succeed([*compiler("CC", "cc", "gcc", "clang"), *flags, c, "-o", library / "libtorch_python.so"])
    return folder


def clean_environment(**more):
    """Without what would have Python start with the library."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYFRAME_SHIM", "PYTHON"))}
    return {**kept, **PACKAGE["variables"], **{name: str(value) for name, value in more.items()}}


def process(command, **options):
    options = {"env": clean_environment(), "capture_output": True, "text": True, "timeout": 300, **options}
    return subprocess.run([str(word) for word in command], **options)


def succeed(command, **options):
    """The output of a command that must succeed."""
    done = process(command, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class PackageTest(unittest.TestCase):
    """A folder of its own for each test, and programs in the environment that has the package."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))

    def torch(self, **how):
        """The environment of a process that finds the stand-in."""
        return clean_environment(PYTHONPATH=fake_torch(self.folder / "found", **how))

    def python(self, code, env=None):
        """What a program prints, as JSON."""
        return json.loads(succeed([PYTHON, "-c", code], env=env or clean_environment()))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path
