"""Clearing frames that were never run: what is dropped, and what moves to the frame object."""

import _thread
import dis
import functools
import gc
import sys
import time
import traceback
import types
import unittest
import weakref

import probe
from leaks import NOISE, growth
from support import FRAME_OBJECT, FrameTestCase, run_script

# instr_ptr stands on the next instruction, prev_instr on the last.
POINTS_AT_NEXT = sys.version_info >= (3, 13)


def plain(a, b, c):
    d = a
    return d


def wide(a, b, /, *rest, option, **others):
    return a, b, rest, option, others


def with_cells(a, b):
    return lambda: (a, b)


def generator(a, b):
    yield a, b


async def coroutine(a, b):
    return a, b


async def async_generator(a, b):
    yield a, b


def closure_over(value):
    def closure(a, b):
        return a, b, value

    return closure


FUNCTIONS = [plain, wide, with_cells, generator, coroutine, async_generator, closure_over([1])]


def names(function):
    code = function.__code__
    flags = code.co_flags
    count = code.co_argcount + code.co_kwonlyargcount + bool(flags & 0x04) + bool(flags & 0x08)
    return code.co_varnames[:count]


def arguments(function):
    """A new object for every argument."""
    return tuple([name] for name in names(function))


def last_instruction(code):
    """f_lasti of a frame that is said to have come as far as RESUME without having been run."""
    first = next(i.offset for i in dis.get_instructions(code) if i.opname == "RESUME")
    if not POINTS_AT_NEXT:
        return first
    return first + 2 if first else 0  # a frame that stands on its RESUME is complete


class ReferencesTest(FrameTestCase):
    def counts(self, function, values):
        closure = [cell.cell_contents for cell in function.__closure__ or ()]
        held = [function, function.__code__, function.__globals__, *(function.__closure__ or ()), *closure, *values]
        return [sys.getrefcount(object) for object in held]

    def test_all_are_given_back(self):
        for function in FUNCTIONS:
            for make, keep in [(False, False), (True, False), (True, True)]:
                with self.subTest(function=function.__name__, make=make, keep=keep):
                    values = arguments(function)
                    before = self.counts(function, values)
                    dead = probe.never_run(function, values, make, keep)
                    if keep:
                        during = self.counts(function, values)
                        self.assertEqual(during[-len(values) :], [n + 1 for n in before[-len(values) :]])
                        self.assertEqual(during[:2], [n + 1 for n in before[:2]])
                    del dead
                    self.assertEqual(self.counts(function, values), before)

    def test_mapping_is_given_back(self):
        mapping = {"key": object()}
        before = sys.getrefcount(mapping)
        frame = probe.push_frame(plain, (1, 2, 3))
        probe.set_f_locals(frame, mapping)
        self.assertEqual(sys.getrefcount(mapping), before + 1)
        probe.clear(frame)
        probe.pop(frame)
        self.assertEqual(sys.getrefcount(mapping), before)

    def test_last_reference_to_function_and_code(self):
        space = {}
        exec("def f(a): return a", space)
        function = space.pop("f")
        died = []
        watched = [
            weakref.ref(thing, lambda _, name=name: died.append(name))
            for name, thing in [("function", function), ("code", function.__code__)]
        ]
        frame = probe.push_frame(function, (1,))
        del function
        self.assertEqual(died, [])
        probe.clear(frame)
        probe.pop(frame)
        self.assertEqual(died, ["function", "code"])
        self.assertEqual([ref() for ref in watched], [None, None])

    def test_leaves_nothing(self):
        for function in FUNCTIONS:
            for make, keep in [(False, False), (True, False), (True, True)]:
                with self.subTest(function=function.__name__, make=make, keep=keep):
                    action = lambda: probe.never_run(function, arguments(function), make, keep)
                    self.assertLess(growth(action, 500), NOISE)

    @unittest.skipIf(probe.recursion() is None, "the end of the C stack bounds recursion from 3.14 on: nothing is counted")
    def test_recursion_budget_is_given_back(self):
        def fits(depth):
            nested = []
            for _ in range(depth):
                nested = [nested]
            try:
                return bool(repr(nested))
            except RecursionError:
                return False

        def depth():
            """The deepest list that has a text, found by halves."""
            fitting, not_fitting = 0, 1
            while fits(not_fitting):
                fitting, not_fitting = not_fitting, 2 * not_fitting
            while not_fitting - fitting > 1:
                middle = (fitting + not_fitting) // 2
                fitting, not_fitting = (middle, not_fitting) if fits(middle) else (fitting, middle)
            return fitting

        before = depth()
        for _ in range(500):
            probe.never_run(plain, (1, 2, 3), True, True)
        self.assertEqual(depth(), before)


