"""The chunk cache: what it keeps, what it gives back, and other allocators below it and on top of it."""

import ctypes
import os
import struct
import sys
import threading
import time
import unittest

import arenas
import probe
from stack_model import CHUNK
from support import KEEPS, FrameTestCase, run_script

DEEP = 600  # calls; several chunks of them
MOST = 64


def nothing():
    pass


def descend(depth):
    return depth and descend(depth - 1)


class KeptByCPythonTest(FrameTestCase):
    @unittest.skipUnless(KEEPS, "this CPython keeps no chunk itself")
    def test_nothing_is_changed(self):
        self.assertEqual(arenas.in_use(), -1)
        self.assertEqual(arenas.enable(4), 0)
        self.assertEqual(arenas.in_use(), -1)
        self.assertEqual(arenas.statistics(), (0, 0, 0, 0))
        arenas.disable()
        self.assertEqual(arenas.in_use(), -1)
        with self.assertRaises(ValueError):
            arenas.enable(0)


class StructureTest(unittest.TestCase):
    def test_no_more_is_written_than_there_is_room_for(self):
        full = struct.calcsize("NNNQQ")
        for size in (8, 16, 20, full, full + 1, 2 * full):
            with self.subTest(size=size):
                raw = arenas.raw_statistics(size)
                written = min(size, full)
                self.assertEqual(struct.unpack_from("N", raw), (written,))
                self.assertEqual(raw[written:], b"\xee" * (len(raw) - written))
                if written >= 16:
                    self.assertEqual(struct.unpack_from("NN", raw)[1], arenas.statistics()[0])


