"""Whether something that is done many times leaves anything behind."""

import gc
import os
import sys

# Fewer rounds are asked for where the interpreter counts no blocks, so that no number of rounds would show anything.
MOST = int(os.environ.get("PYFRAME_SHIM_ROUNDS", sys.maxsize))
# What caches and free lists may make of it, for each time; the smallest leak is 1.
NOISE = 0.4


def growth(action, rounds=1000):
    """By how many memory blocks, or references where the interpreter counts them, each call grows the process.

    The smaller of two measurements: a leak is there both times, what fills up a cache only once.
    """
    rounds = min(rounds, MOST)
    for _ in range(min(50, rounds)):
        action()
    return min(growth_once(action, rounds), growth_once(action, rounds)) / rounds


def growth_once(action, rounds):
    before = totals()
    for _ in range(rounds):
        action()
    return max(after - then for after, then in zip(totals(), before))


def totals():
    gc.collect()
    return sys.getallocatedblocks(), getattr(sys, "gettotalrefcount", int)()
