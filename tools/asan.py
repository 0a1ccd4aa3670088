"""library and extensions built with AddressSanitizer, and tests/python run on them.

Every use of memory after it is freed, and every access beyond a block, ends the run. The runtime is gcc's libasan,
preloaded into the interpreter; Rust's own is left out.
"""

import os
import re
import subprocess

from builds import ROOT, Build, compiler
from console import Failure
from suite_run import SANITIZE, SuiteRun

TARGET = "x86_64-unknown-linux-gnu"
# What instrumented code calls when an access is wrong.
REPORT = re.compile(r"\b__asan_report_(?:load|store)\w+")
HEADLINE = re.compile(r"ERROR: AddressSanitizer: (\S+)")


class AsanBuild(Build):
    """A build of its own, beside the others: tests look for those of other minors in the neighbouring folders."""

    folder = ROOT / "target" / "asan"
    # With --target, RUSTFLAGS is not for build scripts.
    cargo_arguments = ("--target", TARGET)
    compiler_flags = ("-fsanitize=address", "-fno-omit-frame-pointer", "-O1")

    def environment(self):
        return {
            **super().environment(),
            # The compiler is the stable one: it has the sanitizer, and asks for this before it lets anybody use it.
            "RUSTC_BOOTSTRAP": "1",
            "RUSTFLAGS": "-Zsanitizer=address -Zexternal-clangrt -Cforce-frame-pointers=yes",
            # Link-time optimization loses the instrumentation.
            "CARGO_PROFILE_RELEASE_LTO": "off",
            "CARGO_PROFILE_RELEASE_DEBUG": "1",
        }

    def library(self):
        super().library()
        self.require_instrumented(self.archive, "the Rust library")
        return self

    def extension(self, name):
        super().extension(name)
        self.require_instrumented(self.out / f"{name}{self.python.suffix}", f"the extension {name}")

    def require_instrumented(self, path, what):
        symbols = subprocess.run(["nm", str(path)], capture_output=True, text=True).stdout
        if not REPORT.search(symbols):
            raise Failure(f"{what} was built without AddressSanitizer: {path} calls no __asan_report_ function")
        runtime = [line for line in symbols.splitlines() if re.search(r" [Tt] __asan_init$", line)]
        if runtime:
            raise Failure(f"{what} brings an AddressSanitizer runtime of its own: {path} defines __asan_init")


def runtime(name):
    """The path of one of gcc's libraries."""
    command = [*compiler("CC", "cc", "gcc"), f"-print-file-name={name}"]
    path = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    if not os.path.isabs(path):
        raise Failure(f"gcc has no {name}, which AddressSanitizer needs; apt-get install libgcc-dev (or CC=gcc)")
    return os.path.realpath(path)


def command(build, arguments, log, **options):
    """The command and environment that run Python with the runtime; reports go to files that begin with `log`."""
    return build.run_python(
        arguments,
        # libstdc++ too: the runtime looks for what it intercepts there, and an extension would load it too late.
        LD_PRELOAD=f"{runtime('libasan.so')} {runtime('libstdc++.so.6')}",
        # An allocation that is far too large is a test's own doing.
        ASAN_OPTIONS=f"detect_leaks=0:halt_on_error=1:allocator_may_return_null=1:log_path={log}",
        PYTHONMALLOC="malloc",
        TEST_PYTHON=build.python.path,
        **options,
    )


USES_AFTER_FREE = ("read_dead_object", "copy_dead_function", "read_freed_frame")


def builds(found, short):
    chosen = [AsanBuild(python) for python in found if not python.debug]
    if not chosen:
        raise Failure("asan: needs an interpreter that is not a debug build; PYTHONS names others")
    return chosen


def prove(chosen):
    """Each use after free has to be reported: by the extension's own code, and by the Rust code."""
    for build in chosen:
        for fault in USES_AFTER_FREE:
            report = Reports(build, f"fault-{fault}")
            program, environment = command(build, [str(SANITIZE / "fault.py"), fault], report.prefix)
            subprocess.run(program, env=environment, capture_output=True, timeout=300)
            if report.kinds() != ["heap-use-after-free"]:
                raise Failure(f"asan is silent: it was to report {fault} on {build.python.name}, and reported {report.kinds()}")
        yield f"{build.python.name}: heap-use-after-free reported for {', '.join(USES_AFTER_FREE)}"


class Reports:
    """What the runtime has written while a program ran: one file for each process that it stopped."""

    def __init__(self, build, name):
        self.prefix = build.out / f"asan-{name}"
        for path in self.paths():
            path.unlink()

    def paths(self):
        return sorted(self.prefix.parent.glob(f"{self.prefix.name}.*"))

    def errors(self):
        """The texts that are more than a warning."""
        return [text for text in (path.read_text(errors="replace") for path in self.paths()) if HEADLINE.search(text)]

    def kinds(self):
        return sorted(HEADLINE.search(text).group(1) for text in self.errors())


def jobs(chosen, modules, short):
    return [lambda build=build, part=part: Asan(build, part, modules[part::2]) for build in chosen for part in range(2)]


class Asan(SuiteRun):
    """Some of tests/python on the instrumented build."""

    def __init__(self, build, part, modules):
        reports = Reports(build, f"tests-{part}")
        self.run(build, *command(build, [str(SANITIZE / "run_tests.py"), *modules], reports.prefix))
        self.errors = len(reports.errors())
        for text in reports.errors():
            self.details += [f"| {line}" for line in text.splitlines()[1:20]]


def summary(done):
    return SuiteRun.summary(done, "reports of AddressSanitizer")
