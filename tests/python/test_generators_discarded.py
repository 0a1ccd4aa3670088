"""A hook that does not evaluate a generator's frame: the exception comes out, and the generator is at its end."""

import _thread
import asyncio
import dis
import gc
import inspect
import sys
import time
import traceback
import types
import unittest
import warnings
import weakref

import probe
from leaks import NOISE, growth
from support import FRAME_OBJECT, GENERATOR, THREAD, FrameTestCase

# instr_ptr stands on the next instruction, prev_instr on the last.
RESUMED = 2 if sys.version_info >= (3, 13) else 0


class Boom(Exception):
    pass


def hook_nth(code, nth, action=lambda frame: None):
    """Refuse the nth evaluation of a frame of the code, after the action: 1 is the call, 2 the first resume."""
    count = 0

    def callback(frame):
        nonlocal count
        count += 1
        if count == nth:
            action(frame)
            raise Boom

    probe.hook(code, callback)


def generator(a, log):
    for i in range(10):
        try:
            raise KeyError(i)
        except KeyError as handled:
            try:
                yield i
            finally:
                log.append(repr(handled))


@types.coroutine
def step(value):
    return (yield value)


async def coroutine(a, log):
    for i in range(10):
        try:
            await step(i)
        finally:
            log.append(i)


async def async_generator(a, log):
    for i in range(10):
        try:
            yield i
        finally:
            log.append(i)


class Kind:
    """How generators of a kind are advanced, and what of them to look at."""

    def __init__(self, function, prefix, state, again):
        self.function, self.prefix, self.state, self.again = function, prefix, state, again

    def advance(self, made):
        try:
            return (made.asend(None) if self.prefix == "ag" else made).send(None)
        except StopIteration as stop:  # how asend() delivers
            if self.prefix != "ag":
                raise
            return stop.value

    def get(self, made, name):
        return getattr(made, f"{self.prefix}_{name}")

    def closed(self, made):
        # inspect has getasyncgenstate from 3.12 on.
        return self.state is None or self.state(made).endswith("_CLOSED")


KINDS = [
    Kind(generator, "gi", inspect.getgeneratorstate, StopIteration),
    Kind(coroutine, "cr", inspect.getcoroutinestate, RuntimeError),
    Kind(async_generator, "ag", getattr(inspect, "getasyncgenstate", None), StopAsyncIteration),
]


class Thing:
    pass


