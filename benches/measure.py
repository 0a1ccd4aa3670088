"""Times of all operations, as JSON on standard output.

    measure.py table|curves rounds nanoseconds [path of libtorch_python.so]

For each row and each round a list of nanoseconds, one for each implementation, taken in turns.
"""

import gc
import json
import sys

import bench
import plan


def measured(row, rounds, nanoseconds):
    world = row.world()
    differing = row.differing(world)
    times = bench.measure(row.operation, row.names, world, rounds, nanoseconds)
    return {**row.described(), "differing": differing, "rounds": [[time / row.times for time in each] for each in times]}


def main(part, rounds, nanoseconds, torch=None):
    symbols = bench.torch(torch) if torch else None
    # A collection would fall on the implementation that allocates next, and measure none.
    gc.disable()
    rows = [measured(row, int(rounds), float(nanoseconds)) for row in getattr(plan, part)()]
    json.dump({"rows": rows, "torch": symbols}, sys.stdout)


main(*sys.argv[1:])
