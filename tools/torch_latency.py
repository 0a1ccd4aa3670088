"""How long a call of a compiled function takes, plain and on the shim: two processes that take turns."""

import statistics
import subprocess

from builds import ROOT
from console import Failure, Step, say

PROGRAM = ROOT / "tests" / "torch" / "latency.py"
# Pairs of processes, since where things lie in memory differs from one to the next; and turns of each pair.
PAIRS, TURNS = 6, 60
WHAT = {
    "tiny": "a function of one operation",
    "broken": "one operation, a graph break, one more: two frames taken over",
    "wide": "30 locals and 10 cells",
}


class Worker:
    """A process that measures a batch of calls when it is asked to."""

    def __init__(self, environment, way):
        self.process = subprocess.Popen(
            [environment.executable, str(PROGRAM), str(way)], env=environment.variables(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{PROGRAM.name} broke off:\n{self.process.stderr.read()[-2000:]}")
        return line.strip()

    def ask(self, name):
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return float(self.answer())

    def end(self):
        self.process.communicate()


def pair(environment):
    """The times of one pair of processes: for each function the plain and the shim's, turn by turn."""
    plain, shim = workers = [Worker(environment, way) for way in ("plain", "shim")]
    for worker in workers:
        worker.answer()
    times = {name: [] for name in WHAT}
    for turn in range(TURNS):
        for name in WHAT:
            first, second = (plain, shim) if turn % 2 else (shim, plain)
            asked = {first: first.ask(name), second: second.ask(name)}
            times[name].append((asked[plain], asked[shim]))
    for worker in workers:
        worker.end()
    return times


def measure(environment):
    """Print and return the ratios. Each turn gives one; noise of a busy machine hits both halves of a turn alike."""
    pairs = []
    with Step(f"{environment.name}: latency, {PAIRS} pairs of processes, {TURNS} turns each"):
        for _ in range(PAIRS):
            pairs.append(pair(environment))
    say(f"\n{environment.name}: a call of a compiled function (backend eager), plain and on the shim")
    answer = {}
    for name, title in WHAT.items():
        turns = [turn for times in pairs for turn in times[name]]
        ratios = [shim / plain for plain, shim in turns]
        by_pair = sorted(statistics.median(shim / plain for plain, shim in times[name]) for times in pairs)
        low, middle, high = statistics.quantiles(ratios, n=4)
        plain, shim = (statistics.median(side) / 1000 for side in zip(*turns))
        answer[name] = {"plain": plain, "shim": shim, "ratio": middle, "quartiles": [low, high], "pairs": by_pair}
        say(
            f"  {title}: {plain:.2f} us plain, {shim:.2f} us on the shim; ratio {middle:.3f} "
            f"(half of the turns {low:.3f}-{high:.3f}, pairs {by_pair[0]:.3f}-{by_pair[-1]:.3f})"
        )
    return answer
