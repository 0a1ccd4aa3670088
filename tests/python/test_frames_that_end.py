"""Locals of a frame that is going away: while the evaluator clears it, when its generator has ended, or been dropped."""

import gc
import sys
import threading
import unittest

import probe
from leaks import NOISE, growth
from support import FrameTestCase, run_script

# From 3.12 on the evaluator clears the frame that a hook gives it; on 3.11 the hook's caller does, when the hook has returned.
EVALUATOR_CLEARS = sys.version_info >= (3, 12)
# Up to 3.11 any allocation may start a collection.
ALLOCATING_COLLECTS = sys.version_info < (3, 12)

NO_LOCALS = "the frame has no locals any more: it has been cleared, or is being cleared"


class Dies:
    """Does something when it dies."""

    def __init__(self, act):
        self.act = act

    def __del__(self):
        self.act()


def generator(a):
    b = [a]
    yield b
    yield a


class EvaluatorTest(FrameTestCase):
    """A finalizer asks for the locals of the very frame that the evaluator is clearing."""

    def setUp(self):
        super().setUp()
        self.answers = []
        self.addCleanup(probe.unhook)

    def ask(self):
        for route in (probe.mapping, probe.fast_to_locals, lambda frame: probe.get_locals(frame, 0)):
            try:
                self.answers.append(route(self.frame))
            except ValueError as error:
                self.answers.append(str(error))

    def hook(self, code):
        probe.hook(code, lambda frame: setattr(self, "frame", frame))

    @unittest.skipUnless(EVALUATOR_CLEARS, "on 3.11 the frame is cleared when the hook has returned, and is not to be asked then")
    def test_functions(self):
        def dying(ask):
            before, text, a, after = [1, 2, 3], ("x" * 30, object()), Dies(ask), {1: 2}
            return before and text and after

        def with_cells(ask):
            before, a = [1, 2, 3], Dies(ask)
            return (lambda: (before, a)) and None

        for function in (dying, with_cells):
            self.hook(function.__code__)
            for _ in range(50):
                self.answers.clear()
                function(self.ask)
                self.assertEqual(self.answers, [{}, NO_LOCALS, NO_LOCALS], function.__name__)

    def test_generators(self):
        def dying(ask):
            before, a, after = [1, 2, 3], Dies(ask), {1: 2}
            yield before, after

        self.frame = None
        for end in (lambda made: list(made), lambda made: (next(made), made.close())):
            for _ in range(50):
                self.answers.clear()
                made = dying(self.ask)
                self.frame = probe.generator_frame(made)
                end(made)
                del made
                gc.collect()
                self.assertEqual(self.answers[0], {})
                # close() of 3.13 empties the frame of a generator that it does not end.
                self.assertIn(self.answers[1:], ([NO_LOCALS] * 2, [({}, 0)] * 2))

    def test_a_frame_that_has_called_another_is_not_on_its_way_out(self):
        """It does not run, and is linked all the same."""

        def outer(a):
            frame = probe.frame_of(sys._getframe())
            return inner(frame), a

        def inner(frame):
            return probe.mapping(frame), probe.info(frame)["stacktop"]

        for _ in range(50):
            (found, _), a = outer([1])
            self.assertEqual(found["a"], a)

    def test_of_another_thread(self):
        arrived, go_on = threading.Event(), threading.Event()
        frames = []

        def outer(a):
            frames.append(sys._getframe())
            return inner(), a

        def inner():
            arrived.set()
            go_on.wait()

        thread = threading.Thread(target=outer, args=([1],))
        thread.start()
        arrived.wait()
        found = probe.mapping(probe.frame_of(frames[0]))
        go_on.set()
        thread.join()
        self.assertEqual(found, {"a": [1], **{name: value for name, value in found.items() if name != "a"}})


