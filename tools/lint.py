"""The layout of the sources, and what ruff finds; clippy on every interpreter that is found; the project's own rules.

make lint
"""

import re
import sys

import formatters
import modules
import pythons
from builds import ROOT, Build
from console import Failure, Step, main, run, say

LONGEST = 400
VERSION_CFG = re.compile(r"cfg.*Py_3_")
VERSION_PLACES = ("build", "build.rs", "src/version")


def own_rules():
    """What no tool checks: short files, and the Python version in one place."""
    broken = []
    for path in formatters.tracked("*.rs", "*.py", "*.c", "*.cpp", "*.h"):
        name, lines = path.relative_to(ROOT), path.read_text().splitlines()
        if len(lines) > LONGEST and path.suffix in (".rs", ".py"):
            broken.append(f"{name} has {len(lines)} lines, more than {LONGEST}: two ideas?")
        if path.suffix == ".rs" and not str(name).startswith(VERSION_PLACES):
            broken += [f"{name}:{number}: a Python version cfg" for number, line in enumerate(lines, 1) if VERSION_CFG.search(line)]
    if broken:
        raise Failure("\n".join(broken))


def lint():
    own_rules()
    formatters.apply(check=True)
    builds = [Build(python) for python in pythons.find() if not python.debug]
    for build in builds:
        with Step(f"{build.python.name}: clippy"):
            for what in (["--workspace"], ["--package", "pyframe-shim", "--no-default-features"]):
                command = ["cargo", "clippy", *what, "--release", "--locked", "--all-targets", "--", "-D", "warnings"]
                run(command, "cargo clippy", cwd=ROOT, env=build.environment())
    for build in builds[:1]:
        modules.check(build)
        with Step(f"{build.python.name}: the crate's documentation"):
            command = ["cargo", "doc", "--package", "pyframe-shim", "--no-deps", "--release", "--locked"]
            run(command, "cargo doc", cwd=ROOT, env={**build.environment(), "RUSTDOCFLAGS": "-D warnings"})
    say("formatted, nothing that ruff and clippy warn of, and no module points back up")
    return 0


if __name__ == "__main__":
    sys.exit(main(lint))
