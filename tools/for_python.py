"""The Python package as it stands in the tree, with what it draws with and what the examples in Python use, for one interpreter."""

import os
import sys

import pypi
from builds import ROOT

# Without compiled parts, so that one copy serves every interpreter.
FOLDER, USED = ROOT / ".tools" / "for-python", ("rich", "drawsvg", "bytecode")


def ensure():
    """The folders of the packages, which are fetched if need be."""
    return [str(pypi.ensure((sys.executable,), *pypi.pinned(package), FOLDER / package)) for package in USED]


def environment(build):
    """What a program needs that imports them: the package is built, too."""
    return {"PYTHONPATH": os.pathsep.join([str(build.package()), *ensure()])}
