"""The main job on real programs: each runs plain, under a hook that does nothing, and with every frame taken over. It must print
the same bytes, and the price is shown.

make demo [PYTHONS="python3.12 ..."]      one interpreter, the newest that is found, unless PYTHONS names others
"""

import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import pythons
from builds import ROOT, Build
from console import Failure, Progress, main, say
from report import Report

PROGRAMS = sorted((ROOT / "examples" / "programs").glob("*.py"))
# What is measured, in rounds in which each has its turn; then a callback reads every frame's locals, once.
MEASURED = ("plain", "hook", "take-over")
ROUNDS = 3


class Run:
    """One program, run in one way."""

    def __init__(self, build, program, way, folder):
        report = pathlib.Path(folder) / f"{program.name}-{way}.json"
        command, environment = build.run_python(
            [str(ROOT / "examples" / "run_program.py"), way, str(report), str(program)], PYTHONHASHSEED="0"
        )
        done = subprocess.run(command, env=environment, capture_output=True, timeout=600)
        self.output = done.stdout
        self.errors = done.stderr
        if done.returncode != 0:
            raise Failure(f"{program.name} ended with exit code {done.returncode}, {way}:\n{done.stderr.decode(errors='replace')}")
        answer = json.loads(report.read_text())
        self.seconds, self.counters = answer["seconds"], answer["counters"]


class Program:
    """One program, run in all ways."""

    def __init__(self, build, path, folder):
        self.name = path.name
        rounds = [{way: Run(build, path, way, folder) for way in MEASURED} for _ in range(ROUNDS)]
        asked = Run(build, path, "locals", folder)
        self.seconds = {way: statistics.median(one[way].seconds for one in rounds) for way in MEASURED}
        self.plain, self.taken, self.asked = rounds[0]["plain"], rounds[0]["take-over"], asked
        for way, run in (*((way, one[way]) for one in rounds for way in MEASURED), ("locals", asked)):
            self.compare(run, way)

    def compare(self, other, way):
        for stream in ("output", "errors"):
            if getattr(self.plain, stream) != getattr(other, stream):
                for name, run in (("plain", self.plain), (way, other)):
                    pathlib.Path(tempfile.gettempdir(), f"{self.name}.{name}.txt").write_bytes(getattr(run, stream))
                raise Failure(f"{self.name} prints something else {way}; both outputs are in {tempfile.gettempdir()}")

    def as_json(self):
        return {"program": self.name, "seconds": self.seconds, "counters": self.taken.counters}

    def ratio(self, way, base="plain"):
        return self.seconds[way] / self.seconds[base]


def table(build, programs):
    say(f"\nCPython {build.python.name}: {len(programs)} programs, the same output byte for byte in every way, median of {ROUNDS} rounds\n")
    say(f"{'program':<26}{'frames seen':>12}{'taken over':>12}{'plain s':>9}{'hook':>7}{'taken':>7}{'to hook':>9}   lines")
    for program in programs:
        counters = program.taken.counters
        ratios = f"{program.ratio('hook'):>7.2f}{program.ratio('take-over'):>7.2f}{program.ratio('take-over', 'hook'):>9.2f}"
        lines = len(program.plain.output.splitlines())
        say(f"{program.name:<26}{counters['seen']:>12,}{counters['taken_over']:>12,}{program.seconds['plain']:>9.2f}{ratios}{lines:>8}")
    means = [
        statistics.geometric_mean(program.ratio(*ways) for program in programs)
        for ways in (("hook",), ("take-over",), ("take-over", "hook"))
    ]
    say(f"{'geometric mean':<59}{means[0]:>7.2f}{means[1]:>7.2f}{means[2]:>9.2f}")
    asked = sum(program.asked.counters["taken_over"] for program in programs)
    started = sum(program.taken.counters["passed"]["started"] for program in programs)
    say(f"\na callback in Python has read the locals of {asked:,} frames; {started:,} frames of resumed generators ran as they were")


def demo():
    report, found = Report("demo"), pythons.find()
    if not os.environ.get("PYTHONS"):
        found = found[-1:]
        say(f"using CPython {found[0].name}; PYTHONS=... chooses others")
    progress, answers = Progress(len(found) * len(PROGRAMS)), []
    for python in found:
        build, programs = Build(python).library(), []
        build.extension("evalframe")
        with tempfile.TemporaryDirectory() as folder:
            # Side by side: what is compared is the processor's time, and a program's ways take turns.
            with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
                for job in concurrent.futures.as_completed([pool.submit(Program, build, path, folder) for path in PROGRAMS]):
                    programs.append(job.result())
                    progress.tell(f"{python.name}: {programs[-1].name}: the same output in every way, {ROUNDS} rounds")
        table(build, sorted(programs, key=lambda program: program.name))
        answers.append({"python": python.name, "programs": [program.as_json() for program in programs]})
    return report.close(0, interpreters=answers)


if __name__ == "__main__":
    sys.exit(main(demo))
