"""Install the library for one interpreter.

    make install PYTHON=python3.12 PREFIX=$HOME/.local [DESTDIR=...]

Puts there lib/libpyframe_shim.a and .so, include/, lib/pkgconfig/pyframe-shim.pc, and lib/cmake/PyFrameShim.
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
        sdk.put(build, root)
    except PermissionError as problem:
        raise Failure(f"cannot write to {problem.filename}; choose a PREFIX that is yours, such as $HOME/.local") from None
    say(f"installed pyframe-shim {sdk.crate_version()} for CPython {python.minor} below {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main(install))
