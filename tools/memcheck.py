"""tests/python under valgrind's memcheck.

Every wrong access is an error, wherever it happens: CPython is the first to stumble over an object that the shim released
too early. Memory that nobody refers to any more is an error if the shim's library, or an extension that it is linked into,
had to do with its allocation. Acting on what was never set is one if they do it themselves: CPython 3.11 does, as it starts,
and from there it spreads to every small int. python.supp has what else CPython does by itself.
"""

import os
import shutil
import subprocess
import xml.etree.ElementTree

from builds import Build
from console import Failure
from suite_run import SANITIZE, SuiteRun

FAULTS = {
    "read_dead_object": "InvalidRead",
    "copy_dead_function": "InvalidRead",
    "read_freed_frame": "InvalidRead",
    "leak_frame_object": "Leak_DefinitelyLost",
}
# Tests of what CPython itself leaks as well, and what that is.
LEFT_OUT = {
    "test_no_memory.WholeCalls.test_cell": "CPython 3.11 and 3.12 leak the arguments if there is no memory for a cell",
    "test_no_memory.WholeCalls.test_taken_over_call": "CPython 3.11 and 3.12 leak the arguments if there is no memory for a cell",
}
PARTS = 6
# Children are not followed: they would take most of the time.
VALGRIND = [
    "valgrind",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--num-callers=50",
    "--error-limit=no",
    "--child-silent-after-fork=yes",
    "--xml=yes",
    f"--suppressions={SANITIZE / 'python.supp'}",
]


def ensure():
    if shutil.which("valgrind"):
        return
    raise Failure("no valgrind found; install it with your system's packages, or choose other parts: PART=...")


def builds(found, short):
    ensure()
    chosen = [Build(python) for python in found if not python.debug]
    if not chosen:
        raise Failure("valgrind: needs an interpreter that is not a debug build; PYTHONS names others")
    return chosen[-1:] if short else chosen


def command(build, arguments, report):
    report.unlink(missing_ok=True)
    # Without an allocator of its own the interpreter counts no blocks: many rounds show no more than few. The long walks over
    # the data stack are made shorter because everything is slow here.
    fewer = {"PYFRAME_SHIM_ROUNDS": "5", "PYFRAME_SHIM_STEPS": "2000"}
    program, environment = build.run_python(arguments, PYTHONMALLOC="malloc", TEST_PYTHON=build.python.path, **fewer)
    return [*VALGRIND, f"--xml-file={report}", *program], environment


class Error:
    """One error that valgrind reports."""

    def __init__(self, build, element):
        self.kind = element.findtext("kind")
        self.frames = [
            (frame.findtext("fn") or "?", os.path.basename(frame.findtext("obj") or "")) for frame in element.find("stack").findall("frame")
        ]
        ours = [str(build.out) in (frame.findtext("obj") or "") for frame in element.find("stack").findall("frame")]
        self.ours = any(ours)
        if self.kind.startswith("Uninit"):
            self.counts = ours[0]
        else:
            self.counts = self.ours or not self.kind.startswith("Leak_")

    def lines(self):
        return [f"{self.kind}:", *(f"    {function} ({name})" for function, name in self.frames[:25])]


class Report:
    """What valgrind has written: the errors, and how much it has suppressed."""

    def __init__(self, build, path):
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except (OSError, xml.etree.ElementTree.ParseError) as problem:
            self.errors, self.others, self.problem = [], 0, f"valgrind has left no report: {problem}"
            return
        errors = [Error(build, element) for element in root.findall("error")]
        self.errors, self.problem = [error for error in errors if error.counts], None
        self.others = len(errors) - len(self.errors)


def prove(chosen):
    """Each fault has to be reported, and be taken for the shim's."""
    for build in chosen:
        for fault, kind in FAULTS.items():
            path = build.out / f"valgrind-fault-{fault}.xml"
            program, environment = command(build, [str(SANITIZE / "fault.py"), fault], path)
            subprocess.run(program, env=environment, capture_output=True, timeout=600)
            kinds = {error.kind for error in Report(build, path).errors if error.ours}
            if kind not in kinds:
                raise Failure(f"valgrind is silent: it was to report {fault} on {build.python.name}, and reported {kinds or 'nothing'}")
        yield f"{build.python.name}: reported {', '.join(f'{fault} ({kind})' for fault, kind in FAULTS.items())}"


def jobs(chosen, modules, short):
    if short:
        modules = modules[1::2]
    # A few files take most of the time: the more parts, the better they fill the processors.
    return [lambda build=build, part=part: Memcheck(build, part, modules[part::PARTS]) for build in chosen for part in range(PARTS)]


class Memcheck(SuiteRun):
    """Some of tests/python under valgrind."""

    def __init__(self, build, part, modules):
        path = build.out / f"valgrind-tests-{part}.xml"
        self.run(build, *command(build, [str(SANITIZE / "run_tests.py"), "--no-processes", ",".join(LEFT_OUT), *modules], path))
        if "test_no_memory" in modules:
            self.details += [f"left out: {test}: {reason}" for test, reason in LEFT_OUT.items()]
        report = Report(build, path)
        self.errors = len(report.errors) + bool(report.problem)
        if report.problem:
            self.details.append(report.problem)
        if report.others:
            self.details.append(f"{report.others} more are CPython's own: leaks, and small ints that it calls unset")
        for error in report.errors[:10]:
            self.details += [f"| {line}" for line in error.lines()]


def summary(done):
    return SuiteRun.summary(done, "errors of valgrind")
