"""Free variables: when they are copied to their slots, what says so, and who holds how many references then."""

import ctypes
import sys
import types
import unittest

import probe
from readings import AFTER_FIRST, HOOKED_AT, WAYS, LocalsTestCase, frame_here
from support import EMPTY, slots

ROUNDS = 1000
COPYING = {way: read for way, read in WAYS.items() if way != "mapping"}


def make(a, b):
    def inner(c, d=None):
        nonlocal b
        b, old = (c, a), b
        return old, frame_here() if d else (lambda: c)

    return inner


def without_free_variables(a):
    return a


class CopyTest(LocalsTestCase):
    def test_copies_once(self):
        inner = make(1, 2)

        def look(frame):
            self.assertEqual(slots(frame)[-2:], [EMPTY, EMPTY])
            self.assertEqual(probe.info(frame)["unit"], HOOKED_AT)
            flags = [probe.fast_to_locals(frame)[1], probe.fast_to_locals(frame)[1], probe.get_locals(frame, True)[1]]
            self.assertEqual(flags, [1, 0, 0])
            self.assertEqual(probe.info(frame)["unit"], AFTER_FIRST)
            for (cell,), expected in zip(slots(frame)[-2:], inner.__closure__, strict=True):
                self.assertIs(cell, expected)

        _, (old, get_c) = self.at_entry(inner, lambda: inner(3), look)
        self.assertEqual((old, get_c()), (2, 3))
        self.assertEqual(inner(4)[0], (3, 1))

    def test_every_way_but_the_mapping_copies(self):
        for way, read in WAYS.items():
            inner = make(1, 2)

            def look(frame):
                self.assertEqual(dict(read(frame)), {"c": 3, "d": None, "a": 1, "b": 2})
                return slots(frame)[-1] is EMPTY

            with self.subTest(way=way):
                empty, (old, get_c) = self.at_entry(inner, lambda: inner(3), look)
                self.assertEqual(empty, way not in COPYING)
                self.assertEqual((old, get_c(), inner(4)[0]), (2, 3, (3, 1)))

    def test_flag_is_left_alone_if_nothing_is_copied(self):
        inner = make(1, 2)
        at_entry = self.at_entry(inner, lambda: inner(3), lambda frame: [probe.copied_flag(frame, before) for before in (7, 8, 0)])[0]
        self.assertEqual(at_entry, [(1, None), (8, None), (0, None)])
        at_entry = self.at_entry(without_free_variables, lambda: without_free_variables(3), lambda frame: probe.copied_flag(frame, 7))[0]
        self.assertEqual(at_entry, (7, None))

        def running():
            return probe.copied_flag(frame_here(2), 9), at_entry

        self.assertEqual(running()[0], (9, None))

    def test_flag_may_be_null(self):
        inner = make(1, 2)
        at_entry, (old, _) = self.at_entry(inner, lambda: inner(3), lambda frame: probe.copied_flag(frame, None))
        self.assertEqual((at_entry, old), ((0, None), 2))
        at_entry, (old, _) = self.at_entry(inner, lambda: inner(4), probe.get_locals_quietly)
        self.assertEqual((at_entry["c"], old), (4, (3, 1)))

    def test_flag_tells_the_truth_on_failure(self):
        inner = make(1, 2)

        class Refuses(dict):
            def __setitem__(self, name, value):
                raise ValueError(name)

        def look(frame):
            probe.set_f_locals(frame, Refuses())
            flag, error = probe.copied_flag(frame, 0)
            self.assertIsInstance(error, ValueError)
            self.assertIsNot(slots(frame)[-1], EMPTY)
            return flag, probe.copied_flag(frame, 5)[0]

        self.assertEqual(self.at_entry(inner, lambda: inner(3), look)[0], (1, 5))

    def test_copies_made_by_a_hook_that_then_raises(self):
        inner = make(1, 2)
        before = [sys.getrefcount(cell) for cell in inner.__closure__]

        def look(frame):
            probe.fast_to_locals(frame)
            raise ValueError("hook")

        for _ in range(ROUNDS):
            with self.assertRaisesRegex(ValueError, "hook"):
                self.at_entry(inner, lambda: inner(3), look)
        self.assertEqual([sys.getrefcount(cell) for cell in inner.__closure__], before)

    def test_resumed_generator_has_them(self):
        free = object()

        def generator(a):
            yield free
            yield a

        made = generator(1)
        for expected in (free, 1):
            at_entry, value = self.at_entry(generator, lambda: next(made), probe.fast_to_locals)
            self.assertEqual(at_entry, ({"a": 1, "free": free}, 0))
            self.assertEqual(value, expected)

    def test_class_body_copies_but_does_not_show(self):
        free = object()

        def make_class():
            class Body:
                value = free

            return Body

        body = next(constant for constant in make_class.__code__.co_consts if isinstance(constant, types.CodeType))
        for way, read in COPYING.items():
            with self.subTest(way=way):
                (before, unit, after), made = self.at_entry(
                    body, make_class, lambda frame: (dict(read(frame)), probe.info(frame)["unit"], slots(frame))
                )
                self.assertEqual((before, unit, made.value), ({}, AFTER_FIRST, free))
                self.assertIs(after[-1][0].cell_contents, free)

    def test_exec_with_a_closure(self):
        a = b = None

        def function():
            namespace.update(a=a, b=b)

        cells, namespace = (types.CellType(1), types.CellType(2), types.CellType({})), {}
        code = function.__code__
        self.assertEqual(code.co_freevars, ("a", "b", "namespace"))
        answer, _ = self.at_entry(code, lambda: exec(code, {}, namespace, closure=cells), probe.fast_to_locals)
        self.assertIs(answer[0], namespace)
        self.assertEqual(answer, ({"a": 1, "b": 2, "namespace": {"a": 1, "b": 2}}, 1))