@unittest.skipIf(probe.profiled() is None, "a thread remembers no frame for profilers before 3.15")
class ProfiledTest(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(probe.set_profiled, probe.profiled()[0])

    def test_one_that_is_cleared_is_forgotten(self):
        for function in (plain, with_cells, closure_over([1])):
            frame = probe.push_frame(function, arguments(function))
            probe.set_profiled(frame)
            before = probe.profiled()[1]
            probe.clear(frame)
            after = probe.profiled()
            probe.pop(frame)
            self.assertEqual(after, (probe.current_frame(), before + 1))

    def test_another_one_is_kept(self):
        kept = probe.current_frame()
        probe.set_profiled(kept)
        before = probe.profiled()
        probe.never_run(plain, (1, 2, 3), False, False)
        self.assertEqual(probe.profiled(), before)


class OwnershipTest(FrameTestCase):
    def test_dead_frame(self):
        for function in FUNCTIONS:
            with self.subTest(function=function.__name__):
                code, values = function.__code__, arguments(function)
                dead = probe.never_run(function, values, True, True)
                self.assertIs(dead.f_code, code)
                self.assertIs(dead.f_back, sys._getframe())
                self.assertIs(dead.f_globals, globals())
                self.assertIs(dead.f_builtins, sys._getframe().f_builtins)
                self.assertIsNone(dead.f_trace)
                self.assertEqual(dead.f_lasti, last_instruction(code))
                lines = [line for start, end, line in code.co_lines() if start <= dead.f_lasti < end]
                self.assertEqual([dead.f_lineno], lines)
                self.assertTrue(gc.is_tracked(dead))
                info = probe.info(probe.frame_of(dead))
                self.assertEqual((info["owner"], info["previous"]), (FRAME_OBJECT, 0))
                self.assertIsNone(info["frame_object"], "would be a cycle")
                self.assertIs(info["function"], function)
                self.assertTrue(probe.frame_object_fields(dead)["own_data"])

    def test_locals(self):
        for function in FUNCTIONS:
            if not (function.__closure__ or function.__code__.co_cellvars):
                with self.subTest(function=function.__name__):
                    values = arguments(function)
                    f_locals = dict(probe.never_run(function, values, True, True).f_locals)
                    self.assertEqual(list(map(id, map(f_locals.pop, names(function)))), list(map(id, values)))
                    self.assertEqual(f_locals, {})

    # A dead frame counts as one that came to its RESUME, with the cells that are made before in their slots.

    def test_locals_with_free_variables(self):
        self.assert_locals("def outer(x):\n def f(a): return a, x\n return f\nf = outer(2)", "1", "{'a': 1, 'x': 2}")

    def test_locals_with_cells(self):
        self.assert_locals("def f(a, b): return lambda: a", "[1], 2", "{'a': [1], 'b': 2}")

    def test_locals_with_a_cell_in_a_cell(self):
        self.assert_locals("import types\ndef f(a): return lambda: a", "types.CellType(3)", "{'a': <cell at")

    def assert_locals(self, source, values, shown):
        script = f"import probe\n{source}\ndead = probe.never_run(f, ({values},), True, True)\nprint(dict(dead.f_locals))"
        result = run_script(script, PYTHONFAULTHANDLER="1")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout.strip()[: len(shown)], shown)

    def test_what_the_collector_sees(self):
        values = arguments(plain)
        dead = probe.never_run(plain, values, True, True)
        seen = [id(object) for object in gc.get_referents(dead)]
        for thing in [plain, plain.__code__, sys._getframe(), *values]:
            self.assertEqual(seen.count(id(thing)), 1, thing)

    def test_cycle_through_a_dead_frame(self):
        class Thing:
            pass

        things = Thing(), Thing(), []
        watched = [weakref.ref(thing) for thing in things[:2]]
        things[0].frame = probe.never_run(plain, things, True, True)
        gc.collect()
        self.assertIsNotNone(watched[0]())
        del things
        gc.collect()
        self.assertEqual([ref() for ref in watched], [None, None])

    def test_clear_afterwards(self):
        for function in FUNCTIONS:
            with self.subTest(function=function.__name__):
                values = arguments(function)
                before = [sys.getrefcount(value) for value in values]
                dead = probe.never_run(function, values, True, True)
                dead.clear()
                self.assertEqual([sys.getrefcount(value) for value in values], before)
                self.assertIs(dead.f_code, function.__code__)
                self.assertIs(dead.f_back, sys._getframe())
                self.assertEqual(dict(dead.f_locals), {})
                dead.clear()

    def test_in_tracebacks(self):
        dead = probe.never_run(plain, (1, 2, 3), True, True)
        self.assertIn("plain", repr(dead))
        stack = [frame.f_code for frame, _ in traceback.walk_stack(dead)]
        here = [frame.f_code for frame, _ in traceback.walk_stack(sys._getframe())]
        self.assertEqual(stack, [plain.__code__, *here])
        error = ValueError("late").with_traceback(types.TracebackType(None, dead, dead.f_lasti, dead.f_lineno))
        self.assertIn("in plain", "".join(traceback.format_exception(error)))

    def test_no_caller(self):
        # A thread that runs nothing but C functions.
        results = []
        call = functools.partial(probe.never_run, plain, (1, 2, 3), True)
        _thread.start_new_thread(results.extend, (map(call, [True]),))
        deadline = time.monotonic() + 60
        while not results and time.monotonic() < deadline:
            time.sleep(0.001)
        (dead,) = results
        self.assertIsNone(dead.f_back)
        self.assertEqual(probe.info(probe.frame_of(dead))["previous"], 0)
        self.assertEqual(dead.f_locals["c"], 3)

    def test_kept_by_a_closed_function(self):
        # The caller's own object outlives it in turn.
        def caller():
            return probe.never_run(plain, (1, 2, 3), True, True)

        dead = caller()
        self.assertIs(dead.f_back.f_code, caller.__code__)
        self.assertIs(dead.f_back.f_back, sys._getframe())


if __name__ == "__main__":
    unittest.main()
