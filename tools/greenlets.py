"""greenlet's own tests with every frame taken over: the C stacks of its hooks are switched, left and abandoned.

    make greenlets [PYTHONS="..."]

Each module runs under a hook that does nothing, and with every frame run in place, by a copy of its code and by bigger code. A test
that ends otherwise is run again. tests/regrtest/run_module.py runs them.
"""

import pathlib
import subprocess
import sys

import pypi
import pythons
import uv
from builds import Build
from console import Failure, Progress, Step, main, say
from regrtest import Difference, Run
from report import Report

WAYS = ("copy", "bigger")


def environment(build):
    """A virtual environment with greenlet and what its tests need; its interpreter."""
    place = build.cargo_target / "greenlets"
    python, wanted = place / "bin" / "python", pypi.pinned("greenlet", "objgraph", "psutil")
    stamp = place / "finished"
    if not stamp.exists() or stamp.read_text() != " ".join(wanted):
        with Step(f"{build.python.name}: making an environment"):
            uv.environment(build.python.path, place)
            uv.install(str(python), *wanted)
        stamp.write_text(" ".join(wanted))
    return str(python)


def modules(python):
    """The modules of greenlet's tests."""
    code = "import greenlet.tests, pathlib; print(pathlib.Path(greenlet.tests.__file__).parent)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"greenlet's tests cannot be imported:\n{done.stderr}")
    return sorted(f"greenlet.tests.{path.stem}" for path in pathlib.Path(done.stdout.strip()).glob("test_*.py"))


def greenlets():
    failures, answers, report, todo = 0, [], Report("greenlets"), []
    for found in pythons.find():
        build = Build(found).library()
        for name in ("api", "shadow"):
            build.extension(name)
        python = environment(build)
        todo.append((build, python, modules(python)))
    progress = Progress(sum(len(names) for _, _, names in todo))
    for build, python, names in todo:
        tests, frames, wrong = 0, dict.fromkeys(WAYS, 0), {}
        for module in names:
            odd = {}
            watched = Run(build, module, "watch", python)
            tests += len(watched.outcomes)
            for way in WAYS:
                one = Difference(build, module, way, watched, python)
                frames[way] += one.taken_over
                if one.different or one.broken or watched.problem:
                    odd[f"{module}, {way}"] = f"{watched.problem or one.verdict()}: {one.different}"
            wrong |= odd
            told = "; ".join(f"{name}: {what}" for name, what in odd.items())
            progress.tell(f"{build.python.name}: {told or f'{module}: {len(watched.outcomes)} tests, the same'}")
        taken = ", ".join(f"{count:,} {way}" for way, count in frames.items())
        say(f"CPython {build.python.name}: {tests} tests of greenlet, frames taken over in place: {taken}; {len(wrong)} runs differ")
        answers.append({"python": build.python.name, "tests": tests, "frames": frames, "different": wrong})
        failures += len(wrong)
    return report.close(failures, interpreters=answers)


if __name__ == "__main__":
    sys.exit(main(greenlets))