class ReferencesTest(LocalsTestCase):
    """Nothing leaks and nothing is lost over many calls."""

    def counts(self, function, arguments):
        objects = [*function.__closure__, *(cell.cell_contents for cell in function.__closure__), *arguments]
        return [sys.getrefcount(item) for item in objects]

    def check(self, function, *arguments, times=1):
        for way, read in WAYS.items():
            for args in (arguments, tuple(object() for _ in arguments)):
                probe.hook(function.__code__, lambda frame: [read(frame) for _ in range(times)])
                function(*args)
                before = self.counts(function, args)
                for _ in range(ROUNDS):
                    function(*args)
                after = self.counts(function, args)
                probe.unhook()
                with self.subTest(way=way):
                    self.assertEqual(after, before)

    def make(self):
        a, b = object(), object()

        def function(c, d):
            lambda: d
            return a, b

        def generator(c, d):
            lambda: d
            yield a, b

        return function, lambda c, d: (a, b, c, d), generator

    def test_calls(self):
        function, other, _ = self.make()
        self.check(function, object(), object())
        self.check(other, object(), object())

    def test_asked_twice(self):
        self.check(self.make()[0], object(), object(), times=2)

    def test_generators_never_started_and_run(self):
        generator = self.make()[2]
        self.check(generator, object(), object())

        def run(*arguments):
            list(generator(*arguments))

        for way, read in WAYS.items():
            arguments = object(), object()
            probe.hook(generator.__code__, read)
            run(*arguments)
            before = self.counts(generator, arguments)
            for _ in range(ROUNDS):
                run(*arguments)
            with self.subTest(way=way):
                self.assertEqual(self.counts(generator, arguments), before)

    def test_mapping_lives_as_long_as_the_frame(self):
        class Locals(dict):
            pass

        mapping = Locals()
        before = sys.getrefcount(mapping)
        function = self.make()[0]
        for way, read in COPYING.items():

            def look(frame):
                probe.set_f_locals(frame, mapping)
                read(frame)

            with self.subTest(way=way):
                for _ in range(ROUNDS):
                    self.at_entry(function, lambda: function(1, 2), look)
                self.assertEqual(sys.getrefcount(mapping), before)


def set_closure(function, cells):
    """What only C code can do."""
    call = ctypes.pythonapi.PyFunction_SetClosure
    call.argtypes = ctypes.py_object, ctypes.py_object
    assert call(function, cells) == 0


class ChangingTest(LocalsTestCase):
    def test_another_closure_while_a_slot_is_filled(self):
        """What a client has put into the slot goes, and changes the closure: the next cell is read from the new one."""
        inner = make(1, 2)
        first = inner.__closure__[0]
        cells = types.CellType(30), types.CellType(40)

        class Changes:
            def __del__(self):
                set_closure(inner, cells)

        def look(frame):
            probe.set_slot(frame, len(slots(frame)) - 2, Changes())
            probe.fast_to_locals(frame)
            return [cell for (cell,) in slots(frame)[-2:]]

        found, (old, _) = self.at_entry(inner, lambda: inner(3), look)
        self.assertIs(found[0], first)
        self.assertIs(found[1], cells[1])
        self.assertEqual(old, 40)


class MismatchTest(LocalsTestCase):
    """A closure that does not fit."""

    def refused(self, change):
        """What is said of such a closure; the call then goes on with the right one."""
        inner = make(1, 2)
        closure = inner.__closure__

        def look(frame):
            set_closure(inner, change(closure))
            try:
                flag, error = probe.copied_flag(frame, 7)
                return flag, error, probe.info(frame)["unit"], slots(frame)[-2:], probe.mapping(frame)
            finally:
                set_closure(inner, closure)

        answer, (old, _) = self.at_entry(inner, lambda: inner(3), look)
        self.assertEqual(answer[0], 7)
        self.assertEqual(answer[2:4], (HOOKED_AT, [EMPTY, EMPTY]))
        self.assertEqual(old, 2)
        return answer[1], answer[4]

    def test_too_short(self):
        error, mapping = self.refused(lambda closure: closure[:1])
        self.assertIsInstance(error, SystemError)
        self.assertEqual(str(error), "the closure of 'inner' has 1 cells, but its code has 2 free variables")
        self.assertEqual(mapping, {"c": 3, "d": None, "a": 1})

    def test_too_long_and_none(self):
        for change in (lambda closure: (*closure, types.CellType()), lambda closure: None):
            error, _ = self.refused(change)
            self.assertIsInstance(error, SystemError)


if __name__ == "__main__":
    unittest.main()
