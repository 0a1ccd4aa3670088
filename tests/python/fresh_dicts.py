"""Asking for fresh dicts of locals, and whether they were copied from a template.

A dict that names are inserted into grows through tables of doubling size; a copy has one table, of the final size. So the
blocks allocated for a dict tell how it was made, if it has outgrown two tables: the smallest may come from a free list.
"""

import gc
import itertools
import sys
import types

import templates
from readings import LocalsTestCase

WAYS = {"mapping": templates.mapping, "merged": templates.merged}
NUMBERS = itertools.cycle(range(64))  # not more: 3.12 keeps the names of code for ever
EMPTY = {}.__sizeof__()
SMALLEST, SECOND = (dict((f"{i}", i) for i in range(names)).__sizeof__() - EMPTY for names in (1, 6))


def table(dictionary):
    """The bytes of its table."""
    return dictionary.__sizeof__() - EMPTY


def ask(frame, way="mapping"):
    """A fresh dict of the frame's locals, and whether it was copied from a template."""
    enabled = gc.isenabled()
    gc.disable()  # 3.11 would collect in the middle, and that allocates too
    try:
        answer, blocks = templates.measured(frame, way == "merged")
    finally:
        if enabled:
            gc.enable()
    tables = [block for block in blocks if block >= SMALLEST]
    if table(answer) <= SECOND:
        raise AssertionError(f"too few names to know how the dict was made: {list(answer)}")
    return answer, tables == [table(answer)]


def exactly(answer):
    """What two dicts must have in common: names in their order, and the very objects."""
    return [(name, id(value)) for name, value in answer.items()]


def here():
    """The caller's frame object."""
    return sys._getframe(1)


class Thing:
    """A value that the collector has to see."""


def many(a, b=2, c=(), d=4, **e):
    f = g = h = i = j = k = a
    return here()


def another(function=many):
    """A function like it with a code object and a name of its own: whatever template is found is not for that."""
    *names, last = function.__code__.co_varnames
    code = function.__code__.replace(co_varnames=(*names, f"{last}{next(NUMBERS)}"))
    return types.FunctionType(code, globals(), None, function.__defaults__)


for _ in range(64):
    another()  # the names count as references from here on, and not from round to round


class FreshDictTestCase(LocalsTestCase):
    def teach(self, frame, way="mapping"):
        """Have the frame's code known; the first dict that was copied from a template.

        Four calls: other code in its place that was of use stays for one, then the place is given, then a template made.
        """
        for _ in range(4):
            answer, copied = ask(frame, way)
            if copied:
                return answer
        self.fail(f"no template is made for {frame.f_code.co_qualname}")

    def assert_as_inserted(self, frame, answer):
        # A mapping of the frame's own would be in the way of the next question.
        self.assertEqual(exactly(answer), exactly(templates.inserted(frame)))
        templates.mapping(frame)
