"""The data stack against a model: random pushes and pops, and the interpreter's own in between."""

import os
import random
import threading
import unittest

import walk
from support import FrameTestCase

STEPS = int(os.environ.get("PYFRAME_SHIM_STEPS", 1_000_000))
DEEPEST = 40  # of the interpreter's own frames; each takes the data stack and, in a hook, the C stack


def descend(depth, number):
    """Frames of the interpreter's own: plain ones, wide ones, and a generator's, which lie elsewhere."""
    if depth == 0:
        return number
    if number % 3 == 0:
        a = b = c = d = e = f = g = h = [number]
        return descend(depth - 1, number // 3) + len(a + b + c + d + e + f + g + h)
    return sum(descend(depth - 1, number // 2) for _ in range(1))


class DataStackWalk(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.seed = random.SystemRandom().getrandbits(48)
        print(f"seed {self.seed}, {STEPS:,} steps", end=" ", flush=True)

    def test_one_thread(self):
        pushes, pops, chunks, calls, largest = walk.walk(self.seed, STEPS, lambda n: descend(n % DEEPEST, n))
        self.assertEqual(pushes, pops)
        self.assertGreater(chunks, STEPS // 1000)
        self.assertGreater(calls, STEPS // 100)
        print(f"{pushes:,} pushes, {chunks:,} chunks, largest {largest:,} words", end=" ", flush=True)

    def test_walks_within_walks(self):
        def function(number, level=0):
            descend(number % 7, number)
            if level < 5 and number % 11 == 0:
                walk.walk(number >> 8, 200, lambda n: function(n, level + 1))

        pushes, pops, *_ = walk.walk(self.seed, STEPS // 20, function)
        self.assertEqual(pushes, pops)

    def test_threads(self):
        failures = []

        def work(number):
            try:
                walk.walk(self.seed + number, STEPS // 10, lambda n: descend(n % DEEPEST, n))
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
