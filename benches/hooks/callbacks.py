"""What a hook in Python costs (`pyframe_shim.evalframe`), beside a hook in C that does nothing, as JSON on standard output.

    callbacks.py time ROUNDS CALLS     nanoseconds a call, by way: the median of so many rounds
    callbacks.py count CALLS           the order of the calls, of which callgrind counts the instructions

In each round every way has its turn, in an order of its own, so that what else the machine does meets all of them.
"""

import contextlib
import json
import pathlib
import random
import statistics
import sys

import hooks

sys.path.insert(0, str(pathlib.Path(hooks.__file__).parent / "package"))

from pyframe_shim import evalframe  # noqa: E402


def function(a, b, c, d):
    return a


OTHER = function.__code__.replace(co_name="other")
ARGUMENTS = (1, 2, 3, 4)


@contextlib.contextmanager
def in_c(way):
    hooks.use(way)
    try:
        yield
    finally:
        hooks.use("none")


def is_other(code):
    return code is OTHER


def is_function(code):
    return code is function.__code__


WAYS = {
    "none": lambda: in_c("none"),
    "hook": lambda: in_c("hook"),
    "excluded by `only`": lambda: evalframe.hook(lambda frame: None, only=is_other),
    "declined": lambda: evalframe.hook(lambda frame: None, only=is_function),
    "replaced": lambda: evalframe.hook(lambda frame: OTHER, only=is_function),
}


def calls(way, times):
    with WAYS[way]():
        return hooks.calls(function, ARGUMENTS, times)


def time(rounds, times):
    taken = {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way in random.sample(list(WAYS), len(WAYS)):
            taken[way].append(calls(way, times))
    over = {way: statistics.median(a - b for a, b in zip(taken[way][1:], taken["hook"][1:])) for way in WAYS}
    return {way: {"ns": statistics.median(taken[way][1:]), "over hook": over[way]} for way in WAYS}


def count(times):
    for way in WAYS:
        calls(way, 200)
        calls(way, times)
    return [(way,) for way in WAYS]


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    json.dump({"time": time, "count": count}[what](*map(int, numbers)), sys.stdout)
