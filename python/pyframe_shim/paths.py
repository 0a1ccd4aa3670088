"""What extensions are built with, inside of the installed package."""

import pathlib

ROOT = pathlib.Path(__file__).parent.resolve() / "sdk"


def get_include():
    """The folder with cpython_defs.h and pyframe_shim.h."""
    return str(ROOT / "include")


def get_library(shared=False):
    """The static library, to be linked into an extension; or the shared one."""
    return str(ROOT / "lib" / ("libpyframe_shim.so" if shared else "libpyframe_shim.a"))


def get_cmake_dir():
    """The folder for find_package(PyFrameShim): PyFrameShim_DIR."""
    return str(ROOT / "lib" / "cmake" / "PyFrameShim")


def link_flags():
    """What the static library needs beside itself, as its pkg-config file says."""
    text = (ROOT / "lib" / "pkgconfig" / "pyframe-shim.pc").read_text()
    return next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("Libs.private:"))
