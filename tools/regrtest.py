"""CPython's own tests on the shim: plain, with a hook that does nothing, and with every eligible frame taken over.

    make regrtest [PYTHONS="..."] [MODULES="test_gc test_frame"] [JSON=report.json]

A test may end otherwise than plain only if it does so under the do-nothing hook too; EXPLAINED names the exceptions. A test
that ends differently is run again both ways, to tell what is different from what is unstable.

A fourth run of each module compares locals: of every frame at its entry, and of running frames, with the interpreter's own.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pythons
from builds import ROOT, Build
from console import Failure, main, say

FOLDER = ROOT / "tests" / "regrtest"
WAYS = ("plain", "watch", "take-over")
TRIES = 3
SECONDS = 900

# Tests that look at what taking a frame over is made of, not at what it does.
COPIED_FUNCTION = "the trace module names the class of a method by the one function that has its code: the copy is another"
EXPLAINED = {
    "test.test_gc.GCTests.test_frame": "counts the objects that a cycle through a frame keeps: the copied function is one more",
    "test.test_trace.TestFuncs.test_inst_method_calling": COPIED_FUNCTION,
    "test.test_trace.TestCallers.test_loop_caller_importing": COPIED_FUNCTION,
}


class Run:
    """One module, run in one way."""

    def __init__(self, build, module, way):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            arguments = [str(FOLDER / "run_module.py"), way, str(report), module]
            command, environment = build.run_python(arguments, PYTHONHASHSEED="0")
            try:
                done = subprocess.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
                self.problem = f"exit code {done.returncode}" if done.returncode else None
                self.errors = done.stderr.decode(errors="replace")
            except subprocess.TimeoutExpired:
                self.problem, self.errors = f"not done after {SECONDS} s", ""
            answer = json.loads(report.read_text()) if report.exists() else {"outcomes": {}, "counters": {}}
            if not report.exists():
                self.problem = self.problem or "no report"
        self.outcomes = {test: sorted(outcomes) for test, outcomes in answer["outcomes"].items()}
        self.counters = answer["counters"]


class Comparison:
    """One module, run in all ways, and what differs."""

    def __init__(self, build, module):
        self.module = module
        self.runs = {way: Run(build, module, way) for way in WAYS}
        self.locals = Run(build, module, "locals")
        self.from_plain = self.differing("plain", "watch")
        differing = self.differing("watch", "take-over")
        seen = {test: ({str(self.outcome("watch", test))}, {str(self.outcome("take-over", test))}) for test in differing}
        for _ in range(TRIES - 1):
            if not differing:
                break
            again = {way: Run(build, module, way) for way in WAYS[1:]}
            for test, (watched, taken) in seen.items():
                watched.add(str(again["watch"].outcomes.get(test)))
                taken.add(str(again["take-over"].outcomes.get(test)))
        self.unstable = {test: outcomes for test, outcomes in seen.items() if outcomes[0] & outcomes[1]}
        different = {test: outcomes for test, outcomes in seen.items() if test not in self.unstable}
        self.explained = {test: outcomes for test, outcomes in different.items() if test in EXPLAINED}
        self.different = {test: outcomes for test, outcomes in different.items() if test not in EXPLAINED}

    def outcome(self, way, test):
        return self.runs[way].outcomes.get(test)

    def differing(self, one, other):
        tests = self.runs[one].outcomes.keys() | self.runs[other].outcomes.keys()
        return sorted(test for test in tests if self.outcome(one, test) != self.outcome(other, test))

    @property
    def tests(self):
        return len(self.runs["take-over"].outcomes)

    @property
    def taken_over(self):
        return self.runs["take-over"].counters.get("taken_over", 0)

    def compared(self, what):
        """How many `what` the comparison of locals has counted."""
        return self.locals.counters.get(what, 0)

    @property
    def broken(self):
        """What went wrong under the shim and not under the do-nothing hook: a crash, or no end."""
        problem = self.runs["take-over"].problem
        return problem if problem and problem != self.runs["watch"].problem else None

    def line(self):
        if self.runs["watch"].problem:
            verdict = f"cannot be run under a do-nothing hook: {self.runs['watch'].problem}"
        elif self.broken:
            verdict = f"BROKEN: {self.broken}"
        elif self.locals.problem or self.compared("mismatches"):
            verdict = f"LOCALS: {self.compared('mismatches')} mismatches {self.locals.problem or ''}"
        elif self.different:
            verdict = f"{len(self.different)} DIFFERENT"
        else:
            verdict = "the same"
            verdict += f", {len(self.explained)} explained" if self.explained else ""
            verdict += f", {len(self.unstable)} unstable" if self.unstable else ""
        return f"{self.module}: {self.tests} tests, {self.taken_over:,} frames taken over, {verdict}"


def modules(build):
    """The modules that this interpreter has, packages in their parts."""
    command = [build.python.path, "-c", "import test; print(test.__path__[0])"]
    folder = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    if not folder:
        raise Failure(f"CPython {build.python.name} has no test package (apt-get install libpython3-testsuite)")
    names = os.environ.get("MODULES", "").split() or [
        line for line in (FOLDER / "modules.txt").read_text().split("\n") if line and not line.startswith("#")
    ]
    for name in names:
        place = pathlib.Path(folder) / name
        if place.is_dir():
            yield from (f"test.{name}.{part.stem}" for part in sorted(place.glob("test_*.py")))
        elif place.with_suffix(".py").exists():
            yield f"test.{name}"
        else:
            say(f"  {build.python.name}: no {name} in this version")


def regrtest_one(build):
    todo = list(modules(build))
    compared = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(Comparison, build, module) for module in todo]
        for number, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            compared.append(job.result())
            say(f"  {build.python.name} [{number}/{len(todo)}] {compared[-1].line()}")
    return sorted(compared, key=lambda comparison: comparison.module)


def report(build, compared):
    tests, taken = sum(c.tests for c in compared), sum(c.taken_over for c in compared)
    different = sum(len(c.different) + bool(c.broken) for c in compared)
    mismatches = sum(c.compared("mismatches") + bool(c.locals.problem) for c in compared)
    explained = sum(len(c.explained) for c in compared)
    say(
        f"\nCPython {build.python.name}: {len(compared)} modules, {tests:,} tests, {taken:,} frames taken over; "
        f"{different} tests differ from the do-nothing hook, {explained} more are explained\n"
        f"locals: {sum(c.compared('entries') for c in compared):,} frames compared at entry, "
        f"{sum(c.compared('samples') for c in compared):,} while running ({sum(c.compared('hidden') for c in compared):,} with "
        f"hidden locals), {mismatches} mismatches"
    )
    for comparison in compared:
        for title, outcomes in (
            ("DIFFERENT", comparison.different),
            ("explained", comparison.explained),
            ("unstable", comparison.unstable),
        ):
            for test, (watched, taken) in outcomes.items():
                say(f"  {title}: {test}: {' or '.join(sorted(taken))}, and with the do-nothing hook {' or '.join(sorted(watched))}")
                if title == "explained":
                    say(f"    {EXPLAINED[test]}")
        for test in comparison.from_plain:
            say(f"  the hook's doing: {test}: {comparison.outcome('watch', test)}, and plain {comparison.outcome('plain', test)}")
        for description in comparison.locals.counters.get("descriptions", ()):
            say(f"  LOCALS: {comparison.module}: {description}")
        if comparison.locals.problem:
            say(f"  LOCALS: {comparison.module}: {comparison.locals.problem}")
            say("\n".join(f"    | {line}" for line in comparison.locals.errors.splitlines()[-25:]))
        if comparison.broken:
            say(f"  BROKEN: {comparison.module}: {comparison.broken}")
            say("\n".join(f"    | {line}" for line in comparison.runs["take-over"].errors.splitlines()[-25:]))
    return different + mismatches


def as_json(build, compared):
    return {
        "python": build.python.name,
        "modules": {
            comparison.module: {
                "tests": comparison.tests,
                "taken_over": comparison.taken_over,
                "problem": {way: run.problem for way, run in comparison.runs.items()},
                "outcomes": {way: run.outcomes for way, run in comparison.runs.items()},
                "different": sorted(comparison.different),
                "explained": sorted(comparison.explained),
                "unstable": sorted(comparison.unstable),
                "from_plain": comparison.from_plain,
                "locals": comparison.locals.counters,
            }
            for comparison in compared
        },
    }


def regrtest():
    failures, answers = 0, []
    for python in pythons.find():
        build = Build(python).library()
        for name in ("evalframe", "oracle"):
            build.extension(name)
        compared = regrtest_one(build)
        failures += report(build, compared)
        answers.append(as_json(build, compared))
    if os.environ.get("JSON"):
        pathlib.Path(os.environ["JSON"]).write_text(json.dumps(answers, indent=1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(regrtest))
