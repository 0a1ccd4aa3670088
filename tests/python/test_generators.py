"""Generators, coroutines and async generators whose functions run in shadow frames."""

import asyncio
import contextlib
import gc
import inspect
import sys
import threading
import types
import unittest
import weakref

from leaks import NOISE, growth
from support import FrameTestCase
from takeover import everything, watched


def counting(a, *, b=2):
    log = [a]
    try:
        while True:
            try:
                log.append((yield len(log)))
            except KeyError as error:
                log.append(repr(error))
            if log[-1] == "stop":
                return log
    finally:
        log.append("finally")


def closure(value):
    def generator(a):
        nonlocal value
        while True:
            value += a
            yield value

    return generator


async def coroutine(a):
    return await awaited(a), a


@types.coroutine
def awaited(a):
    return (yield a)


async def async_generator(a):
    for i in range(a):
        yield await awaited(i)


MAKERS = [counting, closure(1), coroutine, awaited, async_generator]


def frame_of(generator):
    return next(getattr(generator, name) for name in ("gi_frame", "cr_frame", "ag_frame") if hasattr(generator, name))


def drop(generator):
    """Let go of a coroutine that nobody awaits without a warning."""
    if inspect.iscoroutine(generator):
        generator.close()


class LifeTest(FrameTestCase):
    def story(self):
        """What can be told about generators in all their states."""
        told = []

        def tell(generator, result=None):
            frame = generator.gi_frame
            told.append(
                (
                    inspect.getgeneratorstate(generator),
                    generator.gi_running,
                    repr(result),
                    generator.__name__,
                    frame and (frame.f_lineno, frame.f_lasti, frame.f_back, sorted(frame.f_locals.items())),
                )
            )

        generator = counting(1)
        tell(generator)
        tell(generator, next(generator))
        tell(generator, generator.send("x"))
        tell(generator, generator.throw(KeyError("thrown")))
        with self.assertRaises(StopIteration) as stop:
            generator.send("stop")
        tell(generator, stop.exception.value)
        for call in (generator.close, lambda: next(generator, "end"), lambda: list(generator)):
            tell(generator, call())

        unstarted, closed, broken = counting(1), counting(2), counting(3)
        tell(unstarted, unstarted.close())
        tell(closed, next(closed))
        tell(closed, closed.close())
        next(broken)
        with self.assertRaisesRegex(ValueError, "thrown"):
            broken.throw(ValueError("thrown"))
        tell(broken)
        with self.assertRaises(TypeError):
            counting(1).send("not None")
        with self.assertRaisesRegex(ValueError, "thrown"):
            counting(1).throw(ValueError("thrown"))
        return told

    def test_states(self):
        with watched():
            plain = self.story()
        with everything() as counts:
            taken_over = self.story()
        self.assertGreater(len(plain), 10)
        self.assertEqual(taken_over, plain)
        self.assertGreater(counts["started"], 5)

    def test_running(self):
        def curious():
            states.append((inspect.getgeneratorstate(generator), generator.gi_running))
            try:
                next(generator)
            except ValueError as error:
                states.append(str(error))
            yield sys._getframe() is generator.gi_frame, sys._getframe().f_back

        states = []
        with everything():
            generator = curious()
            same, caller = next(generator)
        self.assertEqual(states, [("GEN_RUNNING", True), "generator already executing"])
        self.assertTrue(same)
        self.assertIs(caller, sys._getframe())
        self.assertIsNone(generator.gi_frame.f_back)

    def test_begun_and_ended_on_different_sides(self):
        def life(first, second):
            with first():
                generator = counting(1)
            with second():
                values = [next(generator)]
            with first():
                values.append(generator.send("x"))
            with second():
                values.append(generator.throw(KeyError("thrown")))
            with first(), self.assertRaises(StopIteration) as stop:
                generator.send("stop")
            return values, stop.exception.value

        expected = life(contextlib.nullcontext, contextlib.nullcontext)
        for sides in [(everything, contextlib.nullcontext), (contextlib.nullcontext, everything), (everything, everything)]:
            self.assertEqual(life(*sides), expected)

    def test_frame_of_a_dead_unstarted_generator(self):
        def facts():
            found = []
            for maker in MAKERS:
                generator = maker(5)
                frame = frame_of(generator)
                self.assertEqual(frame.f_locals["a"], 5)
                drop(generator)
                del generator
                gc.collect()
                found.append((frame.f_code, frame.f_lasti, frame.f_lineno, frame.f_back and frame.f_back.f_code))
                frame.clear()
            return found

        with watched():
            plain = facts()
        with everything():
            self.assertEqual(facts(), plain)

    def test_frame_outlives_a_suspended_generator(self):
        with everything():
            generator = counting(1)
            next(generator)
            frame = generator.gi_frame
            del generator
        self.assertEqual(frame.f_locals, {"a": 1, "b": 2, "log": [1, "finally"]})
        self.assertTrue(gc.is_tracked(frame))
        frame.clear()

    def test_arguments_are_released(self):
        class Thing:
            pass

        def holds(thing, *rest):
            yield lambda: thing

        with everything():
            for begin in (False, True):
                thing = Thing()
                watch = weakref.ref(thing)
                generator = holds(thing, thing)
                if begin:
                    next(generator)
                del thing
                self.assertIsNotNone(watch())
                del generator
                gc.collect()
                self.assertIsNone(watch())

    def test_names(self):
        def rename(function):
            copy = types.FunctionType(function.__code__, function.__globals__, "renamed", None, function.__closure__)
            copy.__qualname__ = "quite.renamed"
            return copy

        with everything():
            for maker in MAKERS:
                generator, renamed = maker(1), rename(maker)(1, **({"b": 1} if maker is counting else {}))
                self.assertEqual((generator.__name__, generator.__qualname__), (maker.__name__, maker.__qualname__))
                self.assertEqual((renamed.__name__, renamed.__qualname__), ("renamed", "quite.renamed"))
                drop(generator)
                drop(renamed)

    def test_exceptions_being_handled(self):
        def handles():
            try:
                raise KeyError("inner")
            except KeyError:
                yield sys.exc_info()[1]
                yield sys.exc_info()[1]
            yield sys.exc_info()[1]

        with everything():
            try:
                raise LookupError("outer")
            except LookupError as outer:
                generator = handles()
                self.assertEqual(repr(next(generator)), "KeyError('inner')")
                self.assertIs(sys.exc_info()[1], outer)
                self.assertEqual(repr(next(generator)), "KeyError('inner')")
                self.assertIs(next(generator), outer)
                self.assertIs(sys.exc_info()[1], outer)
            self.assertEqual(sys.exc_info(), (None, None, None))

    def test_leaves_nothing(self):
        def live(maker, begin):
            generator = maker([1] if maker is counting else 3)
            frame_of(generator)
            if begin:
                step = generator.asend(None) if inspect.isasyncgen(generator) else generator
                step.send(None)
                step.close()
            drop(generator)

        with everything():
            for maker in MAKERS:
                for begin in (False, True):
                    with self.subTest(maker=maker.__name__, begin=begin):
                        self.assertLess(growth(lambda: live(maker, begin)), NOISE)


