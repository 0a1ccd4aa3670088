"""CPython's own tests on the shim: plain, with a hook that does nothing, and with every frame taken over: through a shadow frame, in
place with a copy of its code, in place with bigger code.

    make regrtest [PYTHONS="..."] [MODULES="test_gc test_frame"]

A test may end otherwise than plain only if it does so under the do-nothing hook too; EXPLAINED names the exceptions. A test
that ends differently is run again both ways, to tell what is different from what is unstable.

One more run of each module compares locals: of every frame at its entry, and of running frames, with the interpreter's own.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pythons
from builds import ROOT, Build
from console import Failure, Progress, main, say
from report import Report

FOLDER = ROOT / "tests" / "regrtest"
TAKEN_OVER = ("take-over", "copy", "bigger")
# A tracer there waits for code that equals its own, and bigger code does not.
WAITS_FOR_EVER = {("bigger", "test.test_sys_settrace")}
TRIES = 3
SECONDS = 900

ADDRESS = re.compile(r"\b0x[0-9a-f]+")

# Tests that look at what taking a frame over is made of, not at what it does, by the ways that they tell.
OTHER_CODE = "the trace module names the class of a method by the function that has the code which ran: none has"
COPIED_FUNCTION = "the trace module names the class of a method by the one function that has its code: the copy is another"
UNBOUND = "counts the unbound locals, of which bigger code has five more"
NOT_WHAT_RUNS = "looks for specialized instructions in the function's code, which is not what runs"
SPECIALIZED = (
    "binary_specialize",
    "call_specialize",
    "load_attr_specialize",
    "show_caches",
    "super_instructions",
    "loop_with_conditional_at_end_is_quickened",
)
EXPLAINED = {
    ("take-over",): {
        "test.test_gc.GCTests.test_frame": "counts the objects that a cycle through a frame keeps: the copied function is one more",
        "test.test_trace.TestFuncs.test_inst_method_calling": COPIED_FUNCTION,
        "test.test_trace.TestCallers.test_loop_caller_importing": COPIED_FUNCTION,
    },
    ("copy", "bigger"): {
        "test.test_trace.TestFuncs.test_inst_method_calling": OTHER_CODE,
        "test.test_trace.TestCallers.test_loop_caller_importing": OTHER_CODE,
        "test.test_opcache.TestCallCache.test_assign_init_code": NOT_WHAT_RUNS,
        "test.test_opcache.TestCallCache.test_push_init_frame_fails": NOT_WHAT_RUNS,
        "test.test_opcache.TestCallCache.test_specialize_call_function_ex_py_fail": NOT_WHAT_RUNS,
        "test.test_opcache.TestRacesDoNotCrash": NOT_WHAT_RUNS,
        "test.test_opcache.TestSpecializer": NOT_WHAT_RUNS,
        **{f"test.test_dis.{tests}.test_{name}": NOT_WHAT_RUNS for tests in ("DisTests", "DisWithFileTests") for name in SPECIALIZED},
        "test.test_generators.__test__.syntax": "compares gi_code with the function's code",
        "test.test_sys.SysModuleTest.test_getframe": "compares f_code with the function's code",
        "test.test_capi.test_misc.TestInternalFrameApi.test_code": "compares f_code with the function's code",
        "test.test_monitoring.ExceptionMonitoringTest.test_no_unwind_for_shim_frame": NOT_WHAT_RUNS,
        "test.test_monitoring.MonitoringBasicTest.test_clear": "sets events of the function's code, which is not what runs",
        "test.test_code.CodeTest.test_stateless": "takes no code that an extension keeps something with: the copy is kept there",
        "test.test_descr.ClassPropertiesAndMethods.test_slots": "counts objects while copies of code are made",
    },
    ("bigger",): {
        "test.test_peepholer.TestMarkingVariablesAsUnKnown.test_setting_lineno_one_undefined": UNBOUND,
        "test.test_peepholer.TestMarkingVariablesAsUnKnown.test_setting_lineno_two_undefined": UNBOUND,
        "test.test_sys.SizeofTest.test_objecttypes": "knows the size of a frame object",
        "test.test_builtin.BuiltinTest.test_general_eval": "local slots beside a mapping without __delitem__: the same with no hook (3.11, 3.12)",
        "test.test_compile.TestSpecifics.test_exec_with_general_mapping_for_locals": "as test_general_eval",
    },
}


def explanation(test, way):
    """Why a test ends otherwise that looks at code, functions or sizes; None if nothing is known."""
    for ways, tests in EXPLAINED.items():
        for name, why in tests.items():
            # A class stands for its tests.
            if way in ways and (test == name or test.startswith(f"{name}.")):
                return why
    return None


class Run:
    """One module, run in one way."""

    def __init__(self, build, module, way, python=None):
        """By the interpreter of the build, or by another that can load what was built for it."""
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            arguments = [str(FOLDER / "run_module.py"), way, str(report), module]
            command, environment = build.run_python(arguments, PYTHONHASHSEED="0")
            command[0] = python or command[0]
            try:
                done = subprocess.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
                self.problem = f"exit code {done.returncode}" if done.returncode else None
                self.errors = done.stderr.decode(errors="replace")
            except subprocess.TimeoutExpired:
                self.problem, self.errors = f"not done after {SECONDS} s", ""
            answer = json.loads(report.read_text()) if report.exists() else {"outcomes": {}, "counters": {}}
            if not report.exists():
                self.problem = self.problem or "no report"
        # A subtest may be named after an object that lies elsewhere each time.
        self.outcomes = {test: sorted(ADDRESS.sub("0x...", text) for text in outcomes) for test, outcomes in answer["outcomes"].items()}
        self.counters = answer["counters"]


class Difference:
    """How the tests of a module end that is taken over in one way, beside how they end under the do-nothing hook."""

    def __init__(self, build, module, way, watched, python=None):
        self.way, self.run, self.watched = way, Run(build, module, way, python), watched
        differing = sorted(
            test for test in self.run.outcomes.keys() | watched.outcomes.keys() if self.outcomes(test, self.run, watched) > 1
        )
        seen = {test: ({str(watched.outcomes.get(test))}, {str(self.run.outcomes.get(test))}) for test in differing}
        for _ in range(TRIES - 1):
            if not differing:
                break
            for again, column in ((Run(build, module, "watch", python), 0), (Run(build, module, way, python), 1)):
                for test, outcomes in seen.items():
                    outcomes[column].add(str(again.outcomes.get(test)))
        self.unstable = {test: outcomes for test, outcomes in seen.items() if outcomes[0] & outcomes[1]}
        different = {test: outcomes for test, outcomes in seen.items() if test not in self.unstable}
        self.explained = {test: outcomes for test, outcomes in different.items() if explanation(test, way)}
        self.different = {test: outcomes for test, outcomes in different.items() if test not in self.explained}

    @staticmethod
    def outcomes(test, *runs):
        return len({str(run.outcomes.get(test)) for run in runs})

    @property
    def taken_over(self):
        return self.run.counters.get("taken_over", 0)

    @property
    def broken(self):
        """What went wrong and does not under the do-nothing hook: a crash, or no end."""
        return self.run.problem if self.run.problem and self.run.problem != self.watched.problem else None

    def verdict(self):
        if self.broken:
            return f"BROKEN: {self.broken}"
        if self.different:
            return f"{len(self.different)} DIFFERENT"
        notes = [f"{len(found)} {what}" for found, what in ((self.explained, "explained"), (self.unstable, "unstable")) if found]
        return ", ".join(["the same", *notes])


class Comparison:
    """One module, run in all ways, and what differs."""

    def __init__(self, build, module):
        self.module = module
        self.plain, self.watched = Run(build, module, "plain"), Run(build, module, "watch")
        self.taken = [Difference(build, module, way, self.watched) for way in TAKEN_OVER if (way, module) not in WAITS_FOR_EVER]
        self.locals = Run(build, module, "locals")
        tests = self.plain.outcomes.keys() | self.watched.outcomes.keys()
        self.from_plain = sorted(test for test in tests if self.plain.outcomes.get(test) != self.watched.outcomes.get(test))

    @property
    def tests(self):
        return len(self.watched.outcomes)

    def compared(self, what):
        """How many `what` the comparison of locals has counted."""
        return self.locals.counters.get(what, 0)

    def line(self):
        if self.watched.problem:
            verdict = f"cannot be run under a do-nothing hook: {self.watched.problem}"
        elif self.locals.problem or self.compared("mismatches"):
            verdict = f"LOCALS: {self.compared('mismatches')} mismatches {self.locals.problem or ''}"
        else:
            verdict = "; ".join(f"{one.way}: {one.taken_over:,} frames, {one.verdict()}" for one in self.taken)
        return f"{self.module}: {self.tests} tests; {verdict}"


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


def regrtest_one(build, todo, progress):
    compared = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(Comparison, build, module) for module in todo]
        for job in concurrent.futures.as_completed(jobs):
            compared.append(job.result())
            progress.tell(f"{build.python.name}: {compared[-1].line()}")
    return sorted(compared, key=lambda comparison: comparison.module)


def show(build, compared):
    say(f"\nCPython {build.python.name}: {len(compared)} modules, {sum(c.tests for c in compared):,} tests")
    wrong = 0
    for way in TAKEN_OVER:
        found = [one for comparison in compared for one in comparison.taken if one.way == way]
        different = sum(len(one.different) + bool(one.broken) for one in found)
        wrong += different
        say(
            f"{way}: {sum(one.taken_over for one in found):,} frames taken over; {different} tests differ from the do-nothing hook, "
            f"{sum(len(one.explained) for one in found)} more are explained"
        )
    mismatches = sum(c.compared("mismatches") + bool(c.locals.problem) for c in compared)
    say(
        f"locals: {sum(c.compared('entries') for c in compared):,} frames compared at entry, "
        f"{sum(c.compared('samples') for c in compared):,} while running ({sum(c.compared('hidden') for c in compared):,} with "
        f"hidden locals), {mismatches} mismatches"
    )
    for comparison in compared:
        for one in comparison.taken:
            report_difference(comparison.module, one)
        for test in comparison.from_plain:
            watched, plain = comparison.watched.outcomes.get(test), comparison.plain.outcomes.get(test)
            say(f"  the hook's doing: {test}: {watched}, and plain {plain}")
        for description in comparison.locals.counters.get("descriptions", ()):
            say(f"  LOCALS: {comparison.module}: {description}")
        if comparison.locals.problem:
            say(f"  LOCALS: {comparison.module}: {comparison.locals.problem}")
            say_last_lines(comparison.locals)
    return wrong + mismatches


def report_difference(module, one):
    """One module, taken over in one way."""
    for title, outcomes in (("DIFFERENT", one.different), ("explained", one.explained), ("unstable", one.unstable)):
        for test, (watched, taken) in outcomes.items():
            ends = f"{' or '.join(sorted(taken))}, and with the do-nothing hook {' or '.join(sorted(watched))}"
            say(f"  {title}, {one.way}: {test}: {ends}")
            if title == "explained":
                say(f"    {explanation(test, one.way)}")
    if one.broken:
        say(f"  BROKEN, {one.way}: {module}: {one.broken}")
        say_last_lines(one.run)


def say_last_lines(run):
    say("\n".join(f"    | {line}" for line in run.errors.splitlines()[-25:]))


def as_json(build, compared):
    return {
        "python": build.python.name,
        "modules": {
            comparison.module: {
                "tests": comparison.tests,
                "plain": comparison.plain.outcomes,
                "watch": comparison.watched.outcomes,
                "taken_over": {
                    one.way: {
                        "frames": one.taken_over,
                        "problem": one.run.problem,
                        "outcomes": one.run.outcomes,
                        "different": sorted(one.different),
                        "explained": sorted(one.explained),
                        "unstable": sorted(one.unstable),
                    }
                    for one in comparison.taken
                },
                "from_plain": comparison.from_plain,
                "locals": comparison.locals.counters,
            }
            for comparison in compared
        },
    }


def regrtest():
    failures, answers, report = 0, [], Report("regrtest")
    todo = {build: list(modules(build)) for build in map(Build, pythons.find())}
    progress = Progress(sum(map(len, todo.values())))
    for build, names in todo.items():
        build.library()
        for name in ("shadow", "api", "oracle"):
            build.extension(name)
        compared = regrtest_one(build, names, progress)
        failures += show(build, compared)
        answers.append(as_json(build, compared))
    return report.close(failures, interpreters=answers)


if __name__ == "__main__":
    sys.exit(main(regrtest))
