"""Every row of the table again for callgrind, which writes down what bench.counted executes.

    count.py order.json [path of libtorch_python.so]

Each implementation of each row is counted twice, over so many repetitions and over twice as many: the difference is free of
what is done once. order.json says which dump is which.
"""

import gc
import json
import sys

import bench
import plan

TIMES = 8


def main(order, torch=None):
    if torch:
        bench.torch(torch)
    gc.disable()
    counted = []
    for row in plan.table():
        world = row.world()
        for name in row.names:
            # Measured, not counted: fills free lists and what is remembered per code object.
            bench.measure(row.operation, (name,), world, 1, 1.0)
            for times in (TIMES, 2 * TIMES):
                bench.counted(row.operation, name, world, times)
            counted.append({"operation": row.operation, "shape": row.label, "name": name, "times": TIMES})
    with open(order, "w") as file:
        json.dump(counted, file)


main(*sys.argv[1:])
