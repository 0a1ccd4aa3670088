"""The JIT of 3.14 and newer, which a program's environment switches on: frames that are taken over in code that it compiles."""

import os
import sys
import unittest

from support import run_script

JIT = getattr(sys, "_jit", None)

PROGRAM = """
import sys, types
sys.path.insert(0, sys.argv[1])
import api, other_code

def add(a, b):
    return a + b

def loop(n, step=1):
    total = 0
    for i in range(n):
        total = add(total, i * step)
    return total

def pairs(n):
    for i in range(n):
        yield i, add(i, i)

def closing(kept):
    def inner(n):
        return sum(kept[i % 3] + b for i, b in pairs(n))
    return inner

class Point:
    def __init__(self, x):
        self.x = x
    @property
    def twice(self):
        return add(self.x, self.x)

def work():
    return loop(3000), loop(3000, 2), closing((1, 2, 3))(2000), sum(Point(i).twice for i in range(2000)), functions()

def functions():
    frame = api.from_frame_object(sys._getframe())
    return api.function(frame).__code__ is api.code(frame)

assert sys._jit.is_enabled()
expected = work()
if sys.argv[2] != "plain":
    make = {"own": None, "copies": other_code.copied, "bigger": other_code.bigger}[sys.argv[2]]
    api.take_over_everything(make, 0)
    found = [work() for _ in range(3)]
    api.stop()
    assert found == [expected] * 3, (found, expected)
    assert api.counts()["taken_over"] > 3 * 10_000, api.counts()
    assert work() == expected
print("well", expected)
"""


@unittest.skipUnless(JIT and JIT.is_available(), "this interpreter has no JIT")
class WithTheJit(unittest.TestCase):
    def test_programs(self):
        """Where the JIT is on, the frame's function is one that has the code which runs: the JIT takes it from there."""
        here, printed = os.path.dirname(os.path.abspath(__file__)), {}
        for way in ("plain", "own", "copies", "bigger"):
            done = run_script(PROGRAM, here, way, PYTHON_JIT="1")
            with self.subTest(way=way):
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            printed[way] = done.stdout
        self.assertEqual(len(set(printed.values())), 1, printed)


if __name__ == "__main__":
    unittest.main()
