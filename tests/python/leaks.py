"""Whether something that is done many times leaves anything behind."""

import gc
import sys


def totals():
    gc.collect()
    return sys.getallocatedblocks(), getattr(sys, "gettotalrefcount", int)()


def growth(action, rounds=1000):
    """By how many memory blocks, or references where the interpreter counts them, `rounds` calls grow the process.

    The smaller of two counts: a leak is there both times, what fills up a cache only once.
    """
    for _ in range(50):
        action()
    return min(growth_once(action, rounds), growth_once(action, rounds))


def growth_once(action, rounds):
    before = totals()
    for _ in range(rounds):
        action()
    return max(after - then for after, then in zip(totals(), before))


# What caches and free lists may make of that many rounds; a leak of one block in each is ten times as much.
NOISE = 100