async def program():
    log, queue = [], asyncio.Queue(2)

    @contextlib.asynccontextmanager
    async def logged(name):
        log.append(f"enter {name}")
        try:
            yield name
        finally:
            await asyncio.sleep(0)
            log.append(f"exit {name}")

    async def producer(n):
        async with logged("producer"):
            for i in range(n):
                await queue.put(i)
            await queue.put(None)

    async def consumer():
        total = 0
        while (item := await queue.get()) is not None:
            total += item
        return total

    async def numbers(n):
        for i in range(n):
            await asyncio.sleep(0)
            yield i

    async def forever():
        try:
            while True:
                await asyncio.sleep(60)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async def fails():
        await asyncio.sleep(0)
        raise LookupError("failed")

    _, total = await asyncio.gather(producer(50), consumer())
    log.append([x * y async for x in numbers(4) async for y in numbers(x)])
    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    log += map(repr, await asyncio.gather(task, fails(), return_exceptions=True))
    try:
        async with asyncio.timeout(0.001):
            await forever()
    except TimeoutError:
        log.append("timeout")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(forever())
            group.create_task(fails())
    except* LookupError as errors:
        log.append(repr(errors.exceptions))
    stopped = numbers(5)
    log.append(await anext(stopped))
    await stopped.aclose()
    log.append(await asyncio.to_thread(lambda: sum(range(10))))
    return total, log


class AsyncioTest(FrameTestCase):
    def test_program(self):
        plain = asyncio.run(program())
        with everything() as counts:
            taken_over = asyncio.run(program())
        self.assertEqual(taken_over, plain)
        self.assertGreater(counts["taken_over"], 500)
        self.assertGreater(counts["started"], 100)

    def test_programs_in_threads(self):
        plain, results = asyncio.run(program()), []
        with everything():
            threads = [threading.Thread(target=lambda: results.append(asyncio.run(program()))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(results, [plain] * 4)

    def test_debug_mode(self):
        # Keeps stacks of frames for every handle.
        plain = asyncio.run(program())
        with everything():
            self.assertEqual(asyncio.run(program(), debug=True), plain)


if __name__ == "__main__":
    unittest.main()
