"""libclang, which bindgen reads the interpreter's headers with: found, or brought from PyPI into .tools/libclang.

For cargo alone: export LIBCLANG_PATH=$(python3 tools/libclang.py)
"""

import contextlib
import glob
import os
import pathlib
import re
import sys

import pypi
import pythons
from console import Failure, main

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".tools" / "libclang"

# Where bindgen looks by itself, and where distributions put it.
PLACES = (
    "/usr/lib/llvm-*/lib/libclang.so*",
    "/usr/lib/llvm-*/lib/libclang-*.so*",
    "/usr/lib*/libclang.so*",
    "/usr/lib/*-linux-gnu/libclang-*.so*",
    "/opt/homebrew/opt/llvm/lib/libclang.dylib",
    "/Library/Developer/CommandLineTools/usr/lib/libclang.dylib",
)


def numbers(path):
    """The numbers in a path, to put version 14 behind version 9."""
    return [int(number) for number in re.findall(r"\d+", path)]


def folder():
    """The folder that holds libclang, or None."""
    if os.environ.get("LIBCLANG_PATH"):
        return os.environ["LIBCLANG_PATH"]
    for place in (*PLACES, str(LOCAL / "clang" / "native" / "libclang.*")):
        # libclang-cpp is another library.
        found = [path for path in sorted(glob.glob(place), key=numbers, reverse=True) if "libclang-cpp" not in path]
        if found:
            return os.path.dirname(found[0])
    return None


def ensure():
    """The folder that holds libclang, brought here if need be."""
    if not folder():
        others = (path for minor in pythons.SUPPORTED for path in pythons.candidates(minor))
        if not pypi.bring((sys.executable, *others), "libclang", LOCAL):
            raise Failure(
                "no libclang found, which reads the interpreter's headers, and no Python with pip to bring it: name the folder "
                "that holds it, LIBCLANG_PATH=... make ..., or one with pip, TOOLS_PYTHON=/path/to/python3 make ..."
            )
    found = folder()
    if not found:
        raise Failure(f"libclang was brought to {LOCAL}, and is not in it; name the folder that holds one: LIBCLANG_PATH=... make ...")
    return found


def tell():
    with contextlib.redirect_stdout(sys.stderr):
        found = ensure()
    print(found)


if __name__ == "__main__":
    sys.exit(main(tell))
