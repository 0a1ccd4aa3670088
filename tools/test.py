"""Every test, on every interpreter that is found.

    make test [PYTHONS="..."] [REQUIRE="3.11 3.12 3.13"] [ARGS="-k name -x --lf"]
    make test-python                only the part that an interpreter drives, for builds that nothing can be linked with

For each interpreter: pytest runs the tests in tests/python in it, and those in tests/from_python, which need the package's module;
and the Rust tests are linked with its libpython. Several interpreters have their tests side by side, as many as there are
processors: each in a process of its own, whose output is shown when it ends. Then the tests in tests/artifacts look at what was
built. ARGS is for pytest.
"""

import json
import os
import subprocess
import sys
from concurrent import futures

import for_python
import libclang
import pytests
import pythons
from builds import EXTENSIONS, ROOT, Build
from console import Progress, main, say
from report import Report


def python_tests(tally, build, python=None):
    """tests/python, in the interpreter of the build or in another."""
    python = python or build.python
    what = f"{python.name}: tests/python" + (f", built for {build.python.name}" if python is not build.python else "")
    # A wrapped interpreter cannot find itself: hence TEST_PYTHON.
    variables = {"PYTHONPATH": str(build.out), "TEST_PYTHON": python.path}
    pytests.run(tally, what, python.path, ROOT / "tests" / "python", build.out / f"pytest-{python.name}", **variables)


def package_tests(tally, build):
    """tests/from_python: what the Python package offers to people who write Python."""
    name, variables = build.python.name, {**for_python.environment(build), "TEST_PYTHON": build.python.path}
    place = build.out / f"pytest-from-{name}"
    pytests.run(tally, f"{name}: tests/from_python", build.python.path, ROOT / "tests" / "from_python", place, **variables)


def rust_tests(tally, build):
    """tests/*.rs and the examples in the crate's documentation, linked with libpython."""
    if build.python.debug or not build.python.shared:
        say(f"\n{build.python.name}: tests/*.rs not run: no shared libpython to link them with")
        return
    environment = build.environment()
    cargo(tally, f"{build.python.name}: tests/*.rs", "--tests", environment)
    # What build.rs says of linking reaches tests, and not examples; nor do those know where the interpreter's library is.
    folder = build.python.library_folder
    link = f"-L {folder} -C link-arg=-lpython{build.python.minor} -C link-arg=-Wl,-rpath,{folder}"
    flags = f"{os.environ.get('RUSTDOCFLAGS', '')} {link}".strip()
    environment = {**environment, "RUSTDOCFLAGS": flags, "PYTHONHOME": build.python.prefix}
    cargo(tally, f"{build.python.name}: the examples in the crate's documentation", "--doc", environment)


def cargo(tally, what, kind, environment):
    """One run of cargo test, counted as one test: it tells the rest itself."""
    say(f"\n{what}")
    command = ["cargo", "test", "--quiet", "--package", "pyframe-shim", "--release", "--locked", kind]
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode
    tally.add(what, passed=int(code == 0), failed=int(code != 0))


def artifact_tests(tally, builds):
    """tests/artifacts, about what was built."""
    paths = json.dumps([build.python.path for build in builds])
    place = ROOT / "target" / "pytest-artifacts"
    pytests.run_side_by_side(tally, "tests/artifacts", ROOT / "tests" / "artifacts", place, PYFRAME_SHIM_PYTHONS=paths)


def tests_of(tally, build, only_python):
    """Everything that is tested in one interpreter."""
    build.library()
    for name in EXTENSIONS:
        build.extension(name)
    python_tests(tally, build)
    package_tests(tally, build)
    if not only_python and not os.environ.get("ARGS"):
        rust_tests(tally, build)


def counted(build):
    """Where a process notes down how its tests went."""
    return build.out / "tally.json"


def alone(path, only_python):
    """What a process does that was started for one interpreter."""
    build, tally = Build(pythons.Python(path)), pytests.Tally()
    tests_of(tally, build, only_python)
    counted(build).write_text(json.dumps(tally.parts))
    return 0


def side_by_side(tally, builds):
    """The tests of each interpreter in a process of its own."""

    def start(build):
        counted(build).unlink(missing_ok=True)
        command = [sys.executable, __file__, *sys.argv[1:], "--of", build.python.path]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    say(f"the tests of {len(builds)} interpreters, side by side")
    progress = Progress(len(builds))
    with futures.ThreadPoolExecutor(min(len(builds), os.cpu_count() or 1)) as pool:
        running = {pool.submit(start, build): build for build in builds}
        for done in futures.as_completed(running):
            build = running[done]
            say(f"\n{done.result().rstrip()}\n")
            if counted(build).exists():
                for what, counts in json.loads(counted(build).read_text()).items():
                    tally.add(what, **counts)
            else:
                tally.add(f"{build.python.name}: broke off", failed=1)
            progress.tell(f"{build.python.name} is done")


def test():
    only_python = "--python-only" in sys.argv[1:]
    if "--of" in sys.argv:
        return alone(sys.argv[-1], only_python)
    report, tally = Report("test-python" if only_python else "test"), pytests.Tally()
    builds = [Build(python) for python in pythons.find()]
    pytests.ensure(build.python.path for build in builds)
    if len(builds) > 1:
        # Brought before several processes would bring them.
        libclang.ensure()
        for_python.ensure()
        side_by_side(tally, builds)
    else:
        tests_of(tally, *builds, only_python)
    if not only_python:
        artifact_tests(tally, builds)
    return tally.close(report)


if __name__ == "__main__":
    sys.exit(main(test))
