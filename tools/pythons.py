"""Which interpreters the commands use.

PYTHONS="..." names them (paths or commands). Otherwise each supported minor is looked for on PATH, below pyenv's
versions, and with uv; the first that answers and has its headers is taken. REQUIRE="3.11 3.13" makes a missing one an
error.
"""

import os
import pathlib
import shutil
import subprocess

from console import Failure, say

SUPPORTED = ("3.11", "3.12", "3.13")

QUESTIONS = """
import platform, sys, sysconfig
ask = sysconfig.get_config_var
print(platform.python_implementation())
print(platform.python_version())
print(int(bool(ask('Py_DEBUG'))), int(bool(ask('Py_GIL_DISABLED'))), int(bool(ask('Py_ENABLE_SHARED'))))
print(sysconfig.get_path('include'))
print(ask('EXT_SUFFIX'))
print(ask('LIBDIR'))
"""


class Python:
    """One interpreter and what it says of itself."""

    def __init__(self, path):
        self.path = path
        answer = subprocess.run([path, "-c", QUESTIONS], capture_output=True, text=True, timeout=60)
        if answer.returncode != 0:
            raise ValueError(answer.stderr.strip().splitlines()[-1] if answer.stderr.strip() else "it does not run")
        lines = answer.stdout.splitlines()
        implementation, self.version, flags, include, self.suffix, self.library_folder = lines
        self.debug, free_threaded, self.shared = (flag == "1" for flag in flags.split())
        self.include = pathlib.Path(include)
        self.minor = ".".join(self.version.split(".")[:2])
        self.name = self.version + ("-debug" if self.debug else "")
        if implementation != "CPython":
            raise ValueError(f"it is {implementation}, not CPython")
        if free_threaded:
            raise ValueError("it is a free-threaded build")
        if self.minor not in SUPPORTED:
            raise ValueError(f"it is {self.version}, not one of {', '.join(SUPPORTED)}")
        if not (self.include / "internal" / "pycore_frame.h").is_file():
            raise ValueError(f"its headers are not installed (apt-get install python{self.minor}-dev, or your system's)")


def candidates(minor):
    """Paths that may be an interpreter of this minor, best first."""
    name = f"python{minor}"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = shutil.which(name, path=folder)
        if path:
            yield path
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    versions = (root / "versions").glob(f"{minor}.*")
    for version in sorted(versions, key=lambda path: [int(n) for n in path.name.split(".") if n.isdigit()], reverse=True):
        yield str(version / "bin" / name)
    if shutil.which("uv"):
        found = subprocess.run(["uv", "python", "find", "--no-python-downloads", minor], capture_output=True, text=True)
        if found.returncode == 0:
            yield found.stdout.strip()


def find_minor(minor):
    """The first candidate that will do, or None; with what was wrong with the others."""
    problems = []
    for path in candidates(minor):
        try:
            python = Python(path)
            if python.minor == minor:
                return python, problems
        except (ValueError, OSError, subprocess.SubprocessError) as problem:
            problems.append(f"{path}: {problem}")
    return None, problems


def named(names):
    """The interpreters that PYTHONS names."""
    for name in names:
        path = shutil.which(name)
        if path is None:
            raise Failure(f"PYTHONS names {name}, which cannot be run")
        try:
            yield Python(os.path.abspath(path))
        except (ValueError, subprocess.SubprocessError) as problem:
            raise Failure(f"PYTHONS names {name}, which cannot be used: {problem}") from None


def find():
    """The interpreters to use, told as they are found."""
    names = os.environ.get("PYTHONS", "").split()
    found = []
    if names:
        for python in named(names):
            say(f"CPython {python.name}: {python.path}")
            found.append(python)
    else:
        for minor in SUPPORTED:
            python, problems = find_minor(minor)
            if python:
                say(f"CPython {python.name}: {python.path}")
                found.append(python)
            else:
                say(f"CPython {minor}: not found on PATH, below ~/.pyenv/versions, or by uv")
                for problem in problems:
                    say(f"    not used: {problem}")
    missing = set(os.environ.get("REQUIRE", "").split()) - {python.minor for python in found}
    if missing:
        raise Failure(f"REQUIRE asks for CPython {', '.join(sorted(missing))}, and none that can be used was found")
    if not found:
        raise Failure(
            "no interpreter to build for.\n  found:  no CPython 3.11, 3.12 or 3.13 with its headers\n"
            "  needed: at least one of them\n"
            "  mend:   apt-get install python3-dev (or pyenv install 3.13), or PYTHONS=/path/to/python3.13 make ..."
        )
    return found