@unittest.skipIf(KEEPS, "this CPython keeps a chunk itself, and the cache does nothing")
class CacheTestCase(FrameTestCase):
    """Every test begins and ends with the first allocator of all, and the cache off."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.begin_anew)
        self.begin_anew()

    def begin_anew(self):
        arenas.disable()
        arenas.reset()
        arenas.disable()
        # A spare of an allocator that is gone would be used or given back in the middle of a test.
        filler = arenas.fill()
        probe.pop(probe.push(1040))
        arenas.pop(arenas.push(1040))
        arenas.pop(filler)
        self.assertEqual(arenas.in_use(), -1)
        self.assertEqual(arenas.statistics()[:2], (0, 0))


class KeepingTest(CacheTestCase):
    def test_a_call_at_the_edge_maps_nothing(self):
        arenas.put(0)
        arenas.calls_at_edge(nothing, 1000)
        without = arenas.counts(0)
        enabled = arenas.enable(4)
        began = arenas.statistics()
        arenas.calls_at_edge(nothing, 1000)
        ended = arenas.statistics()
        cached = arenas.counts(0)
        arenas.disable()
        after = arenas.counts(0)
        arenas.reset()
        self.assertEqual(enabled, 1)
        self.assertEqual(without[:3], (1000, 1000, 0))
        self.assertEqual(cached[:3], (1001, 1000, 1))
        self.assertEqual((ended[2] - began[2], ended[3] - began[3]), (999, 1), "hits and misses")
        self.assertEqual(ended[:2], (4, 1))
        self.assertEqual(after[:4], (1001, 1001, 0, 0))

    def test_the_memory_that_is_held(self):
        """Of a burst of many chunks so many are kept, and no more."""
        for chunks in (1, 4, MOST):
            with self.subTest(chunks=chunks):
                arenas.put(0)
                arenas.enable(chunks)
                frames = list(map(probe.push, [1040] * 100))
                for frame in reversed(frames):
                    probe.pop(frame)
                held = arenas.statistics()[1]
                live, most = arenas.counts(0)[2], arenas.counts(0)[4]
                arenas.disable()
                left = arenas.counts(0)[2]
                self.begin_anew()
                self.assertGreaterEqual(most, 99)
                self.assertEqual(held, chunks)
                self.assertEqual(live, chunks + 1, "what is held, and our own spare")
                self.assertLessEqual(held * CHUNK, chunks * 16 * 1024)
                self.assertEqual(left, 1, "the spare")

    def test_calls_of_cpython_fill_it(self):
        arenas.put(0)
        arenas.enable(3)
        descend(DEEP)
        first = arenas.statistics()
        descend(DEEP)
        second = arenas.statistics()
        arenas.disable()
        counts = arenas.counts(0)
        self.begin_anew()
        self.assertEqual(first[:2], (3, 3))
        self.assertEqual(second[2] - first[2], 3)
        self.assertEqual(counts[2:4], (0, 0))

    def test_other_sizes_pass(self):
        arenas.enable(4)
        for size in (1, CHUNK - 1, CHUNK + 1, 2 * CHUNK, 2**18, 2**20):
            probe.arena(size)
        self.assertEqual(arenas.statistics()[1], 0)

    def test_resizing(self):
        arenas.put(0)
        held = []
        for chunks in (8, 8, 2, 16, 1, MOST, 5):
            arenas.enable(chunks)
            at_once = arenas.statistics()[:2]
            frames = list(map(arenas.push, [1040] * 70))
            for frame in reversed(frames):
                arenas.pop(frame)
            held.append((at_once[0], at_once[1] <= chunks, arenas.statistics()[:2]))
        arenas.disable()
        arenas.reset()
        self.assertEqual(held, [(chunks, True, (chunks, chunks)) for chunks in (8, 8, 2, 16, 1, MOST, 5)])

    def test_errors(self):
        arenas.enable(4)
        descend(DEEP)
        before, in_use = arenas.statistics(), arenas.in_use()
        for chunks in (0, MOST + 1, 2**31, 2**32 + 1, 2**63, 2**64 - 2):
            with self.subTest(chunks=chunks):
                with self.assertRaisesRegex(ValueError, "1 to 64"):
                    arenas.enable(chunks)
        self.assertEqual(arenas.statistics()[:2], before[:2])
        self.assertEqual(arenas.in_use(), in_use)

    def test_disabling_what_is_off(self):
        for keeper in (None, 0):
            if keeper is not None:
                arenas.put(keeper)
            before = arenas.in_use()
            arenas.disable()
            arenas.disable()
            self.assertEqual(arenas.in_use(), before)


class OtherAllocatorsTest(CacheTestCase):
    """Allocators of others, which hand on what they are asked for to the one that they found."""

    def test_one_that_was_there_before(self):
        arenas.put(0)
        arenas.enable(4)
        arenas.calls_at_edge(nothing, 100)
        inside = arenas.in_use()
        arenas.disable()
        self.assertEqual((inside, arenas.in_use()), (None, 0))
        self.assertEqual(arenas.counts(0)[2:4], (0, 0))

    def test_one_set_afterwards_stays(self):
        arenas.enable(4)
        arenas.calls_at_edge(nothing, 10)
        arenas.put(0)
        arenas.calls_at_edge(nothing, 10)
        kept = arenas.statistics()
        arenas.disable()
        in_use = arenas.in_use()
        given_back = arenas.statistics()
        arenas.calls_at_edge(nothing, 10)
        passed_on = arenas.statistics()
        self.assertEqual(kept[:2], (4, 1))
        self.assertEqual(in_use, 0)
        self.assertEqual(given_back[:2], (0, 0))
        self.assertEqual(passed_on, given_back, "neither hits nor misses, nor anything held")

    def test_one_that_has_the_same_context_stays(self):
        for order in ("log above", "log below"):
            with self.subTest(order):
                if order == "log below":
                    arenas.log(True)
                arenas.enable(4)
                if order == "log above":
                    arenas.log(True)
                arenas.disable()
                arenas.calls_at_edge(nothing, 3)
                log = arenas.log(False)
                arenas.reset()
                self.assertEqual([entry[1:] for entry in log if entry[1] == CHUNK], [(CHUNK, False), (CHUNK, True)] * 3)

    def test_enabled_again_on_top(self):
        """No more is held than was asked for, in whichever layer."""
        arenas.enable(6)
        descend(DEEP)
        arenas.put(0)
        arenas.enable(3)
        descend(DEEP)
        both = arenas.statistics()
        arenas.disable()
        off = arenas.statistics()
        self.assertEqual(both[:2], (3, 3))
        self.assertEqual(off[:2], (0, 0))
        self.assertEqual(arenas.in_use(), 0)
        self.assertEqual(arenas.counts(0)[2], 0)

    def test_removed_in_another_order(self):
        """Ours, one on top, ours on top of that; then the one in the middle goes, and takes what is on top along."""
        arenas.enable(4)
        descend(DEEP)
        arenas.put(0)
        arenas.enable(4)
        descend(DEEP)
        arenas.remove(0)
        descend(DEEP)
        arenas.enable(4)
        descend(DEEP)
        again = arenas.statistics()
        arenas.disable()
        self.assertEqual(again[:2], (4, 4), "what the layer on top held has been given back")
        self.assertEqual(arenas.in_use(), -1)
        self.assertEqual(arenas.counts(0)[2], 0)

    def test_all_removed_at_once(self):
        arenas.enable(4)
        descend(DEEP)
        arenas.reset()
        arenas.calls_at_edge(nothing, 10)
        before = arenas.statistics()
        arenas.enable(4)
        arenas.calls_at_edge(nothing, 10)
        after = arenas.statistics()
        arenas.disable()
        self.assertEqual(after[2] - before[2], 10, "what was held serves again")
        self.assertEqual(arenas.statistics()[:2], (0, 0))

    def test_set_and_removed_often(self):
        """A layer is used again where it has been."""
        for _ in range(100):
            arenas.put(0)
            arenas.enable(2)
            descend(DEEP)
            arenas.disable()
            arenas.reset()
            self.assertEqual(arenas.counts(0)[2:4], (0, 0))

    def test_half_in_place(self):
        """While the cache is enabled or disabled, other threads may meet its functions with the context of the one below."""
        arenas.torn()
        arenas.put(0)
        arenas.torn()
        self.assertEqual(arenas.counts(0)[2:4], (0, 0))

    def test_two_copies_of_the_library(self):
        shared = ctypes.PyDLL(os.path.join(os.path.dirname(arenas.__file__), "libpyframe_shim.so"))
        shared.PyFrameShim_EnableChunkCache.argtypes = [ctypes.c_size_t]
        for first in ("ours", "theirs"):
            with self.subTest(disabled=first):
                arenas.put(0)
                arenas.enable(2)
                self.assertEqual(shared.PyFrameShim_EnableChunkCache(2), 1)
                descend(DEEP)
                live = arenas.counts(0)[2]
                for disable in (arenas.disable, shared.PyFrameShim_DisableChunkCache)[:: 1 if first == "ours" else -1]:
                    disable()
                descend(DEEP)
                arenas.disable()
                self.assertEqual(live, 4)
                self.assertEqual(arenas.in_use(), 0)
                self.assertEqual(arenas.counts(0)[2], 0)
                self.begin_anew()

    def test_too_many_layers(self):
        done = run_script(
            """
