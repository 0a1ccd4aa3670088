"""uv, which makes environments and wheels: the one on PATH, or one in the project's own folder. An interpreter needs no pip."""

import os
import shutil
import sys

import pypi
from cargo import ROOT
from console import run

TOOL = ROOT / ".tools" / "uv"


def uv():
    return shutil.which("uv") or str(pypi.ensure((sys.executable,), *pypi.pinned("uv"), TOOL, "bin", "uv"))


def environment(python, place, *options, **variables):
    """Make a virtual environment anew; its interpreter."""
    shutil.rmtree(place, ignore_errors=True)
    run([uv(), "venv", "--quiet", *options, "--python", python, str(place)], "uv venv", env={**os.environ, **variables})
    return str(place / "bin" / "python")


def install(python, *arguments, **variables):
    """Put packages into the environment of this interpreter."""
    run([uv(), "pip", "install", "--quiet", "--python", python, *arguments], "uv pip install", env={**os.environ, **variables})
