"""Generated programs: locals by every route against the interpreter's own answer. A failing one is shrunk and saved.

python test_locals.py EXAMPLES
"""

import hashlib
import os
import pathlib
import sys
import time

import compare
from hypothesis import HealthCheck, Phase, given, seed, settings
from programs import GENERIC, programs

SAVED = pathlib.Path(__file__).resolve().parent.parent / "python" / "programs"


class Figures:
    """What has been tried; and the last program that failed, which is the smallest when Hypothesis is done."""

    def __init__(self):
        self.tried = set()
        self.stops = self.entries = 0
        self.failing = None

    def check(self, source):
        answer = compare.compare_apart(source)
        self.tried.add(source)
        self.stops += answer.stops
        self.entries += answer.entries
        if answer.problems:
            self.failing = source, answer.problems
            raise AssertionError(answer.problems[0])


def save(source, problem):
    """Save the program among those that the ordinary tests run."""
    gate = compare.FROM_312 if GENERIC and not compiles_on_311(source) else ""
    SAVED.mkdir(exist_ok=True)
    path = SAVED / f"found_{hashlib.sha256(source.encode()).hexdigest()[:8]}.py"
    version = ".".join(map(str, sys.version_info[:2]))
    path.write_text(f"{gate}# Found on {version}: {problem.splitlines()[0]}\n{source}")
    return path


def compiles_on_311(source):
    """Whether the program does without what came with 3.12."""
    return not any(line.lstrip().startswith("type ") or "[T]" in line for line in source.splitlines())


def main(examples):
    figures, began = Figures(), time.monotonic()
    test = given(programs())(figures.check)
    test = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        print_blob=False,
    )(test)
    if os.environ.get("SEED"):
        test = seed(int(os.environ["SEED"]))(test)
    failure = None
    try:
        test()
    except Exception as error:
        failure = error
    print(
        f"{len(figures.tried)} programs tried in {time.monotonic() - began:.0f} s: frames compared at {figures.stops} stops "
        f"and {figures.entries} entries"
    )
    if failure is None:
        return 0
    if figures.failing is None:
        print(f"{type(failure).__name__}: {failure}")
        return 1
    source, problems = figures.failing
    path = save(source, problems[0])
    print(f"\nFAILED. The smallest program that was found has been saved as\n  {path}\n")
    print("".join(f"    {line}\n" for line in source.splitlines()))
    print("".join(f"  {problem}\n" for problem in problems), end="")
    return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
