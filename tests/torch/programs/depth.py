"""Compiled calls at every depth of the stack, so that their frames lie on both sides of a boundary between chunks."""

import sys
import threading

import torch
from define import define
from harness import program
from torch._dynamo import graph_break


def at_depth(depth, function, *arguments):
    if depth == 0:
        return function(*arguments)
    return at_depth(depth - 1, function, *arguments)


def step(x, y):
    z = x + y
    graph_break()
    return z * 2


@program("eager", "aot_eager")
def every_depth_up_to_200(compile):
    """Chunks are 16 KiB and a call of `at_depth` takes about 150 bytes: 200 of them cross a boundary."""
    compiled = compile(step)
    x = torch.ones(2)
    compiled(x, x)
    results = [at_depth(depth, compiled, x, x) for depth in range(200)]
    return all(torch.equal(result, results[0]) for result in results), results[0]


@program("eager")
def every_depth_with_a_wide_frame(compile):
    source = ["def wide(x):"] + [f"    v{n} = x + {n}" for n in range(120)] + ["    graph_break()"]
    source += ["    return " + " + ".join(f"v{n}" for n in range(0, 120, 5))]
    compiled = compile(define("wide", source, graph_break=graph_break))
    x = torch.ones(2)
    compiled(x)
    results = [at_depth(depth, compiled, x) for depth in range(0, 160)]
    return all(torch.equal(result, results[0]) for result in results), results[0]


@program("eager", "inductor")
def recursion_through_compiled_code(compile):
    def down(x, depth):
        y = x + 1
        graph_break()
        if depth == 0:
            return y
        return down(y, depth - 1) + 1

    return [compile(down)(torch.zeros(2), depth) for depth in (0, 1, 40, 120)]


@program("eager")
def exceptions_at_every_depth(compile):
    def fails(x):
        y = x + 1
        graph_break()
        raise ValueError(str(y.shape))

    compiled, x, seen = compile(fails), torch.ones(2), set()
    for depth in range(150):
        try:
            at_depth(depth, compiled, x)
        except ValueError as error:
            count, traceback = 0, error.__traceback__
            while traceback:
                count += 1
                traceback = traceback.tb_next
            seen.add((str(error), count - depth))
    return sorted(seen)


@program("eager")
def generators_at_every_depth(compile):
    def produce(x):
        for n in range(3):
            graph_break()
            yield x + n

    def total(x):
        return sum(value for value in produce(x))

    compiled, x = compile(total), torch.ones(2)
    results = [at_depth(depth, compiled, x) for depth in range(120)]
    return all(torch.equal(result, results[0]) for result in results), results[0]


@program("eager")
def at_the_recursion_limit(compile):
    """A compiled call that just fits, and one that does not: found from outside, without a count of our own."""

    def leaf(x):
        return x + 1

    compiled, x = compile(leaf), torch.ones(2)
    compiled(x)

    def fits(depth):
        try:
            at_depth(depth, compiled, x)
            return True
        except RecursionError:
            return False

    low, high = 0, sys.getrecursionlimit()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low > 100, compiled(x)


@program("eager")
def deep_in_a_thread(compile):
    compiled, x, results = compile(step), torch.ones(2), []
    compiled(x, x)

    def work():
        results.extend(at_depth(depth, compiled, x, x) for depth in range(0, 180, 3))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return len(results), all(torch.equal(result, results[0]) for result in results)
