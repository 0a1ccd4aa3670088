"""What the table in docs/frames.md says of this minor is so."""

import dis
import pathlib
import re
import sys
import unittest

from pyframe_shim import frames

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "frames.md"


def row(name):
    """What the table says of this minor."""
    (line,) = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    told = [cell.strip() for cell in line.split("|")]
    number = sys.version_info[1] - 11
    while told[number] == "the same":
        number -= 1
    return told[number]


def looks(argument):
    image = frames.stack().frames[0]
    unbound = None
    del unbound
    return image


def goes_over(items):
    for item in items:
        yield item


class Table(unittest.TestCase):
    def test_header(self):
        self.assertEqual(str(looks(1).header), row("header, in words"))

    def test_slots(self):
        # None and small numbers are never freed: where words are tagged, theirs are.
        argument, *_ = looks(None).slots
        self.assertEqual("a tagged word" if argument.word & 3 else "an address", row("a slot holds"))
        self.assertEqual(str(looks(1).slots[-1].word), row("an empty slot is"))

    def test_loop(self):
        generator = goes_over([1, 2])
        next(generator)
        (frame,) = frames.of(generator).frames
        shown = "an iterator" if frame.stack[0].value.type == "list_iterator" else "the list, and a number"
        self.assertEqual((shown, len(frame.stack)), (row("on the stack in a `for` over a list"), 1 + ("number" in shown)))

    def test_comprehension(self):
        def function():
            return [frames.stack().frames[0].name for _ in range(1)][0]

        its_own = function() != looks(1).name and function().endswith("<listcomp>")
        self.assertEqual("a second function" if its_own else "part of the function", row("a comprehension in a function is"))

    def test_locals(self):
        is_dict = type(sys._getframe().f_locals) is dict
        told = "a dict, filled when one asks" if is_dict else "a view that reads and writes the slots"
        self.assertEqual(told, row("`frame.f_locals` of a function is"))

    def test_generator_expression(self):
        made = (each for each in ())
        instructions = [instruction.opname for instruction in dis.get_instructions(made.gi_code)]
        told = "in the generator's frame, before Python code can see that frame" if "GET_ITER" in instructions else "in the caller"
        self.assertEqual(told, row("a generator expression asks for its iterator"))
