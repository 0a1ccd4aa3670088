"""Run a program, plain or on the shim: python run_alone.py plain|LIBRARY PROGRAM"""

import runpy
import sys

import shim

if __name__ == "__main__":
    way, program = sys.argv[1:]
    if way != "plain":
        shim.load(way)
    sys.argv[:] = [program]
    runpy.run_path(program, run_name="__main__")
