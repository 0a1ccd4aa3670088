"""Run the programs of some modules, plain or on the shim, and report on each.

    python run_programs.py WAY REPORT MODULE,... [CASE...]

WAY is `plain` or `shim`. The report lists the cases and has a line of JSON before and after each, so that it says
which one a crash was in; CASE names those to run, all if none is named. The last line has the counters of the library, and
what torch's own slots are bound to.
"""

import faulthandler
import json
import sys
import time

import shim

SECONDS = 300


def main():
    way, report, modules, *chosen = sys.argv[1:]
    faulthandler.enable()
    shim.install(way)
    import harness

    harness.prepare()
    with open(report, "w") as file:

        def tell(**what):
            file.write(json.dumps(what) + "\n")
            file.flush()

        programs = harness.load(modules.split(","))
        tell(cases=[name for name, *_ in programs])
        for name, function, backend in programs:
            if chosen and name not in chosen:
                continue
            tell(begin=name)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            began = time.monotonic()
            outcome = harness.run_program(function, backend)
            tell(name=name, outcome=outcome, seconds=time.monotonic() - began)
            faulthandler.cancel_dump_traceback_later()
        tell(end=True, **shim.account())


if __name__ == "__main__":
    main()
