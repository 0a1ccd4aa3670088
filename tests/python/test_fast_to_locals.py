"""Locals at hook entry, when no instruction of the frame has run."""

import sys
import types
import unittest

import probe
from readings import WAYS, LocalsTestCase

A, B, C, D, E = (object() for _ in range(5))
CELL = types.CellType(A)


def nothing():
    return locals()


def positional_only(a, b, /):
    return locals()


def defaults(a, b=B, /, c=C, *, d=D):
    return locals()
    never = a


def keyword_only(*, a, b=B):
    return locals()


def packed(*a, **b):
    return locals()


def everything(a, /, b, c=C, *d, e, f=E, **g):
    return locals()
    never, later = a, b


def plain_cells(a):
    return locals()
    first = second = a
    lambda: (first, second)


def argument_cells(a, /, b, c=C, *d, e, **f):
    return locals()
    never = 0
    lambda: (a, b, c, d, e, f, never)


def some_cells(a, b, c, d):
    return locals()
    lambda: (b, d)


def deleted_later(a, b):
    return locals()
    del a, b
    lambda: b


def make_closures(a, b):
    empty = cleared = C

    def middle(c):
        def inner(d, e=E):
            return locals()
            never = (a, c, d, empty, cleared)
            lambda: never

        def innermost_only():
            def f():
                return locals()
                a, b, c

            return f

        return inner, innermost_only()

    def only_free():
        return locals()
        empty, cleared

    functions = (*middle(C), only_free)
    del cleared
    return functions


INNER, INNERMOST, ONLY_FREE = make_closures(A, B)


class EntryTest(LocalsTestCase):
    """What is there at hook entry is what locals() says in the first line."""

    def check(self, function, *args, **kwargs):
        for way, read in WAYS.items():
            with self.subTest(function=function.__name__, way=way):
                # A copy: up to 3.12 locals() is the very dict that the shim has made.
                ours, theirs = self.at_entry(function, lambda: function(*args, **kwargs), lambda frame: dict(read(frame)))
                self.assert_same_locals(ours, theirs)
                self.assertEqual(list(ours), list(theirs), "the order of the slots")
        return theirs

    def test_arguments(self):
        self.check(nothing)
        self.check(positional_only, A, B)
        self.check(defaults, A)
        self.check(defaults, A, C, B, d=A)
        self.check(keyword_only, a=A)
        self.check(keyword_only, b=A, a=B)
        self.assertEqual(self.check(packed), {"a": (), "b": {}})
        self.check(packed, A, B, c=C)
        self.check(everything, A, B, e=D)
        self.check(everything, A, B, C, D, E, e=D, f=A, h=B)

    def test_unbound_locals_are_absent(self):
        self.assertNotIn("never", self.check(defaults, A))
        self.assertEqual(self.check(plain_cells, A), {"a": A})

    def test_argument_cells(self):
        self.check(argument_cells, A, B, e=D)
        self.check(argument_cells, A, B, C, D, E, e=A, x=B)
        self.check(some_cells, A, B, C, D)
        self.check(deleted_later, A, B)

    def test_arguments_that_are_cells(self):
        empty = types.CellType()
        for value in (CELL, empty, types.CellType(CELL)):
            self.check(defaults, value, value, value, d=value)
            self.check(argument_cells, value, value, value, value, e=value, x=value)
            self.assertIs(self.check(some_cells, value, value, CELL, CELL)["b"], value)

    def test_free_variables(self):
        self.assertEqual(self.check(INNER, D), {"d": D, "e": E, "a": A, "c": C, "empty": C})
        self.assertEqual(self.check(INNERMOST), {"a": A, "b": B, "c": C})
        self.assertEqual(self.check(ONLY_FREE), {"empty": C})

    def test_free_variables_that_hold_cells(self):
        self.check(make_closures(CELL, types.CellType())[1])

    def test_300_cells(self):
        names = [f"a{i}" for i in range(300)]
        namespace = {}
        exec(f"def many({', '.join(names)}):\n return locals()\n lambda: ({', '.join(names)})", namespace)
        values = [types.CellType(i) if i % 3 == 0 else object() for i in range(300)]
        self.check(namespace["many"], *values)

    def check_free_variables(self, count):
        names = ", ".join(f"v{i:03}" for i in range(count))
        namespace = {}
        exec(f"def outer({names}):\n def inner():\n  return locals()\n  {names}\n return inner", namespace)
        self.check(namespace["outer"](*(object() for _ in range(count))))

    def test_255_free_variables(self):
        self.check_free_variables(255)

    def test_256_free_variables(self):
        self.check_free_variables(256)


