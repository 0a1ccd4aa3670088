"""A generator that is advanced step by step: a picture after each.

python examples/frames/generator.py FOLDER
"""

import pathlib
import sys

from pyframe_shim import frames


def numbers(first, more):
    yield first
    for item in more:
        double = item * 2
        yield double
    yield from "a"


folder = pathlib.Path(sys.argv[1])
generator = numbers(1, [10])
for step in range(5):
    (folder / f"generator-{step}.svg").write_text(frames.of(generator).svg())
    print(step, "then", next(generator, "nothing: it has ended"))
