"""The time of calls of compiled functions, with torch's own functions and with the library's, turn by turn in one process.

    python latency.py TURNS

Prints JSON: for each function the pairs of nanoseconds that one call took, torch's own first.
"""

import json
import sys
import time

import shim
from define import define

BATCH_SECONDS, BATCHES = 0.002, 5


def wide():
    """Thirty arguments that are set when the frame begins, ten of them cells."""
    names = [f"a{n}" for n in range(29)]
    lines = [f"def wide(x, {', '.join(f'{name}=1' for name in names)}):", "    def read():"]
    lines += [f"        return {' + '.join(names[:10])}", "    return x + a20 + read()"]
    function = define("wide", lines)
    assert (function.__code__.co_argcount, len(function.__code__.co_cellvars)) == (30, 10), function.__code__
    return function


def functions(torch):
    def tiny(x):
        return x + 1

    def broken(x):
        y = x + 1
        torch._dynamo.graph_break()
        return y + 1

    return {"tiny": tiny, "broken": broken, "wide": wide()}


def calls(compiled, x, count):
    clock = time.thread_time_ns
    before = clock()
    for _ in range(count):
        compiled(x)
    return (clock() - before) / count


def main():
    turns = int(sys.argv[1])
    shim.install("shim")
    import pyframe_shim
    import torch
    import torch._dynamo
    from slots import Slots

    torch.set_num_threads(1)
    x, slots, answer = torch.ones(2), Slots(), {}
    for name, function in functions(torch).items():
        compiled = torch.compile(function, backend="eager")
        for side in (0, 1):
            slots.use(side)
            calls(compiled, x, 300)
            before = pyframe_shim.counters()
            calls(compiled, x, 10)
            assert (pyframe_shim.counters() != before) == bool(side), "the slots do not decide who is called"
        count = max(1, int(BATCH_SECONDS * 1e9 / calls(compiled, x, 500)))
        answer[name] = []
        for turn in range(turns):
            times = {}
            for side in (turn % 2, 1 - turn % 2):
                slots.use(side)
                # Short batches, of which a busy machine leaves some alone.
                times[side] = min(calls(compiled, x, count) for _ in range(BATCHES))
            answer[name].append([times[0], times[1]])
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
