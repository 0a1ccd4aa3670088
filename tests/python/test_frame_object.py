"""Frame objects: how they are made, given to a frame, and dropped."""

import gc
import signal
import sys
import unittest

import probe
from leaks import NOISE, growth
from support import LENDS_ARGUMENTS, FrameTestCase, run_script

try:
    import _testcapi
except ImportError:
    _testcapi = None

FIELDS = {"f_back": None, "f_trace": None, "f_lineno": 0, "f_trace_lines": 1, "f_trace_opcodes": 0, "own_data": True}
if sys.version_info >= (3, 13):
    FIELDS |= {"f_extra_locals": None, "f_locals_cache": None}
else:
    FIELDS |= {"f_fast_as_locals": False}

# Up to 3.11 an allocation may run the collector; from 3.12 on it runs between instructions.
ALLOCATION_COLLECTS = sys.version_info < (3, 12)

needs_testcapi = unittest.skipUnless(_testcapi, "needs _testcapi.set_nomemory")

# Codes of many sizes, so that the objects come from many size classes, and beyond 512 bytes from malloc.
CODES = """
import gc, probe
codes = [compile("def f(%s): return [%s]" % ((", ".join(f"a{i}" for i in range(n)),) * 2), "f", "exec").co_consts[0]
         for n in (0, 1, 2, 5, 20, 60, 200)]
"""


def under_debug_allocator(source):
    """Run a program where new memory is filled with 0xCD, freed memory with 0xDD, and guarded on both sides."""
    return run_script(CODES + source, PYTHONMALLOC="debug", PYTHONFAULTHANDLER="1")


class NewFrameObjectTest(FrameTestCase):
    def assert_runs(self, result, output=""):
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout.strip(), output)

    def test_every_field_is_set(self):
        result = under_debug_allocator("for code in codes: print(probe.frame_object_fields(probe.new_frame_object(code)))")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 7)
        for line in lines:
            self.assertEqual(eval(line), FIELDS)

    def test_may_die_at_once(self):
        self.assert_runs(under_debug_allocator("for code in codes * 100: probe.new_frame_object(code)"))

    def test_may_be_tracked_and_collected(self):
        self.assert_runs(
            under_debug_allocator("""
kept = [probe.new_frame_object(code) for code in codes * 10]
for object in kept:
    probe.track(object)
gc.collect()
del object, kept
gc.collect()
""")
        )

    def test_may_be_collected_in_a_cycle(self):
        # tp_clear looks at every field too.
        self.assert_runs(
            under_debug_allocator("""
for code in codes:
    object = probe.new_frame_object(code)
    probe.track(object)
    cycle = [object]
    cycle.append(cycle)
    del object, cycle
print(gc.collect() >= len(codes))
"""),
            "True",
        )

    def test_has_room_for_the_value_stack(self):
        result = under_debug_allocator("""
source = "def f(a, b):\\n x = 1\\n return [%s, (yield)]" % ", ".join(f"a + {i}" for i in range(25))
space = {}
exec(source, space)
for _ in range(20):
    generator = space["f"](1000, 2)
    next(generator)
    object = probe.make_frame_object(probe.generator_frame(generator))
    probe.clear_generator(generator)
    del generator
print(len(probe.info(probe.frame_of(object))["slots"]) > 25, object.f_locals == {"a": 1000, "b": 2, "x": 1})
""")
        self.assert_runs(result, "True True")

    def test_is_untracked(self):
        self.assertFalse(probe.is_tracked(probe.new_frame_object(self.test_is_untracked.__code__)))

    def test_does_not_hold_the_code(self):
        code = (lambda a: a).__code__
        before = sys.getrefcount(code)
        object = probe.new_frame_object(code)
        self.assertEqual(sys.getrefcount(code), before)
        self.assertEqual(sys.getrefcount(object), 2 - LENDS_ARGUMENTS)

    def test_leaves_nothing(self):
        code = self.test_leaves_nothing.__code__
        self.assertLess(growth(lambda: probe.new_frame_object(code)), NOISE)

    @needs_testcapi
    def test_without_memory(self):
        code = self.test_without_memory.__code__
        failures = 0
        for nth in range(20):
            _testcapi.set_nomemory(nth, nth + 1)
            try:
                probe.new_frame_object(code)
            except MemoryError:
                failures += 1
            finally:
                _testcapi.remove_mem_hooks()
        self.assertGreater(failures, 0)


