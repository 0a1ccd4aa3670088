"""Install the library for one interpreter.

    make install PYTHON=python3.12 PREFIX=$HOME/.local [DESTDIR=...]

Puts there lib/libpyframe_shim.a and .so, include/, and lib/pkgconfig/pyframe-shim.pc.
"""

import os
import pathlib
import re
import shutil
import sys

import pythons
from builds import HEADERS, ROOT, Build
from console import Failure, main, say

PKG_CONFIG = """prefix={prefix}
libdir=${{prefix}}/lib
includedir=${{prefix}}/include

Name: pyframe-shim
Description: frame internals of CPython {minor}, for frame-evaluation extensions
Version: {version}
Cflags: -I${{includedir}}
Libs: -L${{libdir}} -lpyframe_shim
Libs.private: -lgcc_s -lpthread -ldl
"""


def crate_version():
    return re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)


def replace(source, target):
    """Copy a file to where a process may have another one of that name mapped."""
    beside = target.with_name(f"{target.name}.new")
    shutil.copy2(source, beside)
    beside.replace(target)


def install():
    python = pythons.use(os.environ.get("PYTHON") or "python3")
    prefix = pathlib.Path(os.path.abspath(os.environ.get("PREFIX") or "/usr/local"))
    root = pathlib.Path(os.environ.get("DESTDIR", "") + str(prefix))
    say(f"CPython {python.name}: {python.path}")
    build = Build(python).library()
    try:
        for folder in ("lib/pkgconfig", "include"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for file in (build.archive, build.shared):
            replace(file, root / "lib" / file.name)
        for file in HEADERS:
            replace(file, root / "include" / file.name)
        text = PKG_CONFIG.format(prefix=prefix, minor=python.minor, version=crate_version())
        (root / "lib" / "pkgconfig" / "pyframe-shim.pc").write_text(text)
    except PermissionError as problem:
        raise Failure(f"cannot write to {problem.filename}; choose a PREFIX that is yours, such as $HOME/.local") from None
    say(f"installed pyframe-shim {crate_version()} for CPython {python.minor} below {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main(install))