class DiscardTest(FrameTestCase):
    def setUp(self):
        super().setUp()
        warnings.simplefilter("error")
        self.addCleanup(warnings.resetwarnings)
        self.addCleanup(self.assertEqual, [], self.unraisable())

    def unraisable(self):
        reports = []
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = lambda report: reports.append(repr(report.exc_value))
        return reports

    def refuse(self, kind, nth, made):
        """Advance until the nth evaluation, which is refused."""
        item = probe.exception_item()
        for _ in range(nth - 2):
            kind.advance(made)
        try:
            kind.advance(made)
        except Boom as error:
            self.assertEqual(probe.exception_item(), item)
            return [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
        self.fail("the exception was lost")

    def test_ends_the_generator(self):
        for kind in KINDS:
            for nth in (2, 3, 6):
                with self.subTest(kind=kind.prefix, nth=nth):
                    log, code, owners = [], kind.function.__code__, []
                    hook_nth(code, nth, lambda frame: owners.append(probe.info(frame)["owner"]))
                    made = kind.function(1, log)
                    codes = self.refuse(kind, nth, made)
                    self.assertNotIn(code, codes)
                    self.assertEqual(owners, [GENERATOR])
                    self.assertEqual(len(log), max(nth - 3, 0), "the frame must not have run")
                    self.assertIsNone(kind.get(made, "frame"))
                    self.assertFalse(kind.get(made, "running"))
                    self.assertIs(kind.get(made, "code"), code)
                    self.assertTrue(kind.closed(made))
                    self.assertEqual(made.__name__, kind.function.__name__)
                    for _ in range(2):
                        with self.assertRaises(kind.again):
                            kind.advance(made)
                    with self.assertRaises(StopIteration) if kind.prefix == "ag" else self.subTest():
                        closing = made.aclose() if kind.prefix == "ag" else made.close()
                        closing and closing.send(None)

    def test_on_a_thread_that_has_no_data_stack(self):
        """It has run no Python code but the generator, whose frame lies elsewhere; and the callback is not Python code."""
        reports, made = self.unraisable(), generator(1, [])
        probe.hook(generator.__code__, len)
        _thread.start_new_thread(next, (made,))
        deadline = time.monotonic() + 60
        while not reports and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(reports, ["TypeError(\"object of type 'int' has no len()\")"])
        self.assertIsNone(made.gi_frame)

    def test_refused_at_the_call(self):
        for kind in KINDS:
            thing, owners = Thing(), []
            before = sys.getrefcount(thing)
            hook_nth(kind.function.__code__, 1, lambda frame: owners.append(probe.info(frame)["owner"]))
            with self.assertRaises(Boom):
                kind.function(thing, [])
            self.assertEqual(owners, [THREAD])
            self.assertEqual(sys.getrefcount(thing), before)
            made = kind.function(thing, [])
            self.assertEqual(kind.advance(made), 0)

    def test_references(self):
        for kind in KINDS:
            for nth in (1, 2, 3, 5):
                with self.subTest(kind=kind.prefix, nth=nth):
                    code, function, thing, log = kind.function.__code__, kind.function, Thing(), []
                    hook_nth(code, nth)
                    gc.collect()
                    before = sys.getrefcount(code), sys.getrefcount(function), sys.getrefcount(log)
                    watch = weakref.ref(thing)
                    if nth == 1:
                        with self.assertRaises(Boom):
                            function(thing, log)
                    else:
                        made = function(thing, log)
                        self.refuse(kind, nth, made)
                        del thing
                        gc.collect()  # the frame, through the exception that it was handling
                        self.assertIsNone(watch(), "an ended generator must not hold its arguments")
                        self.assertEqual(sys.getrefcount(code), before[0] + 1, "but its code")
                        del made
                    gc.collect()
                    after = sys.getrefcount(code), sys.getrefcount(function), sys.getrefcount(log)
                    self.assertEqual(after, before)

    def test_handled_exceptions(self):
        for nth in (2, 4):
            hook_nth(generator.__code__, nth)
            try:
                raise LookupError("outer")
            except LookupError as outer:
                made = generator(1, [])
                self.refuse(KINDS[0], nth, made)
                self.assertIs(sys.exc_info()[1], outer)
                del made
                gc.collect()
                self.assertIs(sys.exc_info()[1], outer)
            self.assertEqual(sys.exc_info(), (None, None, None))

    def test_exception_that_it_was_handling_is_released(self):
        class Handled(Exception):
            pass

        def handles():
            try:
                raise Handled
            except Handled:
                watched.append(weakref.ref(sys.exc_info()[1]))
                yield

        watched = []
        hook_nth(handles.__code__, 3)
        made = handles()
        self.refuse(KINDS[0], 3, made)
        gc.collect()
        self.assertIsNone(watched[0]())

    def test_frame_that_is_kept(self):
        for kind in KINDS:
            for nth in (3, 5):
                with self.subTest(kind=kind.prefix, nth=nth):
                    thing = Thing()
                    hook_nth(kind.function.__code__, nth)
                    made = kind.function(thing, [])
                    kind.advance(made)
                    frame = kind.get(made, "frame")
                    line = frame.f_lineno
                    self.refuse(kind, nth - 1, made)
                    self.assertIsNone(kind.get(made, "frame"))
                    del made
                    gc.collect()
                    self.assertIs(frame.f_code, kind.function.__code__)
                    self.assertIs(frame.f_locals["a"], thing)
                    self.assertEqual(frame.f_locals["i"], nth - 3)
                    self.assertEqual(frame.f_lineno, line)
                    self.assertTrue(gc.is_tracked(frame))
                    info = probe.info(probe.frame_of(frame))
                    self.assertEqual((info["owner"], info["previous"]), (FRAME_OBJECT, 0))
                    before = sys.getrefcount(thing)
                    frame.clear()
                    self.assertEqual(sys.getrefcount(thing), before - 1)

    def test_frame_of_an_unstarted_generator(self):
        # Refused on the first resume, and cleared through the library: the frame has come as far as RESUME.
        for kind in KINDS:
            code = kind.function.__code__
            expected = next(i.offset for i in dis.get_instructions(code) if i.opname == "RESUME") + RESUMED
            references = sys.getrefcount(code)
            for clear in (lambda made: self.refuse(kind, 2, made), probe.clear_generator):
                with self.subTest(kind=kind.prefix, clear=clear.__name__):
                    hook_nth(code, 2)
                    made, thing = kind.function(value := Thing(), []), weakref.ref(value)
                    del value
                    frame = kind.get(made, "frame")
                    clear(made)
                    self.assertIsNone(kind.get(made, "frame"))
                    self.assertEqual(frame.f_lasti, expected)
                    lines = [line for start, end, line in code.co_lines() if start <= expected < end]
                    self.assertEqual([frame.f_lineno], lines)
                    self.assertIs(frame.f_locals["a"], thing())
                    del made
                    frame.clear()
                    del frame
                    self.assertIsNone(thing())
                    probe.unhook()
                    gc.collect()
                    self.assertEqual(sys.getrefcount(code), references)

    def test_finalizers_look_at_the_stack(self):
        def simple(a):
            yield 1
            yield 2

        class Looker:
            def __del__(self):
                seen.append([frame.f_code.co_name for frame, _ in traceback.walk_stack(sys._getframe())][:3])
                seen.append((inspect.getgeneratorstate(alive), alive.gi_frame))
                next(alive, None)

        seen = []
        for nth in (2, 3):
            seen.clear()
            hook_nth(simple.__code__, nth)
            alive = simple(Looker())
            self.refuse(KINDS[0], nth, alive)
            self.assertEqual(seen, [["__del__", "advance", "refuse"], ("GEN_CLOSED", None)])

    def test_delegation(self):
        def inner(log):
            try:
                yield 1
                yield 2
            finally:
                log.append("inner ended")

        def outer(log, caught):
            try:
                yield from inner(log)
            except Boom:
                yield caught
            finally:
                log.append("outer ended")

        log = []
        hook_nth(inner.__code__, 3)
        made = outer(log, "caught")
        self.assertEqual([next(made), next(made)], [1, "caught"])
        self.assertEqual(list(made), [])
        self.assertEqual(log, ["outer ended"])

        log = []
        hook_nth(outer.__code__, 3)
        made = outer(log, "caught")
        next(made)
        with self.assertRaises(Boom):
            next(made)
        # The delegate is let go, which closes it.
        self.assertEqual(log, ["inner ended"])

    def test_throw_and_close_are_passed_on(self):
        for kind in KINDS[:2]:
            log = []
            probe.hook(kind.function.__code__, lambda frame: None)
            made = kind.function(1, log)
            kind.advance(made)
            probe.hook(kind.function.__code__, lambda frame: 1 / 0)
            with self.assertRaisesRegex(LookupError, "thrown"):
                made.throw(LookupError("thrown"))
            self.assertEqual(len(log), 1)

    def test_asyncio(self):
        async def worker(n):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return n

        async def main():
            results = await asyncio.gather(*(worker(n) for n in range(4)), return_exceptions=True)
            async for i in async_generator(1, []):
                results.append(i)
            return results

        for nth in range(5, 17):  # after the four calls, before anything has ended
            hook_nth(worker.__code__, nth)
            results = asyncio.run(main())
            self.assertEqual([type(result) for result in results[:4]].count(Boom), 1)
            self.assertEqual([n for n in results[:4] if n in range(4)], [n for n in range(4) if results[n] == n])
            self.assertEqual(results[4:], list(range(10)))
            gc.collect()

    def test_leaves_nothing(self):
        def live(kind, nth, keep):
            hook_nth(kind.function.__code__, nth)
            try:
                made = kind.function([1], [])
                frame = kind.get(made, "frame") if keep else None
                for _ in range(nth - 1):
                    kind.advance(made)
            except Boom:
                return
            self.fail("the exception was lost")

        for kind in KINDS:
            for nth in (1, 2, 3, 5):
                for keep in (False, True):
                    with self.subTest(kind=kind.prefix, nth=nth, keep=keep):
                        self.assertLess(growth(lambda: live(kind, nth, keep)), NOISE)


if __name__ == "__main__":
    unittest.main()
