"""What the tools need of others, from PyPI and into the project's own folder: nothing here is installed on the machine."""

import subprocess

from cargo import ROOT
from console import Failure, Step, run

REQUIREMENTS = ROOT / "tools" / "requirements.txt"


def pinned(*names):
    """The requirements of these packages, with their versions: "ruff==1.2.3"."""
    lines = dict(line.split("==") for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#"))
    return [f"{name}=={lines[name]}" for name in names]


def ensure(pythons, package, place, *path):
    """The file or folder `path` of a package that is installed in `place`: brought there unless it is there."""
    found = place.joinpath(*path)
    if not found.exists() and not bring(pythons, package, place):
        raise Failure(f"no interpreter here has pip, which would bring {package} (apt-get install python3-pip)")
    return found


def bring(pythons, package, place):
    """Put a package into a folder, with the pip of the first of these interpreters that has one; whether there was one."""
    for path in pythons:
        if has_pip(path):
            with Step(f"bringing {package} from PyPI into {place.relative_to(ROOT) if place.is_relative_to(ROOT) else place}"):
                run([path, "-m", "pip", "install", "--quiet", "--target", str(place), package], f"pip install {package}")
            return True
    return False


def has_pip(path):
    try:
        return subprocess.run([path, "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False
