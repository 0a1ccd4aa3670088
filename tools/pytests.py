"""pytest, brought into the project's folder: it runs the tests, in whichever interpreter they are of.

ARGS="-k name -x --lf" is passed on to it, in every command that runs tests.
"""

import json
import os
import shlex
import subprocess
import sys

import pypi
from cargo import ROOT
from console import say

# A release without compiled parts, for 3.10 and newer: one copy serves every interpreter.
PLACE = ROOT / ".tools" / "pytest"
# Files of tests at once, in processes of their own: for tests that start others and wait.
BESIDE = ROOT / ".tools" / "pytest-xdist"
OUTCOMES = ("passed", "failed", "skipped")


def ensure(paths=()):
    """Bring pytest, with the pip of the first of these interpreters that has one, or with our own."""
    pypi.ensure((*paths, sys.executable), *pypi.pinned("pytest"), PLACE, "pytest")


class Tally:
    """How many tests passed, failed, and were skipped: by part of the work."""

    def __init__(self):
        self.parts = {}

    def add(self, what, **counts):
        part = self.parts.setdefault(what, dict.fromkeys(OUTCOMES, 0))
        for outcome, count in counts.items():
            part[outcome] += count

    def total(self, outcome):
        return sum(part[outcome] for part in self.parts.values())

    def close(self, report):
        """Tell; the exit code."""
        say("\n" + ", ".join(f"{self.total(outcome):,} {outcome}" for outcome in OUTCOMES))
        return report.close(self.total("failed"), parts=self.parts)


def at_once(suite):
    """How many of its files run at once."""
    return min(os.cpu_count() or 1, len(list(suite.glob("test_*.py"))))


def run_side_by_side(tally, what, suite, place, **variables):
    """As `run`, in the interpreter of the tools: as many files of tests at once as there are processors."""
    beside = pypi.ensure((sys.executable,), *pypi.pinned("pytest-xdist"), BESIDE)
    options = ["-n", str(at_once(suite)), "--dist", "loadfile", "--max-worker-restart", "0"]
    # It brings a pytest of its own: the one before it is ours.
    path = os.pathsep.join(map(str, (PLACE, beside)))
    run(tally, what, sys.executable, suite, place, *options, PYTHONPATH=path, **variables)


def run(tally, what, python, suite, place, *options, **variables):
    """Run one of the folders of tests in an interpreter, and count. What is kept from run to run lies in `place`."""
    say(f"\n{what}")
    place.mkdir(parents=True, exist_ok=True)
    outcomes = place / "outcomes.json"
    outcomes.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, (variables.pop("PYTHONPATH", ""), str(PLACE))))
    environment = {**os.environ, **variables, "PYTHONPATH": path, "PYFRAME_SHIM_OUTCOMES": str(outcomes)}
    command = [python, "-m", "pytest", "-o", f"cache_dir={place / 'cache'}", *options, *shlex.split(os.environ.get("ARGS", "")), str(suite)]
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode
    if not outcomes.exists():
        say(f"    the tests broke off: {python} ended with exit code {code}")
        tally.add(what, failed=1)
        return
    counts = json.loads(outcomes.read_text())
    failed = sum(counts.get(name, 0) for name in ("failed", "error", "xpassed"))
    nothing_chosen = code == 5 and os.environ.get("ARGS")
    passed = counts.get("passed", 0) + counts.get("xfailed", 0)
    failed = failed or int(code != 0 and not nothing_chosen)
    tally.add(what, passed=passed, failed=failed, skipped=counts.get("skipped", 0))
