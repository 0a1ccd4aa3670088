"""tests/python again and again in one process, with references and memory blocks counted.

In debug builds, which count references; where there is none of a minor, in the release build, which counts memory blocks
only. Every round after the first few has to leave both as they were.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pythons
from builds import Build
from console import Failure, say
from suite_run import SANITIZE, SECONDS

WARM_UP, ROUNDS = 3, 5
# What each round of a leak leaves behind: references and blocks.
FAULTS = {"leak_reference": (1, 0), "leak_block": (0, 1)}
# Tests of what CPython itself does wrong as well, and what that is.
LEFT_OUT = {"test_no_memory.NoMemory.test_arenas": "CPython 3.11 itself loses a reference to the function, and a debug build dies of it"}
# And those of release builds: the debug builds are flat there.
INTERPRETER, ARGUMENTS = "CPython 3.12.1 itself leaks some 1,500 blocks with every interpreter", "CPython 3.12 itself leaks arguments there"
RELEASE_LEFT_OUT = {
    "test_threads.Threads.test_each_interpreter_has_its_own_hook": INTERPRETER,
    "test_threads.Threads.test_interpreters_come_and_go_while_others_run": INTERPRETER,
    "test_chunk_processes.Interpreters.test_one_after_the_other": INTERPRETER,
    "test_chunk_processes.Interpreters.test_at_once": INTERPRETER,
    "test_no_memory.WholeCalls.test_cell": ARGUMENTS,
    "test_no_memory.WholeCalls.test_taken_over_call": ARGUMENTS,
}


def builds(found, short):
    found = list(found)
    if not os.environ.get("PYTHONS"):
        path = os.pathsep.join([os.environ.get("PATH", ""), str(pythons.OWN)])
        for minor in pythons.SUPPORTED:
            debug = shutil.which(f"python{minor}-dbg", path=path)
            if debug:
                found.append(pythons.use(debug))
                say(f"  CPython {found[-1].name}: {found[-1].path}")
    debug = [python for python in found if python.debug]
    if not debug:
        raise Failure("refleaks: needs a debug build; apt-get install python3.11-dbg, or name one: PYTHONS=/path/to/python3-dbg")
    minors = {python.minor for python in debug}
    return [Build(python) for python in (*debug, *(python for python in found if python.minor not in minors and not short))]


def hunt(build, modules, warm_up, rounds, left_out=()):
    """Run the rounds; what came of the tests, and the counts, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        program, environment = build.run_python([str(SANITIZE / "rounds.py"), str(report)], TEST_PYTHON=build.python.path)
        work = {"warm_up": warm_up, "rounds": rounds, "modules": modules, "left_out": list(left_out)}
        try:
            done = subprocess.run(
                program,
                env=environment,
                input=json.dumps(work),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return None, f"not done after {SECONDS} s"
        if done.returncode != 0 or not report.exists():
            return None, f"exit code {done.returncode}\n{done.stdout[-3000:]}"
        return json.loads(report.read_text()), None


def drift(steps):
    return max(min(steps), 0) or min(max(steps), 0)


class Counts:
    """References or blocks: the totals before each round and after the last, and what each file added in each round."""

    def __init__(self, counts, modules, column):
        totals = counts[column::2]
        self.totals = totals[:: len(modules)]
        self.rounds = [after - before for before, after in zip(self.totals, self.totals[1:])]
        steps = [after - before for before, after in zip(totals, totals[1:])]
        self.files = {module: steps[place :: len(modules)] for place, module in enumerate(modules)}

    @property
    def drift(self):
        """The least that every round has added, or taken away: a cache that grows now and then does not show."""
        return drift(self.rounds)

    def moving(self):
        return {module: steps for module, steps in self.files.items() if drift(steps)}


def prove(chosen):
    """Each leak has to be found, in its number, and what does not leak must not be."""
    for build in chosen:
        for fault, expected in {**FAULTS, "leak_nothing": (0, 0)}.items():
            answer, problem = hunt(build, [f"leaks_for_the_hunt.Leaks.{fault}"], WARM_UP, ROUNDS)
            if problem or answer["outcomes"].popitem()[1][::2] != [1, []]:
                raise Failure(f"{build.python.name}: {fault} cannot be run: {problem or answer}")
            seen = tuple(Counts(answer["counts"], [fault], column).drift for column in (0, 1))
            expected = (expected[0] * build.python.debug, expected[1])
            if seen != expected:
                raise Failure(f"the hunt for leaks is blind on {build.python.name}: {fault} leaves {expected}, and {seen} were seen")
        what = "a lost reference and a lost block" if build.python.debug else "a lost block"
        yield f"{build.python.name}: {what} for each round reported, and nothing where there is nothing"


def jobs(chosen, modules, short):
    warm_up, rounds = (2, 3) if short else (WARM_UP, ROUNDS)
    return [lambda build=build: Hunt(build, modules, warm_up, rounds) for build in chosen]


class Hunt:
    """All of tests/python in one interpreter."""

    def __init__(self, build, modules, warm_up, rounds):
        self.name, self.rounds, began = build.python.name, rounds, time.monotonic()
        left_out = LEFT_OUT if build.python.debug else {**LEFT_OUT, **RELEASE_LEFT_OUT}
        answer, problem = hunt(build, modules, warm_up, rounds, left_out)
        self.seconds = time.monotonic() - began
        self.details = [f"left out: {test}: {reason}" for test, reason in left_out.items()]
        self.figures, self.tests, self.skipped, self.failures = "broke off", 0, 0, 1
        if problem:
            self.details += [f"| {line}" for line in problem.splitlines()]
            return
        outcomes = answer["outcomes"].values()
        self.tests, self.skipped = (sum(outcome[place] for outcome in outcomes) for place in (0, 1))
        failed = [test for outcome in outcomes for test in outcome[2]]
        self.details += [f"failed: {test}" for test in failed]
        figures, self.failures = [], len(failed)
        for column, what in enumerate(("references", "blocks")):
            if column == 0 and not build.python.debug:
                continue
            counts = Counts(answer["counts"], modules, column)
            figures.append(f"{what} {counts.totals[0]:,} -> {counts.totals[-1]:,} {counts.rounds}")
            if counts.drift:
                self.failures += 1
                self.details.append(f"LEAK: each round changes the number of {what} by {counts.drift} at least")
                self.details += [f"    {module}: {steps}" for module, steps in counts.moving().items()]
        self.figures = f"{', '.join(figures)}, {len(failed)} tests failed"

    def line(self):
        return f"{self.name}: {self.rounds} rounds of {self.tests} tests, {self.skipped} left out: {self.figures} ({self.seconds:.0f} s)"

    def as_json(self):
        return {
            "python": self.name,
            "rounds": self.rounds,
            "tests": self.tests,
            "skipped": self.skipped,
            "failures": self.failures,
            "figures": self.figures,
            "seconds": round(self.seconds, 1),
            "details": self.details,
        }


def summary(done):
    return "; ".join(f"{hunted.name} {hunted.rounds} rounds of {hunted.tests} tests, {hunted.figures}" for hunted in done)
