"""Whole calls of Python functions, as JSON on standard output: without a hook, under one that does nothing, taken over.

    calls.py rounds nanoseconds

The hooks are those of tests/ext/shadow. At a chunk's end each call maps a chunk of the data stack and unmaps it again,
unless the chunk cache is on.
"""

import functools
import gc
import json
import random
import sys

import bench
import shadow

HOOKS = {"plain": (False, False), "watched": (True, False), "taken over": (False, True)}


def four_arguments(a, b, c, d):
    return a


def twenty_locals(a, b, c, d):
    e = f = g = h = i = j = k = l = m = n = o = p = q = r = s = t = a
    return t


def make_closure():
    a = b = c = d = 1.5

    def closure(x):
        return (a, b, c, d)

    return closure


def five_numbers(a):
    yield a
    yield a
    yield a
    yield a
    yield a


def generator(a):
    for _ in five_numbers(a):
        pass


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


FUNCTIONS = (
    ("4 arguments", four_arguments, (1, 2, 3, 4)),
    ("20 locals", twenty_locals, (1, 2, 3, 4)),
    ("closure", make_closure(), (1,)),
    ("generator of 5", generator, (1,)),
    ("fibonacci(8)", fibonacci, (8,)),
)


def use(hook):
    watch, run_all = HOOKS[hook]
    shadow.watch(watch)
    shadow.run_all(run_all)


def time_once(way, function, arguments, times):
    """Nanoseconds per call. A way is a hook, whether the chunk's end is near, and how many chunks the cache keeps."""
    hook, boundary, chunks = way
    bench.chunk_cache(chunks)
    use(hook)
    try:
        return bench.time_calls(function, arguments, times, boundary)
    finally:
        use("plain")
        bench.chunk_cache(0)


def calibrated(time, wanted):
    """How many repetitions take about so many nanoseconds; also gives the interpreter the time to specialize."""
    times, each = 1, 0
    while times < 1 << 20:
        each = time(times)
        if each * times >= wanted / 2 and times >= 64:
            break
        times *= 2
    return max(1, int(wanted / each))


def measured(label, function, arguments, ways, rounds, wanted):
    timers = {name: functools.partial(time_once, way, function, arguments) for name, way in ways.items()}
    times = {name: calibrated(timer, wanted) for name, timer in timers.items()}
    result = []
    for _ in range(rounds):
        each = {name: timers[name](times[name]) for name in random.sample(sorted(timers), len(timers))}
        result.append([each[name] for name in ways])
    return {"function": label, "ways": list(ways), "rounds": result}


def main(rounds, nanoseconds):
    rounds, wanted = int(rounds), float(nanoseconds)
    gc.disable()
    hooks = {name: (name, False, 0) for name in HOOKS}
    rows = [measured(label, function, arguments, hooks, rounds, wanted) for label, function, arguments in FUNCTIONS]
    for function, arguments in ((four_arguments, (1, 2, 3, 4)), (twenty_locals, (1, 2, 3, 4))):
        for name in HOOKS:
            ways = {"middle": (name, False, 0), "end": (name, True, 0), "end, cache": (name, True, 8)}
            label = f"{function.__name__.replace('_', ' ')}, {name}".replace("four", "4").replace("twenty", "20")
            rows.append({**measured(label, function, arguments, ways, rounds, wanted), "boundary": True})
    needed = bench.chunk_cache(8)
    bench.chunk_cache(0)
    json.dump({"rows": rows, "cache": needed, "hits": bench.chunk_cache_hits()}, sys.stdout)


main(*sys.argv[1:])
