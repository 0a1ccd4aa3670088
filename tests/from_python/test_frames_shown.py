"""pyframe_shim.frames as text, as pictures, and for programs."""

import json
import re
import unittest
import xml.etree.ElementTree

from pyframe_shim import frames
from test_frames import delegates, down, outer


class Drawn(unittest.TestCase):
    def stacks(self):
        generator = delegates(3)
        next(generator)
        wide = {f"variable_with_a_long_name_{number}": "x" * 200 for number in range(30)}
        exec(f"def wide({', '.join(wide)}): return stack()", {"stack": frames.stack}, namespace := {})
        return [outer(1)[1], frames.of(generator), down(300, frames.stack), namespace["wide"](**wide), frames.of(LookupError())]

    def test_text_fits(self):
        for stack in self.stacks():
            for width in (80, 50, 120):
                lines = stack.text(width).splitlines()
                self.assertLessEqual(max(map(len, lines)), width)
        text = self.stacks()[0].text(80)
        for said in ("outer.<locals>.middle", "argument, cell", "#1", "'abc'", "owner: thread", "value stack:"):
            self.assertIn(said, text)

    def test_color(self):
        stack = self.stacks()[0]
        self.assertIn("\x1b[", stack.text(80, color=True))
        self.assertNotIn("\x1b[", stack.text(80))

    def test_pictures(self):
        for stack in self.stacks():
            root = xml.etree.ElementTree.fromstring(stack.svg())
            size = float(root.get("width")), float(root.get("height"))
            self.assertTrue(all(number > 100 for number in size), size)
            texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
            self.assertEqual(texts[0], stack.title)
            for shape in root.iter("{http://www.w3.org/2000/svg}rect"):
                self.assertLessEqual(float(shape.get("x", 0)) + float(shape.get("width")), size[0])
                self.assertLessEqual(float(shape.get("y", 0)) + float(shape.get("height")), size[1])

    def test_cells_are_drawn_once(self):
        svg = outer(1)[1].svg()
        self.assertEqual(len(re.findall(r">cell of a<", svg)), 1)
        self.assertEqual(len(re.findall(r">cell of d<", svg)), 1)
        # a in three frames, d in two, and the cells of the tests' own frames.
        self.assertGreaterEqual(len(re.findall(r'class="wire"', svg)), 5)

    def test_recursion_is_folded(self):
        stack = down(300, frames.stack)
        self.assertRegex(stack.svg(), r"[\d,]+ more frames of down")
        self.assertRegex(stack.text(80), r"[\d,]+ more frames of down")
        self.assertRegex(stack.svg(), r"chunk \d above, chunk \d below")

    def test_the_same_each_time(self):
        def once():
            stack = outer(1)[1]
            return frames.Stack(stack.title, stack.frames[:3]).svg()

        self.assertEqual(once(), once())

    def test_json(self):
        stack = outer(1)[1]
        told = json.loads(stack.json())
        self.assertEqual([frame["name"] for frame in told["frames"]], [frame.name for frame in stack.frames])
        self.assertEqual(told["frames"][2]["slots"][1]["value"]["text"], "'abc'")
