"""The builds under test, as tools/test.py names them, and how to compile against them."""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

import console as console
import pytests as pytests
import pythons as pythons
import report as report
from builds import ROOT, Build
from builds import compiler as compiler
from builds import exported as exported
from pythons import Python

BUILDS = [Build(Python(path)) for path in json.loads(os.environ["PYFRAME_SHIM_PYTHONS"])]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


def run(command, **options):
    """The output of a command that must succeed."""
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def outside_of_make():
    """The environment of a command that is typed, not called by the make that runs these tests. It leaves no report."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHONS", "REQUIRE")}
    return {**kept, "JSON": os.devnull}


def python_includes(build):
    return ["-isystem", build.python.include, f"-idirafter{build.python.include.parent}"]


def module_name(build, name):
    return f"{name}{build.python.suffix}"


def call(build, folder, expression, **environment):
    """What `expression` prints, with the modules of a folder at hand."""
    code = f"import client as m; print({expression})"
    return run([build.python.path, "-c", code], env={**os.environ, "PYTHONPATH": str(folder), **environment}).strip()


# The packages of pkg-config for the shared and the static library, behind the common part of their names.
KINDS = {"shared": "", "static": "-static"}


def install(build, prefix, **changes):
    environment = {**os.environ, "PYTHON": build.python.path, "PREFIX": str(prefix), **changes}
    run([sys.executable, ROOT / "tools" / "install.py"], env=environment)


class InstalledTest(unittest.TestCase):
    """Every build's library, put down by `make install` in one place."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = pathlib.Path(os.path.realpath(folder.name)) / "a prefix"
        for build in BUILDS:
            install(build, cls.prefix)

    def flags(self, build, *arguments, kind="shared"):
        search = {**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig")}
        package = f"pyframe-shim-{build.python.label}{KINDS[kind]}"
        return shlex.split(run(["pkg-config", *arguments, package], env=search))
