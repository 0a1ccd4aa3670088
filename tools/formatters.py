"""ruff and clang-format, brought into the project's folder: they lay out the Python, the C and the C++."""

import sys

import pypi
from cargo import ROOT
from console import Failure, run

# They format otherwise from release to release: these are what the sources are formatted with.
RUFF, CLANG_FORMAT = "ruff==0.17.6", "clang-format==23.1.5"
RUFF_BINARY = ("bin", "ruff")
CLANG_FORMAT_BINARY = ("clang_format", "data", "bin", "clang-format")


def tracked(*patterns):
    return [ROOT / name for name in run(["git", "ls-files", *patterns], "git ls-files", cwd=ROOT).splitlines()]


def tool(package, binary):
    """Where a tool lies, after it has been brought if that has not been done."""
    place = ROOT / ".tools" / package
    found = place.joinpath(*binary)
    if not found.exists() and not pypi.bring((sys.executable,), package, place):
        raise Failure(f"{sys.executable} has no pip, which would bring {package} (apt-get install python3-pip)")
    return found


def commands(check):
    """What lays the sources out, or with `check`, only says which files are not."""
    python, c = tracked("*.py"), tracked("*.c", "*.cpp", "*.h")
    ruff, clang_format = tool(RUFF, RUFF_BINARY), tool(CLANG_FORMAT, CLANG_FORMAT_BINARY)
    return [
        ["cargo", "fmt", "--all", *(["--check"] if check else [])],
        [ruff, "check", "--quiet", *([] if check else ["--fix"]), *python],
        [ruff, "format", "--quiet", *(["--diff"] if check else []), *python],
        [clang_format, *(["--dry-run", "--Werror"] if check else ["-i"]), *c],
    ]


def apply(check):
    for command in commands(check):
        name = getattr(command[0], "name", command[0])
        run([str(part) for part in command], f"{name} (`make format` lays the sources out)", cwd=ROOT)
