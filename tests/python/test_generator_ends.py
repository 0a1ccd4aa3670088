"""Generators that run behind the evaluation of another one's frame, before the hook returns.

CPython 3.15 keeps in the thread how the evaluation of a generator's frame has ended: with a value, or with the generator's end.
"""

import asyncio
import itertools
import sys
import unittest

import api
import probe
from support import IS_DEBUG, FrameTestCase

SAYS_HOW_GENERATORS_END = sys.version_info >= (3, 15)
OWNER_GENERATOR = 1  # PYFRAME_SHIM_OWNER_GENERATOR


def generator():
    yield "one"
    yield "two"
    return "end"


def failing():
    yield "one"
    raise LookupError("two")


def for_ever():
    while True:
        yield


def ending():
    """An iterator that has a generator come to its end at each step."""

    def empty():
        return
        yield

    return map(lambda _: list(empty()), itertools.repeat(None))


def steps(function):
    """What comes of each step, until it is over."""
    seen, running = [], function()
    while len(seen) < 5:
        try:
            seen.append(running.send(None))
        except StopIteration as stop:
            return seen + ["stop", stop.value]
        except LookupError as error:
            return seen + [str(error)]
    return seen


def by_a_loop(function):
    return list(function())


def by_delegation(function):
    def outer():
        return (yield from function())

    return steps(outer)


def by_a_coroutine(function):
    async def values():
        for value in function():
            yield value

    async def main():
        return [value async for value in values()]

    return asyncio.run(main())


USES = (
    (steps, generator), (steps, failing), (by_a_loop, generator), (by_delegation, generator), (by_a_coroutine, generator),
)  # fmt: skip


class Answer(str):
    """What a callback returns. The hook releases it behind the evaluation."""

    def __new__(cls, generator):
        answer = super().__new__(cls, "next")
        answer.generator = generator
        return answer

    def __del__(self):
        next(self.generator, None)


class BehindTheEvaluation(FrameTestCase):
    def test_in_a_hook_of_the_library(self):
        for use, function in USES:
            expected = use(function)
            for make in (for_ever, ending):
                other, asked = make(), []

                def callback(frame, code=function.__code__, other=other, asked=asked):
                    if api.code(frame) is not code or api.owner(frame) != OWNER_GENERATOR:
                        return None
                    asked.append(frame)
                    return Answer(other)

                hook = api.install(callback)
                try:
                    found = use(function)
                finally:
                    api.remove(hook)
                with self.subTest(use=use.__name__, function=function.__name__, other=make.__name__):
                    self.assertEqual(found, expected)
                    self.assertGreater(len(asked), 1)

    def test_in_a_hook_that_says_so(self):
        for use, function in USES:
            expected = use(function)
            for make in (for_ever, ending):
                probe.driving_hook(function.__code__, make(), True)
                try:
                    found = use(function)
                finally:
                    probe.unhook()
                with self.subTest(use=use.__name__, function=function.__name__, other=make.__name__):
                    self.assertEqual(found, expected)

    @unittest.skipIf(IS_DEBUG and SAYS_HOW_GENERATORS_END, "a debug build asserts")
    def test_in_a_hook_that_does_not(self):
        """Why the call is there."""
        found = []
        for other in (for_ever(), ending()):
            probe.driving_hook(generator.__code__, other, False)
            try:
                found.append(steps(generator))
            finally:
                probe.unhook()
        right = ["one", "two", "stop", "end"]
        wrong = [["one", "two", "end", "stop", None], ["stop", "one"]]
        self.assertEqual(found, wrong if SAYS_HOW_GENERATORS_END else [right] * 2)

    def test_a_generator_that_a_hook_ends(self):
        """PyFrameShim_Return and THP_PyFrame_Clear end one, behind whatever its locals have run."""

        class Drives:
            def __del__(self):
                next(other)

        def held(thing):
            yield "one"
            yield "two"

        for answer, expected in ((["given"], ["one", "stop", "given"]), ([], ["one", "lost"])):
            other, frames = for_ever(), []

            def callback(frame, answer=answer, frames=frames):
                if api.code(frame) is not held.__code__ or api.owner(frame) != OWNER_GENERATOR:
                    return None
                frames.append(frame)
                if len(frames) == 1:
                    return None
                if answer:
                    return answer
                raise LookupError("lost")

            hook = api.install(callback)
            try:
                found = steps(lambda: held(Drives()))
            finally:
                api.remove(hook)
            self.assertEqual(found, expected)


if __name__ == "__main__":
    unittest.main()
