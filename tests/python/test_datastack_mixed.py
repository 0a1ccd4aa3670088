"""The data stack shared with CPython: its own pushes and pops between ours, in every place where frames come from."""

import _thread
import os
import random
import sys
import threading
import unittest

import probe
import shadow
from stack_model import HEADER, WORD, Model, frame_words, with_pushed
from support import FrameTestCase

STEPS = 30_000


class CallsTest(FrameTestCase):
    """Python is called while our memory is on top."""

    def assert_restored(self, words, action):
        before = probe.stack()
        frame = probe.push(words)
        try:
            top = probe.stack()
            action()
            after = probe.stack()
        finally:
            probe.pop(frame)
        restored = probe.stack()
        self.assert_same(after, top)
        self.assert_same(restored, before)

    def assert_same(self, stack, before):
        """The limit too: a pop takes it from the chunk's size, and CPython's chunk cache (3.13.13) may set it lower."""
        chunk, size, used, room, count = before
        self.assertEqual(stack[:3] + stack[4:], (chunk, size, used, count))
        self.assertIn(stack[3], (room, size // WORD - HEADER - used))

    def at_depth(self, depth, words, action):
        if depth:
            self.at_depth(depth - 1, words, action)
        else:
            self.assert_restored(words, action)

    def test_at_every_depth(self):
        def recurse(depth):
            return depth and recurse(depth - 1)

        for depth in range(0, 250, 3):
            for words in (1, 60, 3000):
                self.at_depth(depth, words, lambda: recurse(depth % 70))

    def test_exceptions_that_pass_through(self):
        def fail(depth):
            return fail(depth - 1) if depth else 1 // 0

        def caught():
            with self.assertRaises(ZeroDivisionError):
                fail(60)

        for depth in range(0, 150, 7):
            self.at_depth(depth, 40, caught)

    def test_what_c_code_calls(self):
        class Number:
            def __init__(self, value):
                self.value = value

            def __lt__(self, other):
                return self.value < other.value

        for depth in range(0, 150, 7):
            self.at_depth(depth, 700, lambda: sorted(map(Number, range(30))))

    def test_large_frames_of_cpython(self):
        """A frame of CPython's that needs a chunk of its own, above one of ours."""

        def small(a):
            return a

        large = type(small)(small.__code__.replace(co_stacksize=30_000), {})
        for words in (10, 2500, 40_000):
            self.assert_restored(words, lambda: self.assert_restored(words, lambda: large(1)))

    def test_nested_pushes(self):
        def nest(depth):
            if depth:
                with_pushed(depth * 37 % 900, lambda frame: nest(depth - 1))

        for words in (1, 500, 5000):
            self.assert_restored(words, lambda: nest(60))

    def test_under_a_hook(self):
        self.addCleanup(shadow.run_all, False)

        def recurse(depth):
            return depth and recurse(depth - 1)

        for depth in range(0, 40, 4):
            shadow.run_all(True)
            self.at_depth(depth, 300, lambda: recurse(20))
            shadow.run_all(False)


class GeneratorTest(FrameTestCase):
    def test_push_and_pop_in_a_generator(self):
        """Between two yields, that is: the generator's own frame is elsewhere."""

        def generate(words):
            for i in range(50):
                frame = probe.push(words)
                seen = probe.stack()
                probe.pop(frame)
                yield frame, seen

        for words in (1, 100, 3000):
            before = probe.stack()
            results = [(frame, seen) for frame, seen in generate(words)]
            self.assertEqual(len(results), 50)
            self.assertEqual(probe.stack(), before)

    def test_resumed_above_our_memory(self):
        def generate():
            while True:
                frame = probe.push(200)
                probe.pop(frame)
                yield frame

        generator = generate()
        frames = []
        for words in (1, 50, 1900, 4000):
            before = probe.stack()
            pushed = probe.push(words)
            frames.append((pushed + words * 8, next(generator), probe.stack()[4] == before[4]))
            probe.pop(pushed)
            self.assertEqual(probe.stack(), before)
        for above, inside, same_chunk in frames:
            if same_chunk:
                self.assertEqual(inside, above, "a generator takes nothing of the data stack")

    def test_nested_generators(self):
        def tree(depth):
            frame = probe.push(depth * 40)
            probe.pop(frame)
            yield depth
            if depth:
                yield from tree(depth - 1)

        before = probe.stack()
        self.assertEqual(list(tree(60)), list(range(60, -1, -1)))
        self.assertEqual(probe.stack(), before)


class Walk:
    """Random pushes, pops, calls and returns against the model, in a thread of its own: steps are left to take."""

    def __init__(self, seed, steps):
        self.random = random.Random(seed)
        self.steps = steps
        self.failure = None
        self.calls = 0

    def words(self):
        kind = self.random.random()
        if kind < 0.80:
            return self.random.randrange(120)
        if kind < 0.99:
            return self.random.randrange(5000)
        return self.random.randrange(1_000_000)

    def bottom(self):
        try:
            model = Model(*probe.stack())
            model.pop(self.run(model, 0))
            if self.failure is None and probe.stack() != model.stack():
                self.failure = "the bottom", probe.stack(), model.stack()
        except BaseException as error:
            self.failure = error

    def run(self, model, depth):
        """Returns its own frame, which its caller pops off the model."""
        here = probe.current_frame()
        stack = probe.stack()
        self.compare("a call", here, model.push(here, frame_words(Walk.run.__code__)), stack, model.stack())
        mine = []
        while self.steps > 0 and self.failure is None:
            self.steps -= 1
            choice = self.random.random()
            if choice < 0.45 and len(mine) < 40:
                words = self.words()
                frame = probe.push(words)
                stack = probe.stack()
                mine.append(frame)
                self.compare("a push", frame, model.push(frame, words), stack, model.stack())
            elif choice < 0.85 and mine:
                frame = mine.pop()
                probe.pop(frame)
                stack = probe.stack()
                model.pop(frame)
                self.compare("a pop", None, None, stack, model.stack())
            elif choice < 0.95 and depth < 100:
                self.calls += 1
                frame = self.run(model, depth + 1)
                model.pop(frame)
                self.compare("a return", None, None, probe.stack(), model.stack())
            elif depth:
                break
        while mine:
            frame = mine.pop()
            probe.pop(frame)
            model.pop(frame)
        return here

    def compare(self, what, frame, expected_frame, stack, expected):
        if self.failure is None and (stack != expected or expected_frame not in (None, frame)):
            self.failure = what, self.steps, frame, expected_frame, stack, expected


class WalkTest(unittest.TestCase):
    def walk(self, walks):
        done = [threading.Lock() for _ in walks]

        def body(walk, lock):
            try:
                walk.bottom()
            finally:
                lock.release()

        for walk, lock in zip(walks, done):
            lock.acquire()
            _thread.start_new_thread(body, (walk, lock))
        for lock in done:
            self.assertTrue(lock.acquire(timeout=120), "a walk has not come to its end")
        for walk in walks:
            self.assertIsNone(walk.failure, f"PYFRAME_SHIM_SEED={self.seed}")
            self.assertEqual(walk.steps, 0)
            self.assertGreater(walk.calls, 20)

    def setUp(self):
        self.seed = int(os.environ.get("PYFRAME_SHIM_SEED") or random.randrange(2**32))
        print(f"PYFRAME_SHIM_SEED={self.seed}", file=sys.stderr)

    def test_one_thread(self):
        self.walk([Walk(self.seed, STEPS)])

    def test_threads_at_once(self):
        """Each has a data stack of its own."""
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        self.walk([Walk(self.seed + index, STEPS // 4) for index in range(4)])


if __name__ == "__main__":
    unittest.main()
