"""An installed PyTorch on the shim: programs through torch.compile, plain and with the library's functions in place of torch's.

    make test-torch TORCH=2.6.0 PYTHON=/path/to/python3 [MODULES="frames depth"] [OVERHEAD=0]

Results, exceptions with their tracebacks, graphs, recompilations and graph breaks must be the same to the last bit; every
slot of torch's for a function of ours must point to the library, and every function that torch calls must have been called.
Besides: the programs that crash plain torch, child processes of each kind, and the examples.
Downloads gigabytes, once, into target/torch.
"""

import json
import os
import pathlib
import re
import sys

import pythons
import torch_latency
import torch_page
import torch_suite
import wheel
from builds import ROOT, Build
from console import Failure, Progress, main, say
from report import Report
from torch_environment import Environment

# Called in torch by other functions of the set only: those are ours, and call their own.
INNER = {
    "THP_PyFrame_New_NoTrack": "THP_PyFrame_MakeAndSetFrameObject",
    "THP_PyFrame_MakeAndSetFrameObject": "THP_PyFrame_Clear",
    "THP_PyFrame_ClearLocals": "THP_PyFrame_Clear",
    "THP_PyObject_VirtualAlloc": "THP_PyThreadState_BumpFramePointerSlow",
    "THP_PyObject_VirtualFree": "THP_PyThreadState_PopFrame",
}
SECONDS = 300
# Where plain torch has to end badly; elsewhere it may.
CRASHES = {
    "code_is_leaked": {("2.10.0", "3.14"), ("2.14.1", "3.14")},
    "generator_is_not_evaluated": {*(("2.6.0", "3.12"), ("2.6.0", "3.13"), ("2.15.0", "3.12")), *(("2.10.0", "3.14"), ("2.14.1", "3.14"))},
    "many_free_variables": {("2.4.1", "3.11"), ("2.4.1", "3.12")},
}
WAYS = {"plain": [], "shim": ["-m", "pyframe_shim", "run"]}
# A program of the crashes that a release cannot run says why, and ends with this.
LEFT_OUT = 5
ENDS = {0: "passes", LEFT_OUT: "is left out", None: "does not end"}


def symbols(environment, compared):
    """What torch's slots are bound to and how often each function was called, by symbol."""
    bound, before, calls = {}, {}, {}
    for comparison in compared:
        bound.update(comparison.shim.bound)
        before.update(comparison.plain.bound)
        for symbol, count in comparison.shim.counters.items():
            calls[symbol] = calls.get(symbol, 0) + count
    library = compared[0].shim.library
    say(f"\n{environment.name}: what its slots are bound to, and the calls during the suite")
    found = {}
    if not bound:
        say("  no slot was found, though the package says that it fits   WRONG")
        found["any"] = {"wrong": True}
    for symbol in sorted(bound):
        right = bound[symbol] == library and before[symbol] != library
        if symbol not in calls:
            told = "data, or not counted"
        elif calls[symbol]:
            told = f"{calls[symbol]:,}"
        elif INNER.get(symbol) in bound:
            told = f"0: torch calls it in {INNER[symbol]} only, which is ours"
        else:
            told, right = "0", False
        found[symbol] = {"library": bound[symbol], "calls": calls.get(symbol), "wrong": not right}
        say(f"  {symbol:<42}{pathlib.Path(bound[symbol]).name:<44}{told}{'' if right else '   WRONG'}")
    unused = sorted(symbol for symbol in calls if symbol not in bound)
    say(f"  not used by this release: {', '.join(unused) or 'none'}")
    return found


def crashes(environment):
    """The programs that end badly in plain torch on some versions: wrong is what fails on the shim, or prints something else there."""
    found = {}
    say("\nprograms that end badly in plain torch where its own functions are wrong:")
    for program in sorted((ROOT / "tests" / "torch" / "crashes").glob("*.py")):
        ends, printed = {}, {}
        for way, command in WAYS.items():
            code, output, errors = environment.run([*command, str(program)], SECONDS)
            said = (errors if code else output).strip().splitlines()[-1:]
            ends[way], printed[way] = ENDS.get(code, f"ends with {code}"), output
            ends[way] += f" ({said[0][:100]})" if code and said else ""
        fine = {way: end.startswith((ENDS[0], ENDS[LEFT_OUT])) for way, end in ends.items()}
        wrong = not fine["shim"] or (fine["plain"] and ends["plain"] != ends["shim"])
        wrong |= ends["plain"] == ENDS[0] and printed["plain"] != printed["shim"]
        wrong |= fine["plain"] and (environment.release, environment.python.minor) in CRASHES[program.stem]
        found[program.stem] = {**ends, "wrong": wrong}
        say(f"  {program.stem}: plain {ends['plain']}; on the shim {ends['shim']}{'   WRONG' if wrong else ''}")
    return found


