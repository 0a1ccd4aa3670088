"""The Python package: its wheel is built, installed into a new environment of each interpreter, and tested there.

    make test-package [PYTHONS="..."] [REQUIRE="3.11 3.12 3.13"]

No PyTorch is needed: a small library of the test's own stands in for it.
"""

import json
import sys

import pypi
import pytests
import pythons
import uv
import wheel
from builds import ROOT, Build
from console import Progress, Step, main, say
from report import Report

# What the example clients, and those of new-client, are built with; they are built without isolation, so that nothing is downloaded each time.
CLIENTS_NEED = pypi.pinned("setuptools", "scikit-build-core", "cmake", "ninja", "maturin")
# Others whose hooks are around imports too.
HOOKS = pypi.pinned("wrapt")
SUITE = ROOT / "tests" / "package"


def environment(build, built, number):
    """A virtual environment with the package installed; its interpreter. There is one for each process that runs tests."""
    place = build.cargo_target / f"package-{number}"
    python = place / "bin" / "python"
    # Written last: what was begun and broken off, or made for something else, is made again.
    stamp, wanted = place / "finished", "\n".join([build.python.path, build.python.version, *CLIENTS_NEED, *HOOKS])
    if not stamp.exists() or stamp.read_text() != wanted:
        with Step(f"{build.python.name}: making an environment"):
            # With pip: the tests type what the documents tell to type.
            uv.environment(build.python.path, place, "--seed")
            uv.install(str(python), *CLIENTS_NEED, *HOOKS)
        stamp.write_text(wanted)
    uv.install(str(python), "--no-index", "--reinstall", str(built))
    return str(python)


def test_package():
    report, packages, tally = Report("test-package"), [], pytests.Tally()
    pytests.ensure()
    for python in pythons.find():
        if python.debug:
            say(f"CPython {python.name}: left out, PyTorch has no debug builds")
            continue
        build = Build(python)
        built = wheel.wheel(python, build.out / "wheel")
        variables = python.header_variables(build.cargo_target / "headers")
        environments = [environment(build, built, number) for number in range(pytests.at_once(SUITE))]
        about = {"name": python.name, "base": python.path, "pythons": environments, "wheel": str(built), "minor": python.minor}
        packages.append({**about, "variables": variables})
    progress = Progress(len(packages))
    for package in packages:
        # The others are there for what must not work.
        others = [other for other in packages if other is not package]
        about = json.dumps({**package, "others": others})
        place = ROOT / "target" / f"pytest-package-{package['name']}"
        pytests.run_side_by_side(tally, f"{package['name']}: tests/package", SUITE, place, PYFRAME_SHIM_PACKAGE=about)
        progress.tell(f"{package['name']} is done")
    return tally.close(report)


if __name__ == "__main__":
    sys.exit(main(test_package))
