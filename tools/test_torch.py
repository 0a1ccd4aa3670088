"""An installed PyTorch on the shim: programs through torch.compile, plain and with the library's functions in place of torch's.

    make test-torch TORCH=2.6.0 PYTHON=/path/to/python3 [MODULES="frames depth"] [OVERHEAD=0] [JSON=report.json]

Results, exceptions with their tracebacks, graphs, recompilations and graph breaks must be the same to the last bit; every
slot of torch's for a function of ours must point to the library, and every function that torch calls must have been called.
Downloads gigabytes, once, into target/torch.
"""

import json
import os
import pathlib
import re
import sys

import pythons
import torch_latency
import torch_suite
from builds import ROOT, Build
from console import Failure, main, say
from torch_environment import Environment

# Called in torch by other functions of the set only: those are ours, and call their own.
INNER = {
    "THP_PyFrame_New_NoTrack": "THP_PyFrame_MakeAndSetFrameObject",
    "THP_PyFrame_MakeAndSetFrameObject": "THP_PyFrame_Clear",
    "THP_PyObject_VirtualAlloc": "THP_PyThreadState_BumpFramePointerSlow",
    "THP_PyObject_VirtualFree": "THP_PyThreadState_PopFrame",
}
SECONDS = 300


class CountingBuild(Build):
    """The library that counts calls, beside the one that does not."""

    folder = ROOT / "target" / "counters"
    cargo_arguments = ("--features", "counters")


def symbols(environment, compared, library):
    """Tell what torch's slots are bound to and how often each function was called; how many are not as they should be."""
    bound, before, calls = {}, {}, {}
    for comparison in compared:
        bound.update(comparison.shim.bound)
        before.update(comparison.plain.bound)
        for symbol, count in comparison.shim.counters.items():
            calls[symbol] = calls.get(symbol, 0) + count
    if not bound:
        say(f"  nothing to replace: {environment.name} has no slot for any function of the library; the runs were the same program twice")
        return 0
    say(f"\n{environment.name}: what its slots are bound to, and the calls during the suite")
    faults = 0
    for symbol in sorted(bound):
        ours = bound[symbol] == str(library) and before[symbol] != str(library)
        if symbol not in calls:
            told, right = "data", ours
        elif calls[symbol]:
            told, right = f"{calls[symbol]:,}", ours
        elif INNER.get(symbol) in bound:
            told, right = f"0: torch calls it in {INNER[symbol]} only, which is ours", ours
        else:
            told, right = "0", False
        faults += not right
        say(f"  {symbol:<42}{pathlib.Path(bound[symbol] or 'nothing').name:<24}{told}{'' if right else '   WRONG'}")
    unused = sorted(symbol for symbol, count in calls.items() if symbol not in bound)
    say(f"  not used by this release: {', '.join(unused) or 'none'}")
    return faults


def crashes(environment, library):
    """The programs that end plain torch on some versions; how many fail on the shim."""
    failed = 0
    say("\nprograms that crash plain torch where its own functions are wrong:")
    for program in sorted((ROOT / "tests" / "torch" / "crashes").glob("*.py")):
        runner = str(program.parent.parent / "run_alone.py")
        ends = {}
        for way in ("plain", str(library)):
            code, errors = environment.run([runner, way, str(program)], SECONDS)
            last = errors.strip().splitlines()[-1] if code and errors.strip() else ""
            ends[way] = "passes" if code == 0 else f"ends with {code}" + (f" ({last})" if last else "")
        say(f"  {program.stem}: plain {ends['plain']}; on the shim {ends[str(library)]}")
        failed += ends[str(library)] != "passes"
    return failed


def test_torch():
    release = os.environ.get("TORCH", "")
    if not re.fullmatch(r"\d+\.\d+\.\d+", release):
        raise Failure(f"TORCH must name a release, as in TORCH=2.6.0, not {release!r}")
    python = pythons.use(os.environ.get("PYTHON") or "python3")
    say(f"CPython {python.name}: {python.path}")
    library = CountingBuild(python).library().shared
    plain_library = Build(python).library().shared
    environment = Environment(python, release).ensure()
    compared = torch_suite.compare(environment, library)
    failures = torch_suite.report(environment, compared)
    wrong = symbols(environment, compared, library)
    failures += wrong + crashes(environment, library)
    latencies = {}
    if os.environ.get("OVERHEAD") == "0":
        say("\nlatency: not measured (OVERHEAD=0)")
    else:
        latencies = torch_latency.measure(environment, plain_library)
    report = pathlib.Path(os.environ.get("JSON") or environment.folder / "report.json")
    report.write_text(json.dumps({"name": environment.name, "modules": torch_suite.as_json(compared), "latency": latencies}, indent=1))
    say(f"\n{environment.name}: {'FAILED' if failures else 'passed'}; all outcomes are in {os.path.relpath(report, ROOT)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(test_torch))