def children(environment):
    """Kinds of child processes: wrong is one without the library, or with it where nobody asked for it."""
    found = {}
    for way, command in WAYS.items():
        program = str(ROOT / "tests" / "torch" / "children.py")
        code, output, errors = environment.run([*command, program], 3 * SECONDS, TORCHINDUCTOR_COMPILE_THREADS="2")
        if code != 0:
            say(f"\nchild processes, {way}: exit code {code}   WRONG\n{errors[-2000:]}")
            return {"any": {"wrong": True}}
        found[way] = json.loads(output.splitlines()[-1])
    kinds = {
        kind: {"plain": plain, "shim": found["shim"][kind], "wrong": plain or not found["shim"][kind]}
        for kind, plain in found["plain"].items()
    }
    ours, plain = (sum(found[way].values()) for way in ("shim", "plain"))
    say(f"\nchild processes: the library in {ours} of {len(found['shim'])} kinds, and in {plain} where nobody asked for it")
    for kind, it in kinds.items():
        if it["wrong"]:
            say(f"  {kind}: plain {it['plain']}, on the shim {it['shim']}   WRONG")
    return kinds


def examples(environment):
    """The examples, and hooks in Python beside PyTorch: wrong is what fails, plain or on the shim, or prints something else there."""
    found = {}
    say("\nexamples, and hooks in Python beside PyTorch:")
    for program in sorted([*(ROOT / "examples" / "torch").glob("*.py"), *(ROOT / "tests" / "torch" / "beside").glob("*.py")]):
        plain, shim = (environment.run([*command, str(program)], SECONDS) for command in WAYS.values())
        wrong = plain[:2] != shim[:2] or plain[0] != 0
        found[program.stem] = {"plain": plain[0], "shim": shim[0], "wrong": wrong}
        say(f"  {program.stem}: {len(shim[1].splitlines())} lines, {'the same' if plain[:2] == shim[:2] else 'DIFFERENT'}")
        if wrong:
            say("\n".join(f"    | {line}" for line in [*plain[2].splitlines()[-5:], *shim[2].splitlines()[-5:]]))
    return found


# What is run besides the programs.
BESIDES = (crashes, children, examples)


def refusal(python, release):
    """Why there is nothing to test: the package's own table says it before anything is fetched."""
    entry = json.loads((ROOT / "python" / "pyframe_shim" / "torch_symbols.json").read_text()).get(release, {}).get(python.minor)
    if entry is None:
        raise Failure(f"docs/torch.md knows no wheel of PyTorch {release} for CPython {python.minor}; TORCH=... names one that it lists")
    return None if entry["verdict"] == "fits" else torch_page.VERDICTS[entry["verdict"]]


def test_torch():
    release = os.environ.get("TORCH", "")
    if not re.fullmatch(r"\d+\.\d+\.\d+", release):
        raise Failure(f"TORCH must name a release, as in TORCH=2.6.0, not {release!r}")
    python = pythons.use(os.environ.get("PYTHON") or "python3")
    report = Report(f"test-torch-{release}-{python.minor}")
    say(f"CPython {python.name}: {python.path}")
    refused = refusal(python, release)
    if refused:
        raise Failure(f"nothing to test: PyTorch {release} on CPython {python.minor} is {refused}")
    built = wheel.wheel(python, Build(python).out / "wheel")
    environment = Environment(python, release).ensure()
    environment.install(built)
    groups, measuring = torch_suite.groups(), os.environ.get("OVERHEAD") != "0"
    progress = Progress(len(groups) + len(BESIDES) + measuring)
    compared = torch_suite.compare(environment, groups, progress)
    failures = torch_suite.show(environment, compared)
    found = {"symbols": symbols(environment, compared)}
    for look in BESIDES:
        found[look.__name__] = look(environment)
        progress.tell(f"{look.__name__}: done")
    failures += sum(it["wrong"] for kind in found.values() for it in kind.values())
    latencies = {}
    if measuring:
        latencies = torch_latency.measure(environment)
        progress.tell("latency: done")
    else:
        say("\nlatency: not measured (OVERHEAD=0)")
    say(f"\n{environment.name}: {'FAILED' if failures else 'passed'}")
    return report.close(failures, torch=release, python=python.name, modules=torch_suite.as_json(compared), latency=latencies, **found)


if __name__ == "__main__":
    sys.exit(main(test_torch))
