"""Which module of the crate uses which: no circles, and nothing points back up. cargo-modules, brought into .tools/cargo, says it.

Its own `--acyclic` looks at types and functions before they are left out, and calls it a circle that a type has a method which
names the type. So the graph of the modules alone is asked for, and sorted here.
"""

import graphlib
import os
import re
import shutil

from cargo import ROOT
from console import Failure, Step, run

VERSION = "0.27.0"
PLACE = ROOT / ".tools" / "cargo"
EDGE = re.compile(r'^\s*"pyframe_shim::([\w:]+)" -> "pyframe_shim::([\w:]+)" \[label="uses"', re.MULTILINE)
LEAVE_OUT = ("externs", "sysroot", "owns", "types", "fns", "traits")
# The rooms, from the door down: each may use those behind it, and those beside it in its line.
LAYERS = (
    ("capi",),
    ("hook",),
    ("evaluate",),
    ("runtime", "locals", "frame", "datastack", "code_extra"),
    ("contract",),
    ("view",),
    ("version",),
    ("sys", "py", "process"),
)
RANK = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}


def tool():
    """cargo-modules, built once."""
    path = PLACE / "bin" / "cargo-modules"
    if not path.exists():
        if not shutil.which("cargo"):
            raise Failure("no cargo found; install Rust 1.87 or newer (https://rustup.rs, or your system's packages)")
        with Step(f"building cargo-modules {VERSION} (into {PLACE.relative_to(ROOT)}, once; it takes minutes)"):
            install = ["cargo", "install", "--quiet", "--locked", "--root", str(PLACE), "cargo-modules", "--version", VERSION]
            # It runs for seconds: optimizing it takes longer than that saves.
            plain = {
                "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
                "CARGO_PROFILE_RELEASE_LTO": "off",
                "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
            }
            run([*install, "--target-dir", str(PLACE / "target")], "cargo install cargo-modules", env={**os.environ, **plain})
            shutil.rmtree(PLACE / "target", ignore_errors=True)
    return str(path)


def edges(build):
    """(user, used) by their paths."""
    command = [tool(), "dependencies", "--package", "pyframe-shim", "--lib", "--layout", "dot"]
    text = run([*command, *(f"--no-{what}" for what in LEAVE_OUT)], "cargo-modules", cwd=ROOT, env=build.environment())
    # All that needs frames is in one module that has no meaning of its own.
    found = [tuple(path.removeprefix("frames::") for path in edge) for edge in EDGE.findall(text)]
    if not found:
        raise Failure(f"cargo-modules has found no module that uses another:\n{text[:2000]}")
    return found


def check(build):
    """Fail if modules use each other in a circle, or one uses what lies above it."""
    with Step(f"{build.python.name}: which module uses which"):
        uses = {}
        for user, used in edges(build):
            uses.setdefault(user, set()).add(used)
            above, below = (RANK.get(path.split("::")[0]) for path in (user, used))
            if None in (above, below):
                raise Failure(f"{user} uses {used}, and tools/modules.py has no layer for one of them")
            if below < above:
                raise Failure(f"{user} uses {used}, which lies above it: {' -> '.join(map('/'.join, LAYERS))}")
        try:
            graphlib.TopologicalSorter(uses).prepare()
        except graphlib.CycleError as circle:
            raise Failure(f"modules use each other in a circle: {' -> '.join(reversed(circle.args[1]))}") from None
