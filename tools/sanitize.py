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
from console import Failure, Progress, main, say
from report import Report

PARTS = {"asan": asan, "valgrind": memcheck, "refleaks": refleaks}


def modules():
    return sorted(path.stem for path in (ROOT / "tests" / "python").glob("test_*.py"))


def sanitize():
    report = Report("sanitize")
    wanted = os.environ.get("PART", "").split() or list(PARTS)
    if set(wanted) - set(PARTS):
        raise Failure(f"no part {' '.join(set(wanted) - set(PARTS))}; there are {', '.join(PARTS)}")
    short = os.environ.get("SHORT", "") not in ("", "0")
    os.environ["PYFRAME_SHIM_STEPS"] = "5000"
    found, closing, failures, parts = pythons.find(), [], 0, {}
    builds_of = {name: PARTS[name].builds(found, short) for name in wanted}
    jobs_of = {name: PARTS[name].jobs(builds, modules(), short) for name, builds in builds_of.items()}
    progress = Progress(sum(len(builds_of[name]) + len(jobs_of[name]) for name in wanted))
    for name, builds in builds_of.items():
        part, began = PARTS[name], time.monotonic()
        say(f"{name}: {part.__doc__.splitlines()[0]}")
        for build in builds:
            build.library()
            for extension in (*EXTENSIONS, *SANITIZE_EXTENSIONS):
                build.extension(extension)
        for line in part.prove(builds):
            progress.tell(f"detector: {line}")
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            jobs = [pool.submit(work) for work in jobs_of[name]]
            done = [show(job.result(), progress) for job in concurrent.futures.as_completed(jobs)]
        failures += sum(result.failures for result in done)
        parts[name] = [result.as_json() for result in done]
        closing.append(f"{name}: {part.summary(done)} ({time.monotonic() - began:.0f} s)")
    say("\n" + "\n".join(closing))
    return report.close(failures, parts=parts)


def show(result, progress):
    progress.tell(result.line())
    for line in result.details:
        say(f"    {line}")
    return result


if __name__ == "__main__":
    sys.exit(main(sanitize))
