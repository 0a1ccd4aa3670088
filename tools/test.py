"""Every test, on every interpreter that is found.

    make test [PYTHONS="..."] [REQUIRE="3.11 3.12 3.13"]
    make test-python                only the part that an interpreter drives, for builds that nothing can be linked with

For each interpreter: the tests in tests/python run in it, and the Rust tests are linked with its libpython. Then the
tests in tests/artifacts look at what was built.
"""

import json
import os
import re
import subprocess
import sys

import pythons
from builds import EXTENSIONS, ROOT, Build
from console import Step, main, say

UNITTEST = re.compile(r"^Ran (\d+) tests?", re.MULTILINE)
OUTCOMES = re.compile(r"\b(expected failures|failures|errors|skipped|unexpected successes)=(\d+)")
CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
SKIPPED = re.compile(r"^(test_\w+) \(.*\)(?:\n.*)? \.\.\. skipped (.*)$", re.MULTILINE)


class Tally:
    """How many tests passed, failed, and were skipped."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def run(tally, what, command, log, count, **options):
    """Run one suite, count its tests, and show what there is to see if it fails."""
    with Step(what):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout)
    passed, failed, skipped = count(done.stdout)
    if done.returncode != 0 and failed == 0:
        failed = 1  # it broke off
    tally.add(passed, failed, skipped)
    say(f"    {passed} passed, {failed} failed, {skipped} skipped")
    for test, reason in SKIPPED.findall(done.stdout):
        say(f"    skipped: {test}: {reason}")
    if failed:
        say("\n".join(f"    | {line}" for line in done.stdout.splitlines()[-120:]))
        say(f"    all of it: {log}")


def count_unittest(text):
    ran = UNITTEST.findall(text)
    outcomes = dict.fromkeys(("failures", "errors", "skipped", "unexpected successes"), 0)
    last = text.strip().splitlines()[-1] if text.strip() else ""
    outcomes.update({name: int(number) for name, number in OUTCOMES.findall(last)})
    failed = outcomes["failures"] + outcomes["errors"] + outcomes["unexpected successes"]
    return (int(ran[-1]) if ran else 0) - failed - outcomes["skipped"], failed, outcomes["skipped"]


def count_cargo(text):
    return tuple(sum(int(number) for number in column) for column in zip(*CARGO.findall(text))) or (0, 0, 0)


def python_tests(tally, build, python=None):
    """tests/python, in the interpreter of the build or in another."""
    python = python or build.python
    what = f"{python.name}: tests/python" + (f", built for {build.python.name}" if python is not build.python else "")
    # A wrapped interpreter cannot find itself: hence TEST_PYTHON.
    environment = {**os.environ, "PYTHONPATH": str(build.out), "TEST_PYTHON": python.path}
    command = [python.path, "-m", "unittest", "discover", "-v", "-s", str(ROOT / "tests" / "python")]
    run(tally, what, command, build.out / f"tests-python-{python.name}.log", count_unittest, env=environment)


def rust_tests(tally, build):
    """tests/*.rs, linked with libpython."""
    if build.python.debug or not build.python.shared:
        say(f"  {build.python.name}: tests/*.rs not run: no shared libpython to link them with")
        return
    command, environment = ["cargo", "test", "--package", "pyframe-shim", "--release", "--locked"], build.environment()
    what = f"{build.python.name}: tests/*.rs"
    run(tally, what, [*command, "--tests"], build.out / "tests-rust.log", count_cargo, cwd=ROOT, env=environment)
    # What build.rs says of linking reaches tests, and not examples; nor do those know where the interpreter's library is.
    home, folder = build.python.prefix, build.python.library_folder
    link = f"-L {folder} -C link-arg=-lpython{build.python.minor} -C link-arg=-Wl,-rpath,{folder}"
    environment = {**environment, "RUSTDOCFLAGS": f"{os.environ.get('RUSTDOCFLAGS', '')} {link}".strip(), "PYTHONHOME": home}
    what = f"{build.python.name}: the examples in the crate's documentation"
    run(tally, what, [*command, "--doc"], build.out / "tests-doc.log", count_cargo, cwd=ROOT, env=environment)


def artifact_tests(tally, builds):
    """tests/artifacts, about what was built."""
    environment = {**os.environ, "PYFRAME_SHIM_PYTHONS": json.dumps([build.python.path for build in builds])}
    folder = str(ROOT / "tests" / "artifacts")
    command = [sys.executable, "-m", "unittest", "discover", "-v", "-s", folder]
    run(tally, "tests/artifacts", command, ROOT / "target" / "tests-artifacts.log", count_unittest, env=environment)


def test():
    only_python = "--python-only" in sys.argv[1:]
    builds, tally = [Build(python) for python in pythons.find()], Tally()
    for build in builds:
        build.library()
        for name in EXTENSIONS:
            build.extension(name)
    for build in builds:
        python_tests(tally, build)
        if not only_python:
            rust_tests(tally, build)
    if not only_python:
        artifact_tests(tally, builds)
    say(f"\n{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(test))
