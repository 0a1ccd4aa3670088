"""libclang, which bindgen reads the interpreter's headers with: found, or installed once.

From Debian if we are root there, else from PyPI into .tools/libclang.
"""

import glob
import os
import pathlib
import re
import shutil
import sys

from console import Failure, Step, run, say

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


def from_debian():
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        with Step("installing libclang (apt-get install libclang-dev)"):
            run(["apt-get", "update", "-qq"], "apt-get update", env=quiet)
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "libclang-dev"], "apt-get install", env=quiet)
    except Failure as failure:
        say(f"    {failure}")
        return False
    return True


def from_pypi():
    with Step("installing libclang (PyPI, into .tools/libclang)"):
        run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(LOCAL), "libclang"], "pip install libclang")


def folder():
    """The folder that holds libclang, or None."""
    if os.environ.get("LIBCLANG_PATH"):
        return os.environ["LIBCLANG_PATH"]
    for place in PLACES:
        # libclang-cpp is another library.
        found = [path for path in sorted(glob.glob(place), key=numbers, reverse=True) if "libclang-cpp" not in path]
        if found:
            return os.path.dirname(found[0])
    local = LOCAL / "clang" / "native"
    return str(local) if local.is_dir() else None


def ensure():
    """The folder that holds libclang, installed if need be."""
    found = folder()
    if found:
        return found
    if not from_debian():
        from_pypi()
    found = folder()
    if not found:
        raise Failure("libclang was installed, and cannot be found; name the folder that holds it: LIBCLANG_PATH=... make ...")
    return found
