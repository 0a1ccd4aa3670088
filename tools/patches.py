"""Libraries built on one patch release, running on another of the same minor: both ways for every pair.

    make patches PYTHONS="/opt/python-3.13.0/bin/python3 /opt/python-3.13.18/bin/python3"

The tests in tests/python run in each interpreter with the extensions that were built for the other.
"""

import itertools
import sys

import pytests
import pythons
from builds import EXTENSIONS, Build
from console import Failure, Progress, main
from report import Report
from test import python_tests


def patches():
    report = Report("patches")
    builds = [Build(python) for python in pythons.find()]
    pairs = [
        (one, other)
        for one, other in itertools.permutations(builds, 2)
        if one.python.minor == other.python.minor and one.python.debug == other.python.debug
    ]
    if not pairs:
        raise Failure('no two of these interpreters are patch releases of one minor; PYTHONS="..." names them')
    for build in builds:
        build.library()
        for name in EXTENSIONS:
            build.extension(name)
    tally = pytests.Tally()
    pytests.ensure(build.python.path for build in builds)
    progress = Progress(len(pairs))
    for built, running in pairs:
        python_tests(tally, built, running.python)
        progress.tell(f"{running.python.name}, built for {built.python.name}")
    return tally.close(report)


if __name__ == "__main__":
    sys.exit(main(patches))
