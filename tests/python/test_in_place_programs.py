"""Whole programs with every frame taken over: in place with copies and with bigger code, and through a shadow frame. And random
pairs of functions, the one called and the other run, at random depths."""

import random
import threading
import unittest

import samples
from hooking import ALWAYS_SHADOW, call_with, everything, watched
from leaks import NOISE, growth
from other_code import bigger, copied, with_more_stack
from replaceable import FUNCTIONS, attempt, deeper
from support import FrameTestCase
from tracing import traced

WAYS = {
    "own code": (None, 0),
    "copies": (copied, 0),
    "bigger": (bigger, 0),
    "more stack": (with_more_stack, 0),
    "shadow": (copied, ALWAYS_SHADOW),
    "shadow, bigger": (bigger, ALWAYS_SHADOW),
}
PAIRS = 3000


class Samples(FrameTestCase):
    def test_results(self):
        for function in samples.SAMPLES:
            plain = repr(function())
            for way, (make, flags) in WAYS.items():
                with self.subTest(function=function.__name__, way=way):
                    with everything(make, flags) as counts:
                        # More than once: the other code is specialized as well.
                        results = {repr(function()) for _ in range(12)}
                    self.assertEqual(results, {plain})
                    self.assertGreater(counts["taken_over"], 10)

    def test_leaves_nothing(self):
        for function in samples.SAMPLES:
            for way, (make, flags) in WAYS.items():
                with self.subTest(function=function.__name__, way=way):
                    with watched():
                        hooked = growth(function, 100)
                    # What is made for codes that a sample makes anew each time goes with them.
                    with everything(make, flags):
                        taken_over = growth(function, 100)
                    self.assertLess(taken_over, max(hooked, 0) + NOISE)

    def test_under_a_trace_function(self):
        for function in samples.SAMPLES:
            with watched():
                plain = traced(function)
            for way in ("copies", "more stack"):
                with self.subTest(function=function.__name__, way=way):
                    with everything(*WAYS[way]):
                        taken_over = traced(function)
                    self.assertEqual(taken_over, plain)

    def test_in_threads(self):
        expected = {function: repr(function()) for function in samples.SAMPLES}
        wrong = []

        def work():
            for function in samples.SAMPLES:
                if (found := repr(function())) != expected[function]:
                    wrong.append((function.__name__, found))

        with everything(bigger):
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])


class RandomPairs(FrameTestCase):
    def test_random_pairs(self):
        chance = random.Random(20261126)
        for number in range(PAIRS):
            function, other = chance.choice(FUNCTIONS), chance.choice(FUNCTIONS)
            make = chance.choice((lambda code: code, copied, bigger, with_more_stack))
            code, free = make(other.__code__), len(other.__code__.co_freevars)
            needs_own = free not in (0, len(function.__code__.co_freevars))
            own = other.__class__(code, other.__globals__, None, other.__defaults__, other.__closure__) if needs_own else None
            # Names and values of free variables are the function's own, unless another is passed.
            if free and not needs_own:
                closure = function.__closure__
                like = other.__class__(code, other.__globals__, None, other.__defaults__, closure)
            else:
                like = other
            like.__kwdefaults__ = other.__kwdefaults__
            arguments = [chance.randrange(9) for _ in range(chance.randrange(1, 5))]
            with self.subTest(number=number, function=function.__name__, other=other.__name__):
                expected = attempt(lambda: like(*arguments))
                levels, flags = chance.randrange(60), chance.choice((0, 0, ALWAYS_SHADOW))
                found = attempt(lambda: deeper(levels, lambda: call_with(function, code, *arguments, own=own, flags=flags)))
                self.assertEqual(found, expected)


if __name__ == "__main__":
    unittest.main()
