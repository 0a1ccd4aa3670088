"""The wheel of the Python package, for one interpreter.

    make wheel PYTHON=python3.12 [DEST=dist]

What `pip wheel .` makes. It is tagged for the glibc of the machine that it is built on or newer, which `pip install .`
does not ask for.
"""

import os
import pathlib
import sys
import tempfile

import pythons
from builds import ROOT
from console import Failure, Step, main, run, say


def wheel(python, destination):
    """Build the wheel; its path. What else is there, stays there."""
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination) as folder:
        command = [python.path, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
        with Step(f"{python.name}: building the wheel"):
            run([*command, "--config-settings=build-args=--compatibility pypi", str(ROOT)], "pip wheel", cwd=ROOT)
        found = list(pathlib.Path(folder).glob("*.whl"))
        if len(found) != 1:
            raise Failure(f"pip made {len(found)} wheels, not one")
        return found[0].replace(destination / found[0].name)


def make():
    python = pythons.use(os.environ.get("PYTHON") or "python3")
    built = wheel(python, pathlib.Path(os.environ.get("DEST") or ROOT / "dist").resolve())
    say(f"{built} ({built.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main(make))
