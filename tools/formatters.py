"""ruff and clang-format, brought into the project's folder: they lay out the Python, the C and the C++."""

import sys

import pypi
from cargo import ROOT
from console import run

# They format otherwise from release to release: these are what the sources are formatted with.


def tracked(*patterns):
    return [ROOT / name for name in run(["git", "ls-files", *patterns], "git ls-files", cwd=ROOT).splitlines()]


def tool(package, *path):
    return pypi.ensure((sys.executable,), package, ROOT / ".tools" / package, *path)


def commands(check):
    """What lays the sources out, or with `check`, only says which files are not."""
    python, c = tracked("*.py"), tracked("*.c", "*.cpp", "*.h")
    ruff = tool(*pypi.pinned("ruff"), "bin", "ruff")
    clang_format = tool(*pypi.pinned("clang-format"), "clang_format", "data", "bin", "clang-format")
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