class EndedGeneratorTest(FrameTestCase):
    def ask(self, end):
        made = generator([1])
        frame = probe.generator_frame(made)
        end(made)
        self.assertEqual(probe.mapping(frame), {})
        for route in (probe.fast_to_locals, probe.get_locals_quietly):
            with self.assertRaisesRegex(ValueError, NO_LOCALS):
                route(frame)

    def test_has_no_locals(self):
        """What its slots hold is given up already; up to 3.12 they are not emptied. Nor is a mapping left in it, which nobody
        would release."""
        for end in (list, lambda made: [next(made) for _ in range(2)] and next(made, None)):
            self.assertLess(growth(lambda: self.ask(end), 100), NOISE)


class ClearedFrameTest(FrameTestCase):
    def test_one_answer_by_every_route(self):
        """It has been the caller's own to clear."""
        frame = probe.push_frame(generator, (1,))
        probe.clear(frame)
        caught = []
        for route in (probe.mapping, probe.fast_to_locals, probe.get_locals_quietly, lambda f: probe.get_locals(f, 1)):
            try:
                route(frame)
            except ValueError as error:
                caught.append(str(error))
        probe.pop(frame)
        self.assertEqual(caught, [NO_LOCALS] * 4)


DROPS_ITS_GENERATOR = """
import gc, probe

class Drops(dict):
    def __setitem__(self, name, value):
        kept.clear()
        gc.collect()
        filler.extend([i] * 12 for i in range(500))
        super().__setitem__(name, value)

class Thing:
    pass

def generator(a, b, c):
    yield a, b, c

filler, kept = [], [generator(Thing(), Thing(), Thing())]
next(kept[0])
frame = probe.generator_frame(kept[0])
probe.set_f_locals(frame, Drops())
found = probe.get_locals_quietly(frame)
assert [type(value) for value in found.values()] == [Thing] * 3, found
"""

ENDS_ITS_GENERATOR = """
import gc, sys, probe

class Finalizer:
    def __init__(self, act):
        self.me, self.act = self, act
    def __del__(self):
        self.act()

def generator(a):
    b, c, d = [a, 1], [a, 2], [a, 3]
    yield b
    return b, c, d

def attempt(allocations, drop):
    made = generator([0])
    next(made)
    kept, ended, frame = [made], [], probe.generator_frame(made)
    del made
    held = [{} for _ in range(100)]  # no dict is left for use again
    gc.set_threshold(0)
    gc.collect()
    def act():
        kept[0].close()
        if drop:
            kept.clear()
        ended.append(True)
        junk.extend([i] * 4 for i in range(500))
    junk = []
    Finalizer(act)
    gc.set_threshold(gc.get_count()[0] + allocations)
    if ended:
        return False  # too early: there is nothing to ask then
    answer = route(frame)
    gc.set_threshold(0)
    for name, value in answer.items():
        assert name in "abcd" and type(value) is list, (name, value)
    return bool(ended)

route = {"mapping": probe.mapping, "merged": probe.get_locals_quietly}[sys.argv[1]]
inside = sum(attempt(allocations, drop) for _ in range(5) for allocations in range(12) for drop in (False, True))
assert inside, "no generator has ended inside of the call"
"""


class DroppedGeneratorTest(unittest.TestCase):
    """Python code that runs inside of the call ends the generator, or drops it."""

    def assert_runs(self, program, *arguments):
        for malloc in ("debug", "default"):
            done = run_script(program, *arguments, PYTHONMALLOC=malloc, PYTHONFAULTHANDLER="")
            self.assertEqual((done.returncode, done.stderr), (0, ""), (malloc, arguments))

    def test_by_the_mapping(self):
        self.assert_runs(DROPS_ITS_GENERATOR)

    @unittest.skipUnless(ALLOCATING_COLLECTS, "from 3.12 on nothing runs inside of an allocation")
    def test_by_a_collection(self):
        for route in ("mapping", "merged"):
            self.assert_runs(ENDS_ITS_GENERATOR, route)


if __name__ == "__main__":
    unittest.main()
