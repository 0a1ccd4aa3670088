"""What an extension is built with: headers, libraries, the CMake config and the pkg-config file, below one folder.

`make install` and the Python package put down the same.
"""

import re
import shutil

from builds import HEADERS, ROOT

# Beyond the C library: what Rust's standard library needs where it is linked statically.
NEEDED = ("gcc_s", "pthread", "dl")
TEMPLATES = {
    "PyFrameShimConfig.cmake.in": "lib/cmake/PyFrameShim",
    "PyFrameShimConfigVersion.cmake.in": "lib/cmake/PyFrameShim",
    "pyframe-shim.pc.in": "lib/pkgconfig",
}


def crate_version():
    return re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)


def replace(source, target):
    """Copy a file to where a process may have another one of that name mapped."""
    beside = target.with_name(f"{target.name}.new")
    shutil.copy2(source, beside)
    beside.replace(target)


def filled(template, values):
    """A template with each @name@ replaced; CMake's own ${...} stay."""
    return re.sub(r"@(\w+)@", lambda match: values[match.group(1)], (ROOT / "cmake" / template).read_text())


def put(build, prefix):
    """Everything below `prefix`, which can be moved afterwards."""
    for folder in ("lib", "include", *TEMPLATES.values()):
        (prefix / folder).mkdir(parents=True, exist_ok=True)
    for file in (build.archive, build.shared):
        replace(file, prefix / "lib" / file.name)
    for file in HEADERS:
        replace(file, prefix / "include" / file.name)
    values = {
        "minor": build.python.minor,
        "version": crate_version(),
        "libraries": ";".join(NEEDED),
        "private": " ".join(f"-l{name}" for name in NEEDED),
    }
    for template, folder in TEMPLATES.items():
        (prefix / folder / template.removesuffix(".in")).write_text(filled(template, values))
