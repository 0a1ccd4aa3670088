"""Clearing frames whose contents run code when they die, or while an exception is on its way."""

import functools
import gc
import sys
import traceback
import unittest
import weakref

import probe
from support import FrameTestCase, run_script

CLEARS_BACKWARDS = sys.version_info >= (3, 14)  # from the last slot to the first, as the interpreter does

try:
    import _testcapi
except ImportError:
    _testcapi = None


def plain(a, b, c):
    pass


class Mortal:
    """An argument that does something when it dies."""

    def __init__(self, act):
        self.act = act

    def __del__(self):
        self.act()


class FinalizerTest(FrameTestCase):
    def clear_pushed(self, values, make=False):
        """Clear a frame that holds the only references to `values`, which it is given one by one."""
        frame = probe.push_frame(plain, tuple(values))
        if make:
            probe.make_frame_object(frame)
        values.clear()
        probe.clear(frame)
        probe.pop(frame)

    def test_in_the_interpreters_order_and_none_left_behind(self):
        for make in (False, True):
            died = []
            self.clear_pushed([Mortal(functools.partial(died.append, name)) for name in "abc"], make)
            self.assertEqual(died, list("cba" if CLEARS_BACKWARDS else "abc"))

    def test_looks_at_the_stack(self):
        seen = []

        def look():
            gc.collect()
            gc.get_objects()
            seen.append([frame.f_code.co_name for frame, _ in traceback.walk_stack(sys._getframe())][:4])
            seen.append([entry.name for entry in traceback.extract_stack()][-1])
            frame = sys._getframe()
            while frame is not None:
                dict(frame.f_locals), frame.f_lineno, repr(frame)
                frame = frame.f_back

        self.clear_pushed([Mortal(look), 2, Mortal(look)])
        chain = ["look", "__del__", "clear_pushed", "test_looks_at_the_stack"]
        self.assertEqual(seen, [chain, "look", chain, "look"])

    def test_sees_no_half_cleared_frame(self):
        seen = []
        frame = probe.push_frame(plain, (Mortal(lambda: seen.append(probe.info(frame))), [], []))
        probe.make_frame_object(frame)
        probe.clear(frame)
        probe.pop(frame)
        (info,) = seen
        self.assertEqual((info["stacktop"], info["slots"], info["frame_object"]), (0, [], None))

    def test_weakref_callback_and_locals(self):
        seen, mapping = [], {}
        frame = probe.push_frame(plain, (1, 2, 3))
        probe.set_f_locals(frame, mapping)
        mapping["thing"] = thing = Mortal(lambda: None)
        watch = weakref.ref(thing, lambda _: seen.append(probe.info(frame)))
        del thing, mapping
        probe.clear(frame)
        probe.pop(frame)
        self.assertIsNone(watch())
        (info,) = seen
        self.assertEqual((info["stacktop"], info["f_locals"]), (0, None))

    def test_raises(self):
        reported, died = [], []

        def fail():
            raise ValueError("in a finalizer")

        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = lambda report: reported.append(str(report.exc_value))
        self.clear_pushed([Mortal(fail), Mortal(fail), Mortal(lambda: died.append("c"))])
        self.assertEqual((reported, died), (["in a finalizer"] * 2, ["c"]))

    def test_clears_other_frames(self):
        results = []

        def inner(n):
            if n:
                results.append(probe.never_run(plain, (Mortal(lambda: inner(n - 1)), n, []), n % 2, n % 4 == 1))

        inner(40)
        results.clear()
        self.clear_pushed([Mortal(lambda: inner(40)), Mortal(lambda: inner(3)), []], True)
        self.assertGreater(len(results), 3)
        for dead in filter(None, results):
            self.assertIs(dead.f_code, plain.__code__)
            self.assertIs(dead.f_back.f_code, inner.__code__)

    def test_calls_deeply(self):
        # Onto further chunks of the data stack, on which the frame still lies.
        depths = []

        def descend(n):
            return 1 + descend(n - 1) if n else 1

        self.clear_pushed([Mortal(lambda: depths.append(descend(400))), 2, 3])
        self.assertEqual(depths, [401])

    def test_too_deep(self):
        result = run_script("""
import probe, sys
def f(a): pass
died = 0
class Mortal:
    def __init__(self, n): self.n = n
    def __del__(self):
        global died
        died += 1
        if self.n:
            frame = probe.push_frame(f, (Mortal(self.n - 1),))
            try:
                probe.clear(frame)
            finally:
                probe.pop(frame)
reports = []
sys.unraisablehook = reports.append  # a function in Python would go too deep itself
chunks = probe.stack()[-1]
Mortal(20000)
errors = {report.exc_type for report in reports}
# Where the interpreter does not put off deaths in deaths, they come to an end.
print(errors == {RecursionError} or died == 20001 and not errors, probe.stack()[-1] - chunks, len(repr([[[]]])))
""")
        self.assertEqual((result.returncode, result.stdout.strip()), (0, "True 0 6"), result.stderr)


class PendingTest(FrameTestCase):
    def clear(self, raised, values, make, keep):
        frame = probe.push_frame(plain, values)
        del values
        object = probe.make_frame_object(frame) if make else None
        if not keep:
            del object
        pending = probe.clear_with_pending(frame, raised)
        probe.pop(frame)
        return pending

    def test_stays(self):
        def handle():
            try:
                raise KeyError("in a finalizer")
            except KeyError:
                pass

        for make, keep in [(False, False), (True, False), (True, True)]:
            for raised in [LookupError("pending"), StopIteration(1), KeyboardInterrupt()]:
                before = sys.getrefcount(raised)
                pending = self.clear(raised, (Mortal(handle), 1, []), make, keep)
                self.assertIs(pending, raised)
                self.assertIsNone(raised.__context__)
                self.assertIsNone(raised.__traceback__)
                del pending
                gc.collect()  # the dead frame and its caller
                self.assertEqual(sys.getrefcount(raised), before)

    @unittest.skipUnless(_testcapi, "needs _testcapi.set_nomemory")
    def test_stays_without_memory(self):
        # The caller's frame object cannot be made: that costs f_back and nothing else.
        def caller(nth):
            frame = probe.push_frame(plain, (1, 2, 3))
            dead = probe.make_frame_object(frame)
            _testcapi.set_nomemory(nth, nth + 1)
            try:
                pending = probe.clear_with_pending(frame, raised)
            except MemoryError:  # on the way there
                pending = None
            _testcapi.remove_mem_hooks()
            if pending is None:
                probe.clear(frame)
            probe.pop(frame)
            return pending, dead

        raised, without = LookupError("pending"), 0
        for nth in range(12):
            pending, dead = caller(nth)
            if pending is not None:
                self.assertIs(pending, raised)
                self.assertTrue(probe.is_tracked(dead))
                self.assertEqual(dict(dead.f_locals), {"a": 1, "b": 2, "c": 3})
                without += dead.f_back is None
                self.assertIn(dead.f_back and dead.f_back.f_code, [None, caller.__code__])
        self.assertGreater(without, 0)


if __name__ == "__main__":
    unittest.main()
