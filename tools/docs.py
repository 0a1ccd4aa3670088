"""Make the documents: what docs/frames.md shows, its pictures and what its commands print; and a site of all of docs.

make docs
"""

import shutil
import sys

import for_python
import pythons
import seen
import site_of_docs
from builds import ROOT, Build
from console import Failure, Step, main, say

MADE, SITE = ROOT / "target" / "docs" / "pictures", ROOT / "target" / "docs" / "site"


def docs():
    python = next((python for python in pythons.find() if python.minor == seen.MINOR and not python.debug), None)
    if python is None:
        raise Failure(f"the pictures are made by CPython {seen.MINOR}, which is not found: PYTHONS=/path/to/python{seen.MINOR} make docs")
    build = Build(python)
    environment = for_python.environment(build)
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(parents=True)
    with Step(f"{seen.PAGE.name}: running its commands"):
        text = seen.made(seen.PAGE.read_text(), python.path, environment, MADE)
    before, after = pictures(seen.PICTURES), pictures(MADE)
    # A program that has failed has drawn nothing: what is there stays.
    missing = [name for name in seen.shown(text) if name not in after]
    if missing:
        raise Failure(f"no command of {seen.PAGE.name} has made {', '.join(missing)}")
    differ = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    changed = [f"docs/frames/{name}" for name in differ] + (["docs/frames.md"] if text != seen.PAGE.read_text() else [])
    seen.PAGE.write_text(text)
    shutil.rmtree(seen.PICTURES, ignore_errors=True)
    shutil.copytree(MADE, seen.PICTURES)
    say(f"{len(after)} pictures made; " + (f"otherwise than they were: {', '.join(changed)}" if changed else "all as they were"))
    site_of_docs.make(build, SITE)
    say(f"{SITE / 'index.html'}")
    return 0


def pictures(folder):
    """By name: what is in each."""
    return {path.name: path.read_text() for path in folder.glob("*")}


if __name__ == "__main__":
    sys.exit(main(docs))
