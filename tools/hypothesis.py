"""Generated programs on every interpreter: locals by every route against the interpreter's own answer.

    make hypothesis [PYTHONS="..."] [EXAMPLES=2000]

A failing program is made as small as can be, and saved in tests/python/programs, which `make test` runs.
"""

import os
import subprocess
import sys

import pypi
import pythons
from builds import ROOT, Build
from console import Failure, Progress, main, say
from report import Report

# A release without compiled parts: one copy serves every interpreter.
PLACE = ROOT / ".tools" / "hypothesis"
EXAMPLES = 2000


def ensure(found):
    """Hypothesis, installed with the pip of the first interpreter that has one."""
    pypi.ensure((*(python.path for python in found), sys.executable), *pypi.pinned("hypothesis"), PLACE, "hypothesis")


def hypothesis():
    report, found = Report("hypothesis"), pythons.find()
    examples = os.environ.get("EXAMPLES") or str(EXAMPLES)
    if not examples.isdecimal() or int(examples) == 0:
        raise Failure(f"EXAMPLES must be a number above 0, not {examples!r}")
    ensure(found)
    progress, ended = Progress(len(found)), []
    for python in found:
        build = Build(python).library()
        for name in ("probe", "shadow"):
            build.extension(name)
        say(f"CPython {python.name}:")
        command, environment = build.run_python([str(ROOT / "tests" / "hypothesis" / "test_locals.py"), examples])
        environment["PYTHONPATH"] += os.pathsep + str(PLACE)
        ended.append({"python": python.name, "failed": subprocess.run(command, env=environment).returncode != 0})
        progress.tell(f"CPython {python.name}: {'FAILED' if ended[-1]['failed'] else 'no difference'}")
    failed = [end["python"] for end in ended if end["failed"]]
    say(f"\nfailed on {', '.join(failed)}" if failed else "\nno difference found")
    return report.close(len(failed), examples=int(examples), interpreters=ended)


if __name__ == "__main__":
    sys.exit(main(hypothesis))
