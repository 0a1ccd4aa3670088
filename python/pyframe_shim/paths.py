"""What extensions are built with, inside of the installed package."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.resolve() / "sdk"
# What tools/sdk.py has in the names: the package is imported in no other minor than its own.
LABEL = "{}.{}{}".format(*sys.version_info[:2], sys.abiflags)


def get_include():
    """The folder with cpython_defs.h and pyframe_shim.h."""
    return str(ROOT / "include" / f"pyframe-shim-{LABEL}")


def get_library(shared=False):
    """The static library, to be linked into an extension; or the shared one."""
    return str(ROOT / "lib" / f"libpyframe_shim-{LABEL}.{'so' if shared else 'a'}")


def get_cmake_dir():
    """The folder for find_package(PyFrameShim): PyFrameShim_DIR."""
    return str(ROOT / "lib" / "cmake" / f"PyFrameShim-{LABEL}")


def link_flags():
    """What the static library needs beside itself, as its pkg-config file says."""
    text = (ROOT / "lib" / "pkgconfig" / f"pyframe-shim-{LABEL}-static.pc").read_text()
    return next(line.partition("=")[2].strip() for line in text.splitlines() if line.startswith("needed="))
