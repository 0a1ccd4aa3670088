"""Run a program in one of these ways, and report how it went.

    python run_program.py WAY REPORT PROGRAM

plain       as it is
hook        under a hook that counts frames, and evaluates them as they are
take-over   every fresh frame is taken over, with its own code
locals      a callback in Python reads each fresh frame's locals, then has its code taken over

The report is a JSON file: seconds of the processor, and the counters of the extension.
"""

import json
import runpy
import sys
import time


def callback(view):
    assert set(view.locals) <= set(view.code.co_varnames + view.code.co_cellvars + view.code.co_freevars) or not view.code.co_flags & 1
    return view.code


def install(way, evalframe):
    if way == "hook":
        evalframe.watch(True)
    elif way == "take-over":
        evalframe.run_all(True)
    elif way == "locals":
        evalframe.set_callback(callback)


def main():
    way, report, program = sys.argv[1:]
    sys.argv[:] = [program]
    counters = None
    if way != "plain":
        import evalframe

        install(way, evalframe)
    began = time.process_time()
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        seconds = time.process_time() - began
        if way != "plain":
            evalframe.watch(False)
            evalframe.run_all(False)
            evalframe.set_callback(None)
            counters = evalframe.counters()
        with open(report, "w") as file:
            json.dump({"seconds": seconds, "counters": counters}, file)


if __name__ == "__main__":
    main()
