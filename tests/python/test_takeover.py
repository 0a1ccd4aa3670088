"""Every frame through a shadow frame: programs do what they did."""

import gc
import sys
import traceback
import unittest

import probe
import samples
from leaks import NOISE, growth
from support import FrameTestCase
from takeover import everything, passed_on, watched
from tracing import traced


class SamplesTest(FrameTestCase):
    def test_results(self):
        for function in samples.SAMPLES:
            with self.subTest(function=function.__name__):
                plain = repr(function())
                with everything() as counts:
                    taken_over = repr(function())
                self.assertEqual(taken_over, plain)
                self.assertGreater(counts["taken_over"], 1)

    def test_results_once_specialized(self):
        for function in samples.SAMPLES:
            with self.subTest(function=function.__name__):
                plain = repr(function())
                with everything():
                    results = {repr(function()) for _ in range(20)}
                self.assertEqual(results, {plain})

    def test_under_a_trace_function(self):
        for function in samples.SAMPLES:
            with self.subTest(function=function.__name__):
                with watched():
                    plain = traced(function)
                with everything():
                    taken_over = traced(function)
                self.assertGreater(len(plain[1]), 2)
                self.assertEqual(taken_over, plain)

    def test_counters_add_up(self):
        with everything() as counts:
            for function in samples.SAMPLES:
                function()
        self.assertGreater(counts["taken_over"], 200)
        self.assertGreater(counts["started"], 5)
        self.assertGreater(counts["namespace"], 2)
        self.assertEqual(counts["seen"], counts["taken_over"] + passed_on(counts))
        for symbol in (
            "_PyFunction_CopyWithNewCode",
            "THP_PyThreadState_BumpFramePointerSlow",
            "THP_PyFrame_Clear",
            "THP_PyThreadState_PopFrame",
        ):
            # The frame that everything() ends in is pushed before the counters are read, and popped after.
            self.assertIn(counts["taken_over"] - counts[symbol], (0, 1), symbol)

    def test_leaves_nothing(self):
        for function in samples.SAMPLES:
            with self.subTest(function=function.__name__):
                # Whole samples create codes and classes: what counts is that no more stays than without.
                plain = growth(function, 100)
                with everything():
                    self.assertLess(growth(function, 100), max(plain, 0) + 1)


def raises(depth, note):
    local = [depth, note]
    if depth == 0:
        return local[99]
    try:
        return raises(depth - 1, note)
    finally:
        local.append("seen")