def sample(argument, *, option=None):
    here = sys._getframe()
    return here, probe.is_tracked(here)


class MakeAndSetTest(FrameTestCase):
    def test_frame_owns_it(self):
        def action(frame):
            self.assertIsNone(probe.info(frame)["frame_object"])
            object = probe.make_frame_object(frame)
            self.assertIs(probe.info(frame)["frame_object"], object)
            self.assertEqual(probe.frame_of(object), frame)
            references = sys.getrefcount(object)
            return object, references

        (object, references), (here, _) = self.at_entry(sample, lambda: sample(1), action)
        self.assertEqual(references, 3 - LENDS_ARGUMENTS, "the frame's, the variable's and getrefcount's")
        self.assertIs(here, object, "the interpreter must use the object that the frame has")

    def test_tracked_once_it_outlives_the_frame(self):
        def action(frame):
            object = probe.make_frame_object(frame)
            return object, probe.is_tracked(object)

        (object, at_entry), (_, running) = self.at_entry(sample, lambda: sample(1), action)
        self.assertFalse(at_entry)
        self.assertFalse(running)
        self.assertTrue(probe.is_tracked(object))
        self.assertIs(object.f_locals["here"], object)
        self.assertEqual(object.f_locals["argument"], 1)
        object.clear()

    def test_fields_in_a_live_frame(self):
        def action(frame):
            return probe.frame_object_fields(probe.make_frame_object(frame))

        fields, _ = self.at_entry(sample, lambda: sample(1), action)
        self.assertEqual(fields, FIELDS | {"own_data": False})

    def test_trace_function_sees_the_object(self):
        seen = []
        object, _ = self.at_entry(sample, lambda: self.traced(seen), probe.make_frame_object)
        self.assertEqual([event for _, event in seen], ["call", "line", "line", "return"])
        for frame, _ in seen:
            self.assertIs(frame, object)

    @staticmethod
    def traced(seen):
        def trace(frame, event, _):
            if frame.f_code is sample.__code__:
                seen.append((frame, event))
                return trace

        previous = sys.gettrace()
        sys.settrace(trace)
        try:
            return sample(1)
        finally:
            sys.settrace(previous)

    def test_pending_exception_stays(self):
        for raised in self.exceptions():
            with self.subTest(raised=raised):
                context, trace = raised.__context__, raised.__traceback__
                before = sys.getrefcount(raised)
                (object, pending), result = self.at_entry(sample, lambda: sample(1), lambda frame: probe.make_with_pending(frame, raised))
                self.assertIs(pending, raised)
                self.assertIs(raised.__context__, context)
                self.assertIs(raised.__traceback__, trace)
                self.assertEqual(type(object).__name__, "frame")
                del object, pending, result
                gc.collect()  # frames that hold each other
                self.assertEqual(sys.getrefcount(raised), before)

    @staticmethod
    def exceptions():
        try:
            try:
                raise KeyError("key")
            except KeyError:
                raise ValueError("chained")
        except ValueError as error:
            chained = error
        return [LookupError("plain"), StopIteration(3), KeyboardInterrupt(), chained]

    @needs_testcapi
    def test_memory_error_takes_the_place_of_the_pending_exception(self):
        raised, failures = LookupError("pending"), 0

        def action(frame, nth):
            _testcapi.set_nomemory(nth, nth + 1)
            try:
                return probe.make_with_pending(frame, raised)
            except MemoryError:  # before or after the call that is looked at
                return None
            finally:
                _testcapi.remove_mem_hooks()

        for nth in range(20):
            answer, _ = self.at_entry(sample, lambda: sample(1), lambda frame: action(frame, nth))
            if answer is not None and answer[0] is None:
                failures += 1
                self.assertIsInstance(answer[1], MemoryError)
            elif answer is not None:
                self.assertIs(answer[1], raised)
        self.assertGreater(failures, 0)

    def test_leaves_nothing(self):
        code = sample.__code__
        probe.hook(code, probe.make_frame_object)
        self.assertLess(growth(lambda: sample([])), NOISE)

    def test_second_object_breaks_the_contract(self):
        result = run_script("""
import probe
def f(): pass
def twice(frame):
    probe.make_frame_object(frame)
    probe.make_frame_object(frame)
probe.hook(f.__code__, twice)
f()
""")
        self.assertEqual(result.returncode, -signal.SIGABRT)
        self.assertIn("THP_PyFrame_MakeAndSetFrameObject: the frame must have no frame object yet", result.stderr)
        self.assertIn("(frame of 'f', file \"<string>\", line 3)", result.stderr)


