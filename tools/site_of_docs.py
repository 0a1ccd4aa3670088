"""docs as a site, by Sphinx, in an environment of its own. Nothing is fetched when it is made, nor when it is read."""

import os
import shutil

import for_python
import pypi
import uv
from builds import ROOT
from console import Step, run

DOCS = ROOT / "docs"
NEEDED = pypi.pinned("furo", "myst-parser", "sphinx")


def ensure(python):
    """An interpreter with Sphinx, made of this one if need be."""
    place = ROOT / ".tools" / f"sphinx-{python.name}"
    stamp, wanted = place / "finished", "\n".join([python.path, *NEEDED])
    if not stamp.exists() or stamp.read_text() != wanted:
        with Step(f"bringing {', '.join(NEEDED)} from PyPI into {place.relative_to(ROOT)}"):
            uv.install(uv.environment(python.path, place), *NEEDED)
        stamp.write_text(wanted)
    return str(place / "bin" / "python")


def make(build, folder):
    """Make the site, with the package as it is built for that interpreter. What Sphinx warns of is an error: a link that leads
    nowhere, a page that no other names."""
    sphinx, environment = ensure(build.python), {**os.environ, **for_python.environment(build)}
    shutil.rmtree(folder, ignore_errors=True)
    with Step("making the site"):
        run(
            [sphinx, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-b", "html", "-d", f"{folder}.doctrees", str(DOCS), str(folder)],
            "sphinx",
            env=environment,
        )
    return folder