class FramesTest(FrameTestCase):
    def failure(self):
        """What an exception says of the frames that it came through."""
        try:
            raises(4, "x")
        except IndexError as error:
            entries, trace = [], error.__traceback__
            while trace is not None:
                frame = trace.tb_frame
                callers = [caller.f_code.co_name for caller, _ in traceback.walk_stack(frame)][:8]
                entries.append(
                    (
                        frame.f_code,
                        trace.tb_lineno,
                        trace.tb_lasti,
                        frame.f_lineno,
                        frame.f_lasti,
                        callers,
                        {key: value for key, value in frame.f_locals.items() if key in ("local", "depth")},
                    )
                )
                trace = trace.tb_next
            return entries, traceback.format_exception(error), error

    def test_tracebacks(self):
        with watched():
            plain = self.failure()
        with everything() as counts:
            taken_over = self.failure()
        self.assertEqual(len(plain[0]), 6)
        for expected, seen in zip(plain[0][1:], taken_over[0][1:]):
            self.assertEqual(seen, expected)
        lines = lambda text: [line for line in text if "in raises" in line]
        self.assertEqual(lines(taken_over[1]), lines(plain[1]))
        self.assertGreaterEqual(counts["taken_over"], 5)

    def test_traceback_that_outlives_its_frames(self):
        with everything():
            error = self.failure()[-1]
        trace, frames = error.__traceback__, []
        while trace is not None:
            frames.append(trace.tb_frame)
            trace = trace.tb_next
        for caller, frame in zip(frames, frames[1:]):
            self.assertIs(frame.f_back, caller)
            self.assertTrue(gc.is_tracked(frame))
            self.assertEqual(probe.info(probe.frame_of(frame))["previous"], 0)
        self.assertEqual([frame.f_locals["depth"] for frame in frames[1:]], [4, 3, 2, 1, 0])
        self.assertEqual(frames[-1].f_locals["local"], [0, "x"])
        self.assertEqual(frames[1].f_locals["local"], [4, "x", "seen"])
        for frame in frames[1:]:
            frame.clear()

    def keep(self, a, *, b):
        c = [a]
        frames = [sys._getframe(), sys._getframe(1)]
        c.append(len(frames))
        return frames

    def test_kept_frame(self):
        def caller():
            return self.keep([1], b=2)

        with watched():
            plain = caller()
        with everything():
            kept = caller()
        self.assertIs(kept[0].f_back, kept[1])
        self.assertIs(kept[1].f_back, sys._getframe())
        for frame, expected in zip(kept, plain):
            for name in ("f_code", "f_lasti", "f_lineno"):
                self.assertEqual(getattr(frame, name), getattr(expected, name), name)
        f_locals = kept[0].f_locals
        self.assertEqual((f_locals["a"], f_locals["b"], f_locals["c"]), ([1], 2, [[1], 2]))
        self.assertIs(f_locals["self"], self)
        self.assertIs(f_locals["frames"], kept)
        kept[0].clear()
        self.assertEqual(dict(kept[0].f_locals), {})

    def test_closure_kept_with_its_frame(self):
        def outer(a):
            def inner():
                nonlocal a
                a += 1
                return sys._getframe()

            return inner, sys._getframe()

        with everything():
            inner, frame = outer(1)
            dead = inner()
        self.assertEqual((frame.f_locals["a"], dead.f_locals["a"]), (2, 2))

    def test_stack_within(self):
        def names():
            return [frame.f_code.co_name for frame, _ in traceback.walk_stack(sys._getframe())]

        def middle():
            return names()

        plain = middle()
        with everything():
            taken_over = middle()
        self.assertEqual(taken_over, plain)
        self.assertEqual(taken_over[:3], ["names", "middle", "test_stack_within"])

    def test_leaves_nothing(self):
        def caller():
            return self.keep([1], b=2)

        with everything():
            self.assertLess(growth(caller), NOISE)
            self.assertLess(growth(self.failure, 300), NOISE)


class DepthTest(FrameTestCase):
    def test_recursion_error(self):
        def endless(n):
            return endless(n + 1) + 1

        for _ in range(5):
            with everything() as counts:
                with self.assertRaises(RecursionError):
                    endless(0)
                self.assertEqual(samples.recursion(), 9)
            self.assertGreater(counts["taken_over"], 100)

    def test_recursion_error_caught_at_every_depth(self):
        def stubborn(n):
            try:
                return stubborn(n + 1)
            except RecursionError:
                return n, [n]

        with everything():
            depth, _ = stubborn(0)
            self.assertEqual(samples.recursion(), 9)
        self.assertGreater(depth, 50)

    def wide(self, depth):
        names = ", ".join(f"a{i}" for i in range(100))
        space = {}
        exec(f"def f(n, hook, {names}):\n if n == 0: return hook()\n return f(n - 1, hook, {names}) + [n + a99]\n", space)
        return space["f"](depth, lambda: [probe.stack()[-1]], *range(100))

    def test_many_chunks(self):
        before = probe.stack()
        for _ in range(3):
            with everything():
                within, *rest = self.wide(100)
            self.assertGreater(within, before[-1] + 5)
            self.assertEqual(rest, [n + 99 for n in range(1, 101)])
            self.assertEqual(probe.stack(), before)

    def test_every_distance_from_the_end_of_a_chunk(self):
        def large(a):
            return a, probe.stack()[-1]

        large.__code__ = large.__code__.replace(co_stacksize=900)

        def descend(n):
            if n:
                return descend(n - 1)
            first, stack = large(n), probe.stack()
            second = large(n)
            return first == second and stack == probe.stack()

        before = probe.stack()
        for depth in range(120):
            with everything():
                same = descend(depth)
            self.assertTrue(same, depth)
            self.assertEqual(probe.stack(), before, depth)


if __name__ == "__main__":
    unittest.main()
