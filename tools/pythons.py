"""Which interpreters the commands use.

PYTHONS="..." names them (paths, commands, or minors: "3.13"). Otherwise each supported minor is looked for on PATH, in .tools/pythons/bin, below
pyenv's versions, and with uv; the first that answers and has its headers is taken. REQUIRE="3.11 3.13" makes a missing one an
error.
"""

import os
import pathlib
import re
import shutil
import subprocess

from console import Failure, say

SUPPORTED = ("3.11", "3.12", "3.13", "3.14", "3.15")

# Where interpreters may be put for this project alone.
ELSEWHERE = "in .tools/pythons/bin, below ~/.pyenv/versions, or by uv"
OWN = pathlib.Path(__file__).resolve().parents[1] / ".tools" / "pythons" / "bin"

NEEDED = "CPython 3.11 to 3.15 with the GIL, without Py_TRACE_REFS and Py_STACKREF_DEBUG"


ANOTHER = "name another one: PYTHON=/path/to/python3.13 (or PYTHONS=...)"


class Unusable(Exception):
    """An interpreter that the library cannot be built for. build/refusal.rs has the same for cargo alone."""

    def __init__(self, found, needed=NEEDED, mend=ANOTHER):
        super().__init__(found)
        self.found, self.needed, self.mend = found, needed, mend

    @property
    def message(self):
        found = self.found.replace("\n", "\n          ")
        return f"pyframe-shim cannot be built here.\n  found:  {found}\n  needed: {self.needed}\n  mend:   {self.mend}"


QUESTIONS = """
import platform, sys, sysconfig
ask = sysconfig.get_config_var
print(platform.python_implementation())
print(platform.python_version())
print(*(int(bool(ask(name))) for name in ('Py_DEBUG', 'Py_GIL_DISABLED', 'Py_ENABLE_SHARED', 'Py_TRACE_REFS')),
      int(any('Py_STACKREF_DEBUG' in (ask(flags) or '') for flags in ('PY_CFLAGS', 'CONFIG_ARGS'))))
print(sysconfig.get_path('include'))
print(ask('EXT_SUFFIX'))
print(ask('LIBDIR'))
print(sys.base_prefix)
"""


def reason(text):
    """What a program has said of its failure: the end of a traceback; else all of it, as who wrote it meant it to be read."""
    lines = [line for line in text.splitlines() if line.strip()] or ["no answer"]
    return lines[-1] if "Traceback (most recent call last):" in text else "\n".join(lines[:12])


class Python:
    """One interpreter and what it says of itself."""

    def __init__(self, path):
        self.path = path
        try:
            answer = subprocess.run([path, "-c", QUESTIONS], capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as problem:
            raise Unusable(f"{path}, which cannot be run: {problem}") from None
        lines = answer.stdout.splitlines()
        if answer.returncode != 0 or len(lines) != 7:
            raise Unusable(f"{path}, which did not answer: {reason(answer.stderr)}")
        implementation, self.version, flags, include, self.suffix, self.library_folder, self.prefix = lines
        self.debug, free_threaded, self.shared, trace_refs, stackref_debug = (flag == "1" for flag in flags.split())
        self.include = pathlib.Path(include)
        self.minor = ".".join(self.version.split(".")[:2])
        self.name = self.version + ("-debug" if self.debug else "")
        # As Python names its own files: python3.12, python3.12d.
        self.label = self.minor + ("d" if self.debug else "")
        # An interpreter that has been unpacked elsewhere than at home may name a folder that has none.
        self.shared = self.shared and pathlib.Path(self.library_folder, f"libpython{self.label}.so").exists()
        if implementation != "CPython" or self.minor not in SUPPORTED:
            raise Unusable(f"{implementation} {self.version} ({path})")
        if free_threaded:
            raise Unusable(f"the free-threaded build of {implementation} {self.version} ({path})")
        if trace_refs:
            raise Unusable(f"the Py_TRACE_REFS build of {implementation} {self.version} ({path})")
        if stackref_debug:
            raise Unusable(f"the Py_STACKREF_DEBUG build of {implementation} {self.version} ({path})")
        header = self.include / "internal" / "pycore_frame.h"
        if not header.is_file():
            raise Unusable(
                f"no {header}",
                f"the headers of CPython {self.minor}, the internal ones among them",
                f"apt-get install python{self.minor}-dev (or the same package of your system)",
            )

    def header_variables(self, place):
        """What a compiler needs that others start: a distribution's pyconfig.h includes one for the architecture, from a folder beside
        the headers, which no compiler searches if it is not /usr/include. Only that folder: beside it may lie another C library's."""
        include = self.include.parent
        found = [folder for folder in include.glob("*-linux-gnu*") if include.resolve() != pathlib.Path("/usr/include")]
        for folder in found:
            place.mkdir(parents=True, exist_ok=True)
            if not (place / folder.name).is_symlink():
                (place / folder.name).symlink_to(folder)
        return {"CPATH": os.pathsep.join(filter(None, [str(place), os.environ.get("CPATH")]))} if found else {}


def candidates(minor):
    """Paths that may be an interpreter of this minor, best first."""
    name = f"python{minor}"
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), str(OWN)]:
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
        except Unusable as problem:
            problems.append(str(problem).splitlines()[0])
    return None, problems


def use(name):
    """The interpreter of this name or path, or the first of this minor; or a Failure that says what is wrong with it."""
    if re.fullmatch(r"3\.\d+", name):
        found, problems = find_minor(name)
        if found is None:
            raise Failure(Unusable("; ".join(problems) or f"no CPython {name} on PATH, {ELSEWHERE}").message)
        return found
    path = shutil.which(name)
    try:
        if path is None:
            raise Unusable(f"no {name}")
        return Python(os.path.abspath(path))
    except Unusable as problem:
        other = re.fullmatch(r"python(3\.\d+)", name)
        found = find_minor(other.group(1))[0] if other else None
        if found:
            problem.mend = f"name the one that is there by its path: PYTHON={found.path} (or PYTHONS=...)"
        raise Failure(problem.message) from None


def find():
    """The interpreters to use, told as they are found."""
    names = os.environ.get("PYTHONS", "").split()
    found = []
    if names:
        for python in map(use, names):
            say(f"CPython {python.name}: {python.path}")
            found.append(python)
    else:
        for minor in SUPPORTED:
            python, problems = find_minor(minor)
            if python:
                say(f"CPython {python.name}: {python.path}")
                found.append(python)
            else:
                say(f"CPython {minor}: not found on PATH, {ELSEWHERE}")
                for problem in problems:
                    say(f"    not used: {problem}")
    missing = set(os.environ.get("REQUIRE", "").split()) - {python.minor for python in found}
    if missing:
        raise Failure(f"REQUIRE asks for CPython {', '.join(sorted(missing))}, and none that can be used was found")
    if not found:
        mend = "apt-get install python3-dev, or pyenv install 3.13, or PYTHONS=/path/to/python3.13 make ..."
        raise Failure(Unusable("no Python interpreter that can be used", mend=mend).message)
    return found
