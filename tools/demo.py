"""The main job on real programs: each runs plain and through the shim, and must print the same bytes.

make demo [PYTHONS="python3.12 ..."]      one interpreter, the newest that is found, unless PYTHONS names others
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pythons
from builds import ROOT, Build
from console import Failure, Step, main, say

PROGRAMS = sorted((ROOT / "examples" / "programs").glob("*.py"))
WAYS = ("plain", "take-over", "locals")


class Run:
    """One program, run in one way."""

    def __init__(self, build, program, way, folder):
        report = pathlib.Path(folder) / "report.json"
        command, environment = build.run_python(
            [str(ROOT / "examples" / "run_program.py"), way, str(report), str(program)], PYTHONHASHSEED="0"
        )
        with Step(f"{build.python.name}: {program.name}, {way}"):
            done = subprocess.run(command, env=environment, capture_output=True, timeout=600)
        self.output = done.stdout
        self.errors = done.stderr
        if done.returncode != 0:
            raise Failure(f"{program.name} ended with exit code {done.returncode}, {way}:\n{done.stderr.decode(errors='replace')}")
        answer = json.loads(report.read_text())
        self.seconds, self.counters = answer["seconds"], answer["counters"]


def compare(program, plain, other, way):
    for stream in ("output", "errors"):
        if getattr(plain, stream) != getattr(other, stream):
            for name, run in (("plain", plain), (way, other)):
                pathlib.Path(tempfile.gettempdir(), f"{program.stem}.{name}.txt").write_bytes(getattr(run, stream))
            raise Failure(f"{program.name} prints something else {way}; both outputs are in {tempfile.gettempdir()}")


def table(build, rows):
    say(f"\nCPython {build.python.name}: {len(rows)} programs, the same output byte for byte, plain and through the shim\n")
    say(f"{'program':<26}{'frames seen':>12}{'taken over':>12}{'plain s':>9}{'shim s':>8}{'ratio':>7}   lines")
    for program, plain, taken, _ in rows:
        counters = taken.counters
        say(
            f"{program.name:<26}{counters['seen']:>12,}{counters['taken_over']:>12,}{plain.seconds:>9.2f}"
            f"{taken.seconds:>8.2f}{taken.seconds / plain.seconds:>7.2f}{len(plain.output.splitlines()):>8}"
        )
    say("\ncalls per symbol, all programs" + f"{'take-over':>26}{'locals':>14}")
    for symbol in rows[0][2].counters["symbols"]:
        totals = [sum(row[way].counters["symbols"][symbol] for row in rows) for way in (2, 3)]
        say(f"  {symbol:<42}{totals[0]:>12,}{totals[1]:>14,}")
    passed = {}
    for row in rows:
        for reason, count in row[2].counters["passed"].items():
            passed[reason] = passed.get(reason, 0) + count
    say("  evaluated unchanged: " + ", ".join(f"{count:,} {reason}" for reason, count in passed.items() if count))


def demo():
    found = pythons.find()
    if not os.environ.get("PYTHONS"):
        found = found[-1:]
        say(f"using CPython {found[0].name}; PYTHONS=... chooses others")
    for python in found:
        build = Build(python).library()
        build.extension("evalframe")
        rows = []
        with tempfile.TemporaryDirectory() as folder:
            for program in PROGRAMS:
                runs = [Run(build, program, way, folder) for way in WAYS]
                for way, run in zip(WAYS[1:], runs[1:]):
                    compare(program, runs[0], run, way)
                rows.append((program, *runs))
        table(build, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(demo))
