"""Every row of the table again for callgrind, which writes down what bench.counted executes.

    count.py order.json [path of libtorch_python.so]

Each implementation of each row is counted three times: as it warms up, over so many repetitions, and over twice as many. The
difference of the last two is free of what is done once. order.json says which dumps are whose.
"""

import gc
import json
import sys

import bench
import plan

TIMES = 4


def main(order, torch=None):
    if torch:
        bench.torch(torch)
    gc.disable()
    counted = []
    for row in plan.table():
        world = row.world()
        for name in row.names:
            times = max(TIMES, len(row.turns))
            # The first fills free lists and what is remembered of each code object.
            for repetitions in (4 * len(row.turns), times, 2 * times):
                bench.counted(row.operation, name, world, repetitions)
            counted.append({"operation": row.operation, "shape": row.label, "name": name, "times": times})
    with open(order, "w") as file:
        json.dump(counted, file)


main(*sys.argv[1:])
