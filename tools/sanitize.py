"""Proofs that nothing leaks, and that nothing is touched after it is freed.

    make sanitize [PART="asan valgrind refleaks"] [SHORT=1] [PYTHONS="..."]

Each part first has to report faults that are made for it. SHORT=1 does less of everything, in a few minutes.
"""

import concurrent.futures
import os
import sys
import time

import asan
import memcheck
import pythons
import refleaks
from builds import EXTENSIONS, ROOT, SANITIZE_EXTENSIONS
from console import Failure, main, say

PARTS = {"asan": asan, "valgrind": memcheck, "refleaks": refleaks}


def modules():
    return sorted(path.stem for path in (ROOT / "tests" / "python").glob("test_*.py"))


def sanitize():
    wanted = os.environ.get("PART", "").split() or list(PARTS)
    if set(wanted) - set(PARTS):
        raise Failure(f"no part {' '.join(set(wanted) - set(PARTS))}; there are {', '.join(PARTS)}")
    short = os.environ.get("SHORT", "") not in ("", "0")
    os.environ["PYFRAME_SHIM_STEPS"] = "5000"
    found, closing, failures = pythons.find(), [], 0
    for name in wanted:
        part, began = PARTS[name], time.monotonic()
        say(f"{name}: {part.__doc__.splitlines()[0]}")
        builds = part.builds(found, short)
        for build in builds:
            build.library()
            for extension in (*EXTENSIONS, *SANITIZE_EXTENSIONS):
                build.extension(extension)
        for line in part.prove(builds):
            say(f"  detector: {line}")
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            jobs = [pool.submit(work) for work in part.jobs(builds, modules(), short)]
            done = [show(job.result(), number, len(jobs)) for number, job in enumerate(concurrent.futures.as_completed(jobs), 1)]
        failures += sum(result.failures for result in done)
        closing.append(f"{name}: {part.summary(done)} ({time.monotonic() - began:.0f} s)")
    say("\n" + "\n".join(closing))
    return 1 if failures else 0


def show(result, number, of):
    say(f"  [{number}/{of}] {result.line()}")
    for line in result.details:
        say(f"    {line}")
    return result


if __name__ == "__main__":
    sys.exit(main(sanitize))
