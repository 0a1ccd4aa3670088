"""The chunk that the interpreter itself keeps for a thread's next push (3.13.13, 3.14.4 and newer): ours come from there and go there."""

import threading
import unittest

import arenas
import probe
import shadow
from stack_model import CHUNK, HEADER, WORD
from support import USES_WHAT_IS_KEPT, FrameTestCase

LARGE = 1040  # words: two frames of them do not fit into the smallest chunk


@unittest.skipUnless(USES_WHAT_IS_KEPT, "this interpreter keeps no chunk, or the headers of the build do not tell where")
class KeptChunk(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(arenas.reset)
        # One of the smallest size is kept, from no allocator of a test's.
        filler = arenas.fill()
        probe.pop(probe.push(LARGE))
        arenas.pop(filler)

    def test_a_loop_at_the_edge_allocates_nothing(self):
        filler = arenas.fill()
        arenas.put(0)
        for _ in range(1000):
            probe.pop(probe.push(LARGE))
        counts = arenas.counts(0)
        arenas.reset()
        arenas.pop(filler)
        self.assertEqual(counts[:2], (0, 0))

    def test_what_we_pop_is_kept_and_used_again(self):
        filler = arenas.fill()
        frame = probe.push(LARGE)
        meanwhile = probe.kept()
        probe.pop(frame)
        kept = probe.kept()
        again = probe.push(10)
        stack = probe.stack()
        probe.pop(again)
        arenas.pop(filler)
        self.assertIsNone(meanwhile)
        self.assertEqual(kept, (frame - HEADER * WORD, CHUNK))
        self.assertEqual(again, frame)
        self.assertEqual(stack[:4], (frame - HEADER * WORD, CHUNK, 10, CHUNK // WORD - HEADER - 10))

    def test_what_cpython_pops_is_used_and_the_other_way_round(self):
        def call():
            return probe.current_frame() - HEADER * WORD, probe.kept()

        filler = arenas.fill()
        chunk, _ = probe.kept()
        seen = []
        for _ in range(3):
            seen += [call(), probe.kept()]
            frame = probe.push(LARGE)
            probe.pop(frame)
            seen.append(frame - HEADER * WORD)
        arenas.pop(filler)
        self.assertEqual(seen, [(chunk, None), (chunk, CHUNK), chunk] * 3)

    def test_a_larger_one_is_not_kept_by_us(self):
        kept = [probe.kept()]
        for words in (5000, 70_000):
            probe.pop(probe.push(words))
            kept.append(probe.kept())
        self.assertEqual(kept, kept[:1] * 3)

    def test_a_larger_one_that_cpython_keeps_is_used(self):
        def huge():
            return 1

        huge.__code__ = huge.__code__.replace(co_stacksize=20_000)
        filler = arenas.fill()
        result = huge()
        chunk, size = probe.kept()
        frame = probe.push(10)
        stack = probe.stack()
        probe.pop(frame)
        kept = probe.kept()
        arenas.pop(filler)
        self.assertEqual(result, 1)
        self.assertGreater(size, CHUNK)
        self.assertEqual(stack[:4], (chunk, size, 10, size // WORD - HEADER - 10))
        self.assertIsNone(kept, "it is larger than what we keep")

    def test_one_that_is_too_small_stays(self):
        kept = probe.kept()
        frame = probe.push(5000)
        meanwhile = probe.kept()
        probe.pop(frame)
        self.assertEqual(meanwhile, kept)

    def test_one_is_kept_of_many(self):
        probe.drop_kept()
        arenas.put(0)
        frames = [probe.push(LARGE) for _ in range(50)]
        taken = arenas.counts(0)
        while frames:
            probe.pop(frames.pop())
        counts = arenas.counts(0)
        probe.drop_kept()
        arenas.reset()
        self.assertGreaterEqual(taken[0], 49)
        self.assertEqual(counts[2], 1, "all others have been freed")

    def test_without_memory(self):
        frames = [probe.push(LARGE), probe.push(LARGE)]
        arenas.fail(True)
        with self.assertRaises(MemoryError):
            probe.push(LARGE)
        arenas.fail(False)
        while frames:
            probe.pop(frames.pop())

    def test_shadow_frames_at_the_edge(self):
        """Pushed by us, popped by the evaluator: the chunk comes and goes."""

        def add(a, b):
            return a + b

        replacement = add.__code__.replace(co_stacksize=LARGE)
        shadow.set_callback(lambda view: replacement if view.code is add.__code__ else None)
        self.addCleanup(shadow.set_callback, None)
        add(1, 2)
        arenas.log(True)
        results = [add(1, 2) for _ in range(100)]
        log = arenas.log(False)
        self.assertEqual(results, [3] * 100)
        self.assertLessEqual(len([entry for entry in log if entry[1] == CHUNK]), 4)

    def test_a_threads_own_goes_with_it(self):
        def body():
            probe.pop(probe.push(5))
            frames = [probe.push(LARGE) for _ in range(3)]
            while frames:
                probe.pop(frames.pop())
            kept.append(probe.kept())

        kept = []
        arenas.put(0)
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        came_to_nothing, counts = arenas.comes_to(0, 0), arenas.counts(0)
        arenas.reset()
        self.assertTrue(came_to_nothing)
        self.assertGreaterEqual(counts[0], 3)
        self.assertEqual(kept[0][1], CHUNK)


if __name__ == "__main__":
    unittest.main()
