"""Every symbol beside a baseline in plain C, and PyTorch's own if it is there, on every interpreter that is found.

    make bench [PYTHONS="..."] [TORCH_LIB="3.11=/path/to/libtorch_python.so:3.13=/path/to/another"] [QUICK=1]

Writes docs/bench.md and its picture, and into target/bench every figure and the curves. TORCH_LIB names a library for each
minor, or one path if there is one interpreter; the packages that the library wants have to lie where pip puts them. QUICK=1
takes a minute, counts no instructions, and leaves docs alone. criterion is not used: benches/README.md says why.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

import bench_hooks
import bench_pictures
import bench_tables
import callgrind
import pythons
from bench_results import Results
from builds import ROOT, Build
from console import Failure, Progress, main, say
from report import Report

# Processes differ in where their memory lies and in the hashes of their names; rounds within one do not.
PROCESSES, ROUNDS, CURVE_ROUNDS = 3, 200, 40
HOOK_ROUNDS = 41
QUICK_PROCESSES, QUICK_ROUNDS = 1, 40
NANOSECONDS = 100_000  # of one implementation in a round
VERSION = re.compile(r"""^__version__ = ['"]([\d.]+)""", re.MULTILINE)


def torch_libraries(found):
    """By minor, the path of PyTorch's library."""
    wanted = os.environ.get("TORCH_LIB", "")
    if not wanted:
        return {}
    paths = {}
    for entry in wanted.split(":"):
        minor, _, path = entry.rpartition("=")
        if not minor and len(found) > 1:
            raise Failure(f"TORCH_LIB must say for which minor {path} is: TORCH_LIB=3.12={path}, or name one interpreter in PYTHONS")
        minor = minor or found[0].minor
        for python in found:
            if python.minor == minor:
                check_library(pathlib.Path(path), python)
        paths[minor] = path
    return paths


def check_library(path, python):
    """Loaded lazily, a library for another minor would not complain, and read frames as they are there."""
    if not path.is_file():
        raise Failure(f"TORCH_LIB names {path}, which is not there; it is torch/lib/libtorch_python.so of an installed PyTorch")
    module = path.parent.parent / f"_C{python.suffix}"
    if not module.is_file():
        raise Failure(
            f"TORCH_LIB names {path} for CPython {python.name}, but {module}, which an installed PyTorch for it has, is not there"
        )


def torch_release(path):
    """The release that the library is of."""
    version = pathlib.Path(path).parent.parent / "version.py"
    found = VERSION.search(version.read_text()) if version.is_file() else None
    return found.group(1) if found else "of an unknown release"


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return "an unknown processor"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else "an unknown processor"


def ask(build, script, *arguments):
    """What one of the scripts in benches/ measures in the interpreter."""
    command, environment = build.run_python([str(ROOT / "benches" / script), *map(str, arguments)])
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"benches/{script} ended with exit code {done.returncode} on {build.python.name}:\n{done.stderr.rstrip()}")
    return json.loads(done.stdout)


def measure(build, torch, quick, counting, progress):
    library = [torch] if torch else []
    results = Results(build.python, torch_release(torch) if torch else None)
    instructions = callgrind.count(build, torch, progress) if counting else {}
    processes, rounds = (QUICK_PROCESSES, QUICK_ROUNDS) if quick else (PROCESSES, ROUNDS)
    results.hooks = bench_hooks.measure(build, QUICK_ROUNDS // 4 if quick else HOOK_ROUNDS, ask, counting)
    progress.tell(f"{build.python.name}: hooks measured")
    for number in range(processes):
        results.add_rows(ask(build, "measure.py", "table", rounds, NANOSECONDS, *library), instructions)
        results.add_points(ask(build, "measure.py", "curves", min(rounds, CURVE_ROUNDS), NANOSECONDS, *library))
        results.add_calls(ask(build, "calls.py", rounds, NANOSECONDS))
        progress.tell(f"{build.python.name}: operations measured, process {number + 1} of {processes}")
    return results


def bench():
    quick, report = bool(os.environ.get("QUICK")), Report("bench")
    found = pythons.find()
    torch = torch_libraries(found)
    for python in found:
        if python.minor not in torch:
            say(f"CPython {python.name}: not beside PyTorch: TORCH_LIB names no library for {python.minor}")
    if quick:
        say("instructions are not counted: QUICK is set")
    counting = not quick and callgrind.available()
    builds = [Build(python).library() for python in found]
    for build in builds:
        build.extension("bench")
        build.extension("hooks")
        build.extension("shadow")
        build.package()
    all_results, progress = [], Progress(len(builds) * (counting + 1 + (QUICK_PROCESSES if quick else PROCESSES)))
    for build in builds:
        all_results.append(measure(build, torch.get(build.python.minor), quick, counting, progress))
        bench_tables.show(all_results[-1])
    write(all_results, quick)
    return report.close(0, interpreters=[results.as_json() for results in all_results])


def write(all_results, quick):
    figures = ROOT / "target" / "bench"
    place = figures if quick else ROOT / "docs"
    for folder in (figures, place / "bench"):
        folder.mkdir(parents=True, exist_ok=True)
    for results in all_results:
        results.write_csv(figures / f"{results.python.minor}.csv")
    processes, rounds = (QUICK_PROCESSES, QUICK_ROUNDS) if quick else (PROCESSES, ROUNDS)
    command = ["make bench"]
    if any(results.torch for results in all_results):
        command.append("TORCH_LIB=...")
    if quick:
        command.append("QUICK=1")
    facts = {
        "command": " ".join(command),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "rounds": processes * rounds,
        "processes": processes,
        "es": "" if processes == 1 else "es",
    }
    (place / "bench.md").write_text(bench_tables.document(all_results, facts))
    bench_pictures.draw(all_results, place / "bench", figures)
    say(f"written: {(place / 'bench.md').relative_to(ROOT)}, and every figure and the curves in {figures.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main(bench))