class Asker:
    """Garbage whose finalizer asks for a frame's object."""

    def __init__(self, ask):
        self.ask, self.cycle = ask, self

    def __del__(self):
        self.ask()


class CollectionTest(FrameTestCase):
    """GH-97002: the collector runs in the allocation, and a finalizer gets the frame its object first."""

    def setUp(self):
        super().setUp()
        self.addCleanup(gc.enable)
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        gc.disable()

    def test_finalizer_asks_for_the_same_frame(self):
        made = []

        def ask(frame):
            if probe.info(frame)["frame_object"] is None:
                made.append(probe.make_frame_object(frame))

        def action(frame):
            Asker(lambda: ask(frame))
            gc.set_threshold(1)
            object = probe.make_with_gc(frame)
            winners, references = list(made), sys.getrefcount(object)
            gc.collect()  # while the frame is there
            return object, winners, references

        (object, winners, references), (here, _) = self.at_entry(sample, lambda: sample(1), action)
        self.assertEqual(len(made), ALLOCATION_COLLECTS)
        self.assertEqual(len(winners), ALLOCATION_COLLECTS)
        for winner in winners:
            self.assertIs(winner, object)
        # The frame's, the variable's, getrefcount's, and one in each list.
        self.assertEqual(references, 3 + 2 * ALLOCATION_COLLECTS - LENDS_ARGUMENTS)
        self.assertIs(here, object)
        self.assertTrue(probe.is_tracked(object))

    def test_loser_is_freed(self):
        def action(frame):
            Asker(lambda: probe.info(frame)["frame_object"] or probe.make_frame_object(frame))
            gc.set_threshold(1)
            probe.make_with_gc(frame)
            gc.collect()

        probe.hook(sample.__code__, action)
        self.assertLess(growth(lambda: sample([]), 300), NOISE)

    def test_finalizer_asks_for_the_caller(self):
        # The caller's object is made while a kept frame is cleared; the collector may come at any allocation on the way.
        def outer(threshold):
            found = []
            Asker(lambda: found.append(sys._getframe(2)))
            gc.set_threshold(gc.get_count()[0] + threshold)
            gc.enable()
            dead = probe.never_run(sample, (1,), True, True)
            gc.disable()
            return dead, found, sys._getframe()

        collected = 0
        for threshold in range(12):
            gc.collect()
            dead, found, here = outer(threshold)
            self.assertIs(dead.f_back, here)
            self.assertEqual(probe.info(probe.frame_of(dead))["previous"], 0)
            collected += len(found)
            for frame in found:
                self.assertIs(frame, here)
        self.assertGreater(collected, 0)


if __name__ == "__main__":
    unittest.main()
