"""The wheel of the Python package, for one interpreter.

    make wheel PYTHON=python3.12 [DEST=dist]

What `uv build --wheel .` and `pip wheel .` make. It is tagged for the glibc of the machine that it is built on or newer, which `pip install .`
does not ask for.
"""

import os
import pathlib
import sys
import tempfile

import pythons
import uv
from builds import ROOT
from console import Failure, Step, main, run, say


def wheel(python, destination):
    """Build the wheel; its path. What else is there, stays there."""
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination) as folder:
        command = [uv.uv(), "build", "--quiet", "--wheel", "--python", python.path, "--out-dir", folder]
        with Step(f"{python.name}: building the wheel"):
            run([*command, "--config-setting=build-args=--compatibility pypi", str(ROOT)], "uv build", cwd=ROOT)
        found = list(pathlib.Path(folder).glob("*.whl"))
        if len(found) != 1:
            raise Failure(f"uv made {len(found)} wheels, not one")
        return found[0].replace(destination / found[0].name)


def make():
    python = pythons.use(os.environ.get("PYTHON") or "python3")
    built = wheel(python, pathlib.Path(os.environ.get("DEST") or ROOT / "dist").resolve())
    say(f"{built} ({built.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main(make))
