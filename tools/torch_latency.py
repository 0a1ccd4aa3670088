"""How long a call of a compiled function takes, with torch's own frame functions and with the library's."""

import json
import statistics

from builds import ROOT
from console import Failure, Step, say

PROGRAM = ROOT / "tests" / "torch" / "latency.py"
# Processes, since where things lie in memory differs from one to the next; and turns in each.
PROCESSES, TURNS, SECONDS = 5, 100, 900
WHAT = {
    "tiny": "a function of one operation",
    "broken": "one operation, a graph break, one more: two frames taken over",
    "wide": "30 locals, 10 of them cells",
}


def process(environment):
    code, output, errors = environment.run([str(PROGRAM), str(TURNS)], SECONDS)
    if code != 0:
        raise Failure(f"{PROGRAM.name} ended with {code}:\n{errors[-2000:]}")
    return json.loads(output.splitlines()[-1])


def measure(environment):
    """Print and return the ratios. Each turn gives one; noise of a busy machine hits both halves of a turn alike."""
    with Step(f"{environment.name}: latency, {PROCESSES} processes, {TURNS} turns each"):
        processes = [process(environment) for _ in range(PROCESSES)]
    say(f"\n{environment.name}: a call of a compiled function (backend eager), with torch's own functions and on the shim")
    answer = {}
    for name, title in WHAT.items():
        turns = [turn for times in processes for turn in times[name]]
        low, middle, high = statistics.quantiles([shim / plain for plain, shim in turns], n=4)
        each = sorted(statistics.median(shim / plain for plain, shim in times[name]) for times in processes)
        plain, shim = (statistics.median(side) / 1000 for side in zip(*turns))
        answer[name] = {"plain": plain, "shim": shim, "ratio": middle, "quartiles": [low, high], "processes": each}
        say(
            f"  {title}: {plain:.2f} us plain, {shim:.2f} us on the shim; ratio {middle:.3f} "
            f"(half of the turns {low:.3f}-{high:.3f}, processes {each[0]:.3f}-{each[-1]:.3f})"
        )
    return answer
