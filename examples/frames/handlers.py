"""A generator with handlers in handlers: where an exception would go, and what lies on the stack meanwhile.

python examples/frames/handlers.py FOLDER
"""

import pathlib
import sys

from pyframe_shim import frames


def troubled():
    yield "before"
    try:
        yield "in try"
        [].pop()
    except IndexError:
        yield "in except"
        try:
            {}["key"]
        except KeyError:
            yield "in except, in except"
        finally:
            yield "in finally"


folder = pathlib.Path(sys.argv[1])
for step, where in enumerate(generator := troubled()):
    print(step, where)
    (folder / f"handlers-{step}.svg").write_text(frames.of(generator).svg())
