"""What an extension is built with: headers, libraries, the CMake config and the pkg-config files, below one folder.

`make install` and the Python package put down the same. Every file is in a place that names the minor, "3.12" (or "3.12d":
a debug build), so that those of several lie side by side. There are no plain names besides: those would be one minor's, and a
client that asks for none would not know which.
"""

import re
import shutil

import loaded
from builds import HEADERS, NEEDED, ROOT

PYTHON_H = "#include <Python.h>\n"
# For files that find what they name from where they are: they may be moved.
RELATIVE = "${pcfiledir}/../.."


def crate_version():
    return re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)


def templates(label):
    """Each template, and the file that is made of it."""
    cmake = f"lib/cmake/PyFrameShim-{label}"
    return {
        "PyFrameShimConfig.cmake.in": f"{cmake}/PyFrameShimConfig.cmake",
        "PyFrameShimConfigVersion.cmake.in": f"{cmake}/PyFrameShimConfigVersion.cmake",
        "pyframe-shim.pc.in": f"lib/pkgconfig/pyframe-shim-{label}.pc",
        "pyframe-shim-static.pc.in": f"lib/pkgconfig/pyframe-shim-{label}-static.pc",
    }


def replace(source, target):
    """Copy a file to where a process may have another one of that name mapped."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.new")
    shutil.copy2(source, beside)
    beside.replace(target)


def filled(template, values):
    """A template with each @name@ replaced; CMake's own ${...} stay."""
    return re.sub(r"@(\w+)@", lambda match: values[match.group(1)], (ROOT / "cmake" / template).read_text())


def checked(header, check):
    """A header's text, with the comparison of minors as soon as Python.h has told its own."""
    before, python_h, after = header.read_text().partition(PYTHON_H)
    assert python_h, f"{header.name} includes no Python.h"
    return f"{before}{python_h}\n{check}{after}"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def put(build, folder, prefix=RELATIVE):
    """Everything into a folder that will be `prefix` to those who use it; without one, it can be anywhere."""
    loaded.prove(build)
    label = build.python.label
    values = {
        "label": label,
        "minor": build.python.minor,
        "hex": "0x03{:02X}".format(int(build.python.minor.partition(".")[2])),
        "version": crate_version(),
        "prefix": prefix.replace(" ", "\\ "),
        # In /usr the loader looks by itself, and a distribution wants no other path in its programs.
        "rpath": "" if prefix == "/usr" else "-Wl,-rpath,${libdir} ",
        "libraries": ";".join(NEEDED),
        "needed": " ".join(f"-l{name}" for name in NEEDED),
    }
    replace(build.archive, folder / "lib" / f"libpyframe_shim-{label}.a")
    replace(build.shared, folder / "lib" / build.soname)
    for template, file in templates(label).items():
        write(folder / file, filled(template, values))
    check = filled("minor_check.h.in", values)
    for header in HEADERS:
        write(folder / "include" / f"pyframe-shim-{label}" / header.name, checked(header, check))
