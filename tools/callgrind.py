"""Instructions per repetition of each operation of the benches, counted by valgrind's callgrind.

They do not depend on what else the machine does, nor on what its memory is like: a figure beside the times, not in their
place.
"""

import json
import re
import shutil
import subprocess

from builds import ROOT
from console import Failure, say

# The function of benches/bench.c around the loops.
COUNTED = "bench_counted"
SUMMARY = re.compile(r"^summary: (\d+)$", re.MULTILINE)
SECONDS = 3000


def available():
    """Whether there is a valgrind; says so if not."""
    found = shutil.which("valgrind") is not None
    if not found:
        say("instructions are not counted: there is no valgrind; install it with your system's packages")
    return found


def count(build, torch, progress):
    """By operation, shape and implementation; {} with the reason printed if valgrind cannot."""
    folder = build.out / "callgrind"
    order = folder / "order.json"
    arguments = [str(ROOT / "benches" / "count.py"), str(order), *([torch] if torch else [])]
    done, log = collect(build, arguments, COUNTED, folder)
    if done != 0:
        if torch:
            say(f"    not with PyTorch in the process (exit {done}, {log}): counted without it")
            return count(build, None, progress)
        progress.tell(f"{build.python.name}: instructions not counted: valgrind ended with exit code {done}; {log}")
        return {}
    progress.tell(f"{build.python.name}: instructions counted" + (", those of PyTorch, too" if torch else ""))
    return read(folder, json.loads(order.read_text()))


def collect(build, arguments, function, folder):
    """Run a program that calls a function some times: each time makes a dump of what was counted in it. How it ended, and what it
    has printed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The same hashes each time: where names collide in a dict, a row takes up to a tenth more.
    program, environment = build.run_python(arguments, PYTHONHASHSEED="0")
    log = folder / "log.txt"
    # An interpreter may be a script that starts another program in its place.
    command = ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--toggle-collect={function}", f"--dump-after={function}"]
    command += [f"--callgrind-out-file={folder / 'dump'}", *program]
    with log.open("w") as output, (folder / "errors.txt").open("w") as errors:
        try:
            return subprocess.run(command, env=environment, stdout=output, stderr=errors, timeout=SECONDS).returncode, log
        except subprocess.TimeoutExpired:
            return f"none after {SECONDS} s", log


def read(folder, order):
    """The dumps are numbered in the order of the calls, three for each entry: the first is of warming up."""
    instructions = {}
    for number, entry in enumerate(order):
        once, twice = (total(folder / f"dump.{3 * number + part}") for part in (2, 3))
        instructions[entry["operation"], entry["shape"], entry["name"]] = (twice - once) / entry["times"]
    if (folder / f"dump.{3 * len(order) + 1}").exists():
        raise Failure(f"callgrind has counted more calls of {COUNTED} than were made; {folder}")
    return instructions


def total(dump):
    return int(SUMMARY.search(dump.read_text()).group(1))