class TracedEntryTest(EntryTest):
    def setUp(self):
        super().setUp()
        self.events = 0
        self.addCleanup(self.stop)
        sys.settrace(self.trace)

    def trace(self, frame, event, argument):
        frame.f_trace_opcodes = True
        self.events += 1
        return self.trace

    def stop(self):
        sys.settrace(None)
        self.assertGreater(self.events, 10)


@unittest.skipUnless(hasattr(sys, "monitoring"), "sys.monitoring is there from 3.12 on")
class MonitoredEntryTest(EntryTest):
    def setUp(self):
        super().setUp()
        monitoring = sys.monitoring
        self.seen = set()
        monitoring.use_tool_id(4, "test")
        self.addCleanup(monitoring.free_tool_id, 4)
        self.addCleanup(self.stop)
        events = monitoring.events.LINE, monitoring.events.INSTRUCTION, monitoring.events.PY_START
        for event in events:
            monitoring.register_callback(4, event, lambda code, _: self.seen.add(code.co_name))
        monitoring.set_events(4, sum(events))

    def stop(self):
        sys.monitoring.set_events(4, 0)
        self.assertIn("check", self.seen)


class GeneratorEntryTest(LocalsTestCase):
    """The call of a generator function, coroutine function or asynchronous generator function."""

    def check(self, function, expected, results):
        for way, read in WAYS.items():
            with self.subTest(way=way, function=function.__name__):
                ours, made = self.at_entry(function, lambda: function(A), lambda frame: dict(read(frame)))
                self.assert_same_locals(ours, expected)
                self.assertEqual(results(made), (A, B, C))

    def test_generator(self):
        free = C

        def generator(a, b=B):
            yield a
            lambda: b
            yield b
            yield free

        self.check(generator, {"a": A, "b": B, "free": C}, tuple)

    def test_coroutine(self):
        free = C

        async def coroutine(a, b=B):
            lambda: a
            return a, b, free

        def run(made):
            with self.assertRaises(StopIteration) as caught:
                made.send(None)
            return caught.exception.value

        self.check(coroutine, {"a": A, "b": B, "free": C}, run)

    def test_asynchronous_generator(self):
        free = C

        async def generator(a, b=B):
            yield a
            yield b
            yield free
            lambda: (a, b)

        def run(made):
            async def collect():
                return tuple([value async for value in made])

            with self.assertRaises(StopIteration) as caught:
                collect().send(None)
            return caught.exception.value

        self.check(generator, {"a": A, "b": B, "free": C}, run)


class StoredLocalsTest(LocalsTestCase):
    """A mapping that the frame has already, and the one that it gets."""

    def test_the_mapping_is_the_frames_own(self):
        def look(frame):
            self.assertIsNone(probe.info(frame)["f_locals"])
            first = probe.get_locals(frame, False)[0]
            self.assertIs(probe.info(frame)["f_locals"], first)
            self.assertIs(probe.get_locals(frame, True)[0], first)
            self.assertIs(probe.get_locals_quietly(frame), first)
            self.assertIs(probe.fast_to_locals(frame)[0], first)
            self.assertIsNot(probe.mapping(frame), probe.mapping(frame))

        self.at_entry(everything, lambda: everything(A, B, e=C), look)

    def test_other_names_stay_and_unbound_ones_go(self):
        stored = {"never": 1, "other": 2, "a": 3, "later": 4}

        def look(frame):
            probe.set_f_locals(frame, stored)
            return dict(probe.fast_to_locals(frame)[0]), probe.mapping(frame)

        (merged, fresh), _ = self.at_entry(everything, lambda: everything(A, B, e=D), look)
        self.assertEqual(merged, {"other": 2, "a": A, "b": B, "c": C, "d": (), "e": D, "f": E, "g": {}})
        self.assertNotIn("other", fresh)

    def test_unbound_free_variables_and_cells_go(self):
        stored = {"cleared": 1, "never": 2, "first": 3, "second": 4}

        def look(frame):
            probe.set_f_locals(frame, stored)
            return dict(probe.fast_to_locals(frame)[0])

        ours, _ = self.at_entry(INNER, lambda: INNER(D), look)
        self.assertEqual(ours.keys(), {"a", "c", "d", "e", "empty", "first", "second"})
        ours, _ = self.at_entry(plain_cells, lambda: plain_cells(D), look)
        self.assertEqual(ours.keys() & {"first", "second"}, set())

    def test_exec_of_a_function_with_a_mapping(self):
        stored = {"first": 1, "other": 2}

        def function():
            return locals()
            first = second = 0

        ours, result = self.at_entry(function, lambda: exec(function.__code__, {}, stored), lambda frame: probe.fast_to_locals(frame)[0])
        self.assertIs(ours, stored)
        self.assertEqual(stored, {"other": 2})


if __name__ == "__main__":
    unittest.main()
