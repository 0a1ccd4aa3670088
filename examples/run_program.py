"""Run a program in one of these ways, and report how it went.

    python run_program.py WAY REPORT PROGRAM

plain       as it is
take-over   every eligible frame is evaluated through a shadow frame with its own code
locals      a callback reads each eligible frame's locals, by both ways in turn, then has its own code taken over

The report is a JSON file: seconds, and the counters of the extension.
"""

import json
import runpy
import sys
import time


def install(way, evalframe):
    if way == "take-over":
        evalframe.run_all(True)
    elif way == "locals":
        merge = False

        def callback(view):
            nonlocal merge
            assert set(view.locals) <= set(view.code.co_varnames + view.code.co_cellvars + view.code.co_freevars)
            merge = not merge
            evalframe.set_callback(callback, merge_locals=merge)
            return view.code

        evalframe.set_callback(callback)


def main():
    way, report, program = sys.argv[1:]
    sys.argv[:] = [program]
    counters = None
    if way != "plain":
        import evalframe

        install(way, evalframe)
    began = time.perf_counter()
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        seconds = time.perf_counter() - began
        if way != "plain":
            evalframe.run_all(False)
            evalframe.set_callback(None)
            counters = evalframe.counters()
        with open(report, "w") as file:
            json.dump({"seconds": seconds, "counters": counters}, file)


if __name__ == "__main__":
    main()
