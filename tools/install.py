"""Install the library for one interpreter.

    make install PYTHON=python3.12 PREFIX=$HOME/.local [DESTDIR=...]

Puts there, for the minor 3.12: lib/libpyframe_shim-3.12.a and .so, include/pyframe-shim-3.12/, what pkg-config finds as
pyframe-shim-3.12 and pyframe-shim-3.12-static, and lib/cmake/PyFrameShim-3.12. Other minors in the same place stay.
"""

import os
import pathlib
import sys

import pythons
import sdk
from builds import Build
from console import Failure, main, say


def install():
    python = pythons.use(os.environ.get("PYTHON") or "python3")
    prefix = pathlib.Path(os.path.abspath(os.environ.get("PREFIX") or "/usr/local"))
    root = pathlib.Path(os.environ.get("DESTDIR", "") + str(prefix))
    say(f"CPython {python.name}: {python.path}")
    build = Build(python).library()
    try:
        sdk.put(build, root, str(prefix))
    except PermissionError as problem:
        raise Failure(f"cannot write to {problem.filename}; choose a PREFIX that is yours, such as $HOME/.local") from None
    label = python.label
    say(f"installed pyframe-shim {sdk.crate_version()} for CPython {label} below {root}: pkg-config has it as pyframe-shim-{label}")
    return 0


if __name__ == "__main__":
    sys.exit(main(install))
