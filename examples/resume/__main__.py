"""Run a program with every function split at every call: it must do what it does without."""

import argparse
import pathlib
import runpy
import sys

import bytecode
import pyframe_shim
from pyframe_shim import evalframe

from . import Splitter

# Functions that look at frames would see the parts.
LOOKING = {
    "_getframe",
    "_getframemodulename",
    "currentframe",
    "dir",
    "eval",
    "exec",
    "extract_stack",
    "locals",
    "stack",
    "vars",
    "warn",
    "warn_explicit",
}
# What splits is not split.
OURS = tuple(str(pathlib.Path(module.__file__).resolve().parent) for module in (bytecode, pyframe_shim)) + (
    str(pathlib.Path(__file__).resolve().parent),
)


def is_programs(code):
    return LOOKING.isdisjoint(code.co_names) and not code.co_filename.startswith(OURS)


def parsed():
    parser = argparse.ArgumentParser("python -m examples.resume", description=__doc__)
    parser.add_argument("--list", action="store_true", help="tell on standard error what was split")
    parser.add_argument("-m", dest="module", action="store_true", help="the program is a module")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    return parser.parse_args()


def main():
    chosen = parsed()
    sys.argv = [chosen.program, *chosen.arguments]
    sys.path[0] = "" if chosen.module else str(pathlib.Path(chosen.program).resolve().parent)
    # A function takes as many frames as it has parts.
    sys.setrecursionlimit(sys.getrecursionlimit() * 20)
    splitter = Splitter(only=is_programs)
    try:
        with evalframe.hook(splitter, only=splitter.wants):
            run = runpy.run_module if chosen.module else runpy.run_path
            run(chosen.program, run_name="__main__", **({"alter_sys": True} if chosen.module else {}))
    finally:
        if chosen.list:
            tell(splitter)


def tell(splitter):
    made = [len(parts.cache) for parts in splitter.parts.values()]
    run = sum(parts.resumed for parts in splitter.parts.values())
    print(f"{len(made)} functions split, {sum(made)} resume functions made, {run} run", file=sys.stderr)


if __name__ == "__main__":
    main()
