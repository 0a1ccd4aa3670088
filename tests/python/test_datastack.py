"""Pushing to and popping from the data stack: sizes, chunks, limits, and what happens when there is no memory."""

import _thread
import collections
import itertools
import operator
import sys
import threading
import unittest

import arenas
import probe
import shadow
from stack_model import CHUNK, HEADER, LARGEST, OVERHEAD, SPECIALS, WORD, chunk_bytes, frame_words, slot_count
from support import FrameTestCase

PATIENCE = 10  # seconds that a thread may take
# fmt: off
TOO_LARGE = [
    LARGEST + 1, 2**27, 2**28 - 1001, 2**28 - 1000, 2**28, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**32, 2**32 + 1,
    2**61 - OVERHEAD - 1, 2**61 - OVERHEAD, 2**61, 2**63 - 1, -1, -OVERHEAD, -OVERHEAD - 1,
]  # negative ones are near 2**64
# fmt: on


class PushTest(FrameTestCase):
    def test_inside_the_chunk(self):
        for words in (1, 2, 9, 10, 100):
            before = probe.stack()
            frame = probe.push(words)
            after = probe.stack()
            probe.pop(frame)
            restored = probe.stack()
            chunk, size, top, room, count = before
            self.assertLess(words, room, "the test needs room")
            self.assertEqual(frame, chunk + (HEADER + top) * WORD)
            self.assertEqual(after, (chunk, size, top + words, room - words, count))
            self.assertEqual(restored, before)

    def test_no_words_take_one(self):
        """So that no two pushes give out one address."""
        before = probe.stack()
        frame = probe.push(0)
        after = probe.stack()
        probe.pop(frame)
        self.assertEqual(frame, before[0] + (HEADER + before[2]) * WORD)
        self.assertEqual(after, (*before[:2], before[2] + 1, before[3] - 1, before[4]))

    def test_a_frame_never_fills_its_chunk(self):
        before = probe.stack()
        room = before[3]
        frame = probe.push(room - 1)
        nearly_full = probe.stack()
        probe.pop(frame)
        frame = probe.push(room)
        in_new_chunk = probe.stack()
        probe.pop(frame)
        restored = probe.stack()
        self.assertEqual(nearly_full[0], before[0])
        self.assertEqual(nearly_full[3:], (1, before[4]))
        self.assertNotEqual(in_new_chunk[0], before[0])
        self.assertEqual(in_new_chunk[4], before[4] + 1)
        self.assertEqual(frame, in_new_chunk[0] + HEADER * WORD)
        self.assertEqual(restored, before)

    def test_sizes_of_chunks(self):
        """Chunks double, and a frame that fits to the byte with its overhead takes no larger one."""
        fits = [2**k * CHUNK // WORD - OVERHEAD for k in range(9)]
        for words in [1, 2, *fits, *(words + 1 for words in fits)]:
            filler = probe.push(probe.stack()[3] - 1)
            before = probe.stack()
            frame = probe.push(words)
            chunk, size, top, room, count = probe.stack()
            probe.pop(frame)
            restored = probe.stack()
            probe.pop(filler)
            with self.subTest(words=words):
                self.assertEqual(size, chunk_bytes(words))
                self.assertEqual(frame, chunk + HEADER * WORD)
                self.assertEqual((top, room), (words, size // WORD - HEADER - words))
                self.assertEqual(count, before[4] + 1)
                self.assertEqual(restored, before)

    def test_a_chunk_goes_with_its_first_frame(self):
        filler = probe.push(probe.stack()[3] - 1)
        full = probe.stack()
        first = probe.push(10)
        first_in = probe.stack()
        second = probe.push(20)
        second_in = probe.stack()
        probe.pop(second)
        second_out = probe.stack()
        probe.pop(first)
        first_out = probe.stack()
        probe.pop(filler)
        self.assertEqual(second, first + 10 * WORD)
        self.assertEqual(second_in[:3], (first_in[0], CHUNK, 30))
        self.assertEqual(second_out, first_in)
        self.assertEqual(first_out, full)

    def test_a_pop_takes_what_lies_above(self):
        """As CPython's own: inside a chunk, whatever was pushed after the frame goes with it."""
        before = probe.stack()
        frame = probe.push(10)
        probe.push(10)
        probe.pop(frame)
        self.assertEqual(probe.stack(), before)

    def test_memory_of_a_chunk_goes_back(self):
        filler = probe.push(probe.stack()[3] - 1)
        probe.drop_kept()
        arenas.log(True)
        frames = [probe.push(10), probe.push(5000), probe.push(70_000)]
        chunk = probe.stack()[0]
        for frame in reversed(frames):
            probe.pop(frame)
        log = arenas.log(False)
        probe.pop(filler)
        starts = [frame - HEADER * WORD for frame in frames]
        taken = [(start, size, False) for start, size in zip(starts, (CHUNK, 2**16, 2**20))]
        # The one of the smallest size is kept: test_spare_chunk.py, test_kept_chunk.py.
        given = [(start, size, True) for start, size, _ in reversed(taken) if size != CHUNK]
        self.assertEqual(chunk, starts[-1])
        self.assertEqual([entry for entry in log if entry[0] in starts], taken + given)

    def test_many_chunks(self):
        before = probe.stack()
        frames = []
        for _ in range(200):
            frames.append(probe.push(1040))
        count = probe.stack()[4]
        while frames:
            probe.pop(frames.pop())
        # The first may have found room below; of the others, each chunk holds one.
        self.assertIn(count - before[4], (199, 200))
        self.assertEqual(probe.stack(), before)


class FrameSizeTest(FrameTestCase):
    def test_words_and_slots_of_a_frame(self):
        """A frame that is pushed takes its header, its slots and its value stack, and has one slot a variable."""

        def nothing():
            pass

        def arguments(a, b, *c, d=1, **e):
            return a, b, c, d, e

        def cells(a, b):
            c = a
            return lambda: (a, c, b)

        def free():
            return nothing, arguments

        for function in (nothing, arguments, cells, free):
            code = function.__code__
            before = probe.stack()
            frame = probe.push_frame(function, ())
            after = probe.stack()
            info = probe.info(frame)
            probe.clear(frame)
            probe.pop(frame)
            restored = probe.stack()
            with self.subTest(function.__name__):
                self.assertEqual(after[2] - before[2], frame_words(code))
                self.assertEqual(info["stacktop"], slot_count(code))
                self.assertEqual(len(info["slots"]), slot_count(code))
                self.assertEqual(restored, before)

    def test_specials(self):
        """A frame of nothing but its header, as CPython pushes it, is as large as the tests believe."""

        def child():
            return probe.current_frame(), probe.stack()

        chunk, _, top, _, count = probe.stack()
        frame, stack = child()
        if stack[4] == count:
            self.assertEqual(frame, chunk + (HEADER + top) * WORD)
            self.assertEqual(stack[2] - top, SPECIALS + slot_count(child.__code__) + child.__code__.co_stacksize)
        else:
            self.assertEqual(frame, stack[0] + HEADER * WORD)


class HugeTest(FrameTestCase):
    def test_the_largest_chunk(self):
        for words in (2**20, 2**26, LARGEST - 1, LARGEST):
            before = probe.stack()
            frame = probe.push(words)
            chunk, size, top, room, count = probe.stack()
            probe.pop(frame)
            with self.subTest(words=words):
                self.assertEqual(size, chunk_bytes(words))
                self.assertLessEqual(size, 2**30)
                self.assertEqual((top, room, count), (words, size // WORD - HEADER - words, before[4] + 1))
                self.assertEqual(probe.stack(), before)

    def test_too_large_is_a_memory_error(self):
        for words in TOO_LARGE:
            with self.subTest(words=words):
                before = probe.stack()
                with self.assertRaises(MemoryError):
                    probe.push(words)
                self.assertEqual(probe.stack(), before)

    def test_in_a_shadow_frame(self):
        """The hook's push sees the size, CPython's own does not."""

        def add(a, b):
            return a + b

        largest = LARGEST - SPECIALS - slot_count(add.__code__)
        cases = [(20_000, 3), (largest, 3), (largest + 1, None), (2**28, None), (2**30, None), (2**31 - 100, None)]
        self.addCleanup(shadow.set_callback, None)
        for size, expected in cases:
            replacement = add.__code__.replace(co_stacksize=size)
            shadow.set_callback(lambda view: replacement if view.code is add.__code__ else None)
            before = probe.stack()
            with self.subTest(size=size):
                if expected is None:
                    with self.assertRaises(MemoryError):
                        add(1, 2)
                else:
                    self.assertEqual(add(1, 2), expected)
                self.assertEqual(probe.stack(), before)
            shadow.set_callback(None)


class NoMemoryTest(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(arenas.fail, False)

    def test_a_push_without_memory(self):
        for words in (2**11, 2**14, 2**20, LARGEST):
            before = probe.stack()
            arenas.fail(True)
            try:
                frame = probe.push(words)
            except Exception as error:
                caught = error
            else:
                probe.pop(frame)
                caught = None
            arenas.fail(False)
            with self.subTest(words=words):
                self.assertIs(type(caught), MemoryError)
                self.assertEqual(probe.stack(), before)

    def test_room_that_is_there_needs_no_memory(self):
        arenas.fail(True)
        frame = probe.push(probe.stack()[3] - 1)
        probe.pop(frame)
        arenas.fail(False)

    def test_a_push_after_a_failure(self):
        arenas.fail(True)
        try:
            probe.push(5000)
        except MemoryError:
            pass
        arenas.fail(False)
        before = probe.stack()
        frame = probe.push(5000)
        count = probe.stack()[4]
        probe.pop(frame)
        self.assertEqual(count, before[4] + 1)
        self.assertEqual(probe.stack(), before)

    def test_in_a_shadow_frame(self):
        def add(a, b):
            return a + b

        def callback(view):
            if view.code is add.__code__:
                arenas.fail(True)
                return replacement
            return None

        replacement = add.__code__.replace(co_stacksize=5000)
        self.addCleanup(shadow.set_callback, None)
        before = probe.stack()
        shadow.set_callback(callback)
        try:
            add(1, 2)
        except Exception as error:
            caught = error
        else:
            caught = None
        arenas.fail(False)
        shadow.set_callback(None)
        self.assertIs(type(caught), MemoryError)
        self.assertEqual(probe.stack(), before)


class ArenaTest(unittest.TestCase):
    def test_alloc_and_free(self):
        """Both reach the arena allocator, with the size as it was asked for."""
        for size in (1, 4096, CHUNK, 2**20 + 1):
            arenas.log(True)
            there = probe.arena(size)
            log = arenas.log(False)
            with self.subTest(size=size):
                self.assertTrue(there)
                (taken,) = [entry for entry in log if entry[1] == size and not entry[2]]
                self.assertIn((taken[0], size, True), log)
                self.assertNotEqual(taken[0], 0)

    def test_no_memory_is_no_exception(self):
        self.assertIs(probe.arena(2**62), False)
        self.addCleanup(arenas.fail, False)
        arenas.fail(True)
        refused = probe.arena(4096)
        arenas.fail(False)
        self.assertIs(refused, False)


def in_bare_thread(calls):
    """What each of the calls returns, made in a new thread with no Python frame below them.

    A call is a tuple of a function and its arguments.
    """
    results, ended = [], threading.Lock()
    ended.acquire()
    work = [(results.extend, itertools.starmap(operator.call, calls)), (ended.release,)]
    _thread.start_new_thread(collections.deque, (itertools.starmap(operator.call, work),))
    if not ended.acquire(timeout=PATIENCE):
        raise AssertionError(f"the thread has died after {results}")
    return results


class BareThreadTest(unittest.TestCase):
    """A thread that runs C functions only has no chunk until something is pushed."""

    def test_the_root_chunk(self):
        for words in (1, 100, CHUNK // WORD - OVERHEAD, CHUNK // WORD - OVERHEAD + 1, 10_000):
            frame, (chunk, size, top, room, count) = in_bare_thread([(probe.push, words), (probe.stack,)])
            with self.subTest(words=words):
                # The first word of the root chunk stays empty: what lies there would free it.
                self.assertEqual(frame, chunk + (HEADER + 1) * WORD)
                self.assertEqual(size, chunk_bytes(words))
                self.assertEqual((top, room, count), (words + 1, size // WORD - HEADER - words - 1, 1))

    def test_the_root_chunk_stays(self):
        frames = collections.deque()
        _, pushed, _, popped, again, stack = in_bare_thread(
            [
                (frames.extend, map(probe.push, [100])),
                (probe.stack,),
                (frames.extend, map(probe.pop, itertools.starmap(frames.pop, [()]))),
                (probe.stack,),
                (probe.push, 50),
                (probe.stack,),
            ]
        )
        self.assertEqual(pushed[2], 101)
        self.assertEqual(popped, (pushed[0], CHUNK, 1, CHUNK // WORD - HEADER - 1, 1))
        self.assertEqual(again, pushed[0] + (HEADER + 1) * WORD)
        self.assertEqual(stack[2], 51)

    def test_python_after_the_first_push(self):
        """CPython goes on from the chunk that the push has made."""
        first, stack, (inner, frame), after = in_bare_thread(
            [(probe.push, 100), (probe.stack,), (lambda: (probe.stack(), probe.current_frame()),), (probe.stack,)]
        )
        self.assertEqual(frame, first + 100 * WORD)
        self.assertEqual(inner[0], stack[0])
        self.assertEqual(after, stack)

    def test_a_first_push_that_fails(self):
        """The thread is left without a chunk, and the error is what it should be."""
        caught, ended = [], threading.Lock()
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)

        def hook(unraisable):
            caught.append((unraisable.exc_type, probe.stack()))
            ended.release()

        sys.unraisablehook = hook
        ended.acquire()
        _thread.start_new_thread(probe.push, (LARGEST + 1,))
        self.assertTrue(ended.acquire(timeout=PATIENCE), "the push has not failed")
        ((kind, stack),) = caught
        self.assertIs(kind, MemoryError)
        self.assertEqual((stack[1], stack[4]), (CHUNK, 1), "the hook's own frame made the root chunk")


if __name__ == "__main__":
    unittest.main()