import arenas
def descend(depth):
    return depth and descend(depth - 1)
assert arenas.enable(2) == 1
for layers in range(1, 12):
    arenas.put(layers)
    try:
        arenas.enable(2)
    except RuntimeError as error:
        print(layers, error)
        break
    descend(600)
before = arenas.statistics()
assert arenas.in_use() == layers, arenas.in_use()
descend(600)
assert arenas.statistics()[:2] == (2, 2), arenas.statistics()
try:
    arenas.enable(2)
except RuntimeError:
    pass
else:
    print("enabled after all")
arenas.disable()
assert arenas.statistics()[:2] == (0, 0), arenas.statistics()
assert arenas.in_use() == layers
descend(600)
live = [arenas.counts(keeper)[2] for keeper in range(1, layers + 1)]
arenas.reset()
assert arenas.enable(2) == 1, "where there has been one before"
descend(600)
print(*arenas.statistics()[:2], live)
"""
        )
        self.assertEqual(
            (done.returncode, done.stderr, done.stdout),
            (0, "", f"8 the arena allocator has been replaced too often for another chunk cache\n2 2 {[0] * 8}\n"),
        )


class ThreadsTest(CacheTestCase):
    def test_while_it_comes_and_goes(self):
        """Threads that need chunks all the time, while another enables, resizes and disables."""
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)
        arenas.put(0)
        began, beginning = arenas.statistics(), time.monotonic()
        problems, rounds = [], []

        def over():
            """A chunk has come from the cache; where one thread runs at a time, as under valgrind, that takes a while."""
            seconds = time.monotonic() - beginning
            return seconds > 60 or (seconds > 1.5 and arenas.statistics()[2] > began[2])

        def body():
            try:
                while not over():
                    descend(DEEP)
                    arenas.push_and_pop(20)
                    arenas.calls_at_edge(nothing, 50)
                    rounds.append(1)
            except BaseException as problem:
                problems.append(problem)

        threads = [threading.Thread(target=body) for _ in range(6)]
        for thread in threads:
            thread.start()
        changes = 0
        while not over():
            arenas.enable(changes % MOST + 1)
            if changes % 5 == 4:
                arenas.disable()
            changes += 1
            time.sleep(0)
        for thread in threads:
            thread.join()
        arenas.disable()
        balanced = arenas.comes_to(0, 0)
        counts, ended = arenas.counts(0), arenas.statistics()
        arenas.reset()
        self.assertEqual(problems, [])
        self.assertTrue(balanced, counts)
        self.assertEqual(counts[3], 0)
        self.assertGreater(ended[2], began[2])
        print(f"{len(rounds)} rounds, {changes} changes, {ended[2] - began[2]:,} hits", end=" ", file=sys.stderr, flush=True)


if __name__ == "__main__":
    unittest.main()
