"""A callback that says what runs in a frame's place, and the view that it is asked with."""

import builtins
import gc
import sys
import traceback
import unittest
import weakref

import probe
import shadow
from leaks import NOISE, growth
from support import FrameTestCase
from takeover import asked, counters, passed_on, watched

# f_lasti of a frame that has not begun, and of one whose COPY_FREE_VARS is done with.
FRESH, FREE_VARS_COPIED = (0, 2) if sys.version_info >= (3, 13) else (-1, 0)

DISCARDED_BY_HOOK = sys.version_info >= (3, 12)


def add(a, b=2, /, *rest, c=3, **others):
    total = a + b + c
    return total, rest, others


def multiply(x, y, /, *more, z, **rest):
    return x * y * z, more, rest


def make_pair(value):
    """Two closures over the same cell, whose codes may stand for each other."""

    def first(a):
        return "first", a, value

    def second(a):
        inner = lambda: (a, value)
        return "second", *inner()

    def change(new):
        nonlocal value
        value = new

    return first, second, change


class ReplacementTest(FrameTestCase):
    def test_other_code(self):
        with asked(add.__code__, lambda view: multiply.__code__) as counts:
            self.assertEqual(add(5, 7, 9, c=2, d=1), (70, (9,), {"d": 1}))
            self.assertEqual(add(5), (30, (), {}))
        self.assertEqual(add(5), (10, (), {}))
        self.assertEqual(counts["taken_over"], 2)
        self.assertEqual(counts["get_framelocals_mapping"], 2 + counts["callback said no"])
        self.assertEqual(counts["seen"], counts["taken_over"] + passed_on(counts))

    def test_arguments_are_moved(self):
        value = [1]

        def original(a):
            return sys.getrefcount(a)

        def other(b):
            return sys.getrefcount(b)

        with watched():
            plain = other(value)
        for merge in (False, True):
            before = sys.getrefcount(value)
            with asked(original.__code__, lambda view: other.__code__, merge):
                references = original(value)
            # The original's f_locals hold it too while it runs, where it is cleared last.
            self.assertEqual(references, plain + merge)
            self.assertEqual(sys.getrefcount(value), before)

    def test_none_means_the_own_code(self):
        for merge in (False, True):
            with asked(add.__code__, lambda view: None, merge) as counts:
                self.assertEqual(add(1), (6, (), {}))
            self.assertEqual((counts["taken_over"], counts["seen"]), (0, passed_on(counts)))

    def test_closures(self):
        for merge in (False, True):
            first, second, change = make_pair(1)
            with asked(first.__code__, lambda view: second.__code__, merge):
                self.assertEqual(first(5), ("second", 5, 1))
                change([2])
                self.assertEqual(first(6), ("second", 6, [2]))
            with asked(first.__code__, lambda view: None, merge):
                self.assertEqual(first(7), ("first", 7, [2]))
            with asked(first.__code__, lambda view: first.__code__, merge):
                self.assertEqual(first(8), ("first", 8, [2]))

    def test_closures_give_their_cells_back(self):
        for merge in (False, True):
            first, second, change = make_pair([1])
            things = [*first.__closure__, first.__closure__[0].cell_contents, first, first.__code__, second.__code__]
            for answer in (None, first.__code__, second.__code__):
                with asked(first.__code__, lambda view: answer, merge):
                    first(1)
                    before = [sys.getrefcount(thing) for thing in things]
                    for _ in range(20):
                        first(1)
                    after = [sys.getrefcount(thing) for thing in things]
                self.assertEqual(after, before, (merge, answer))

    def test_generator_code(self):
        def listed(n):
            return [n]

        def yielded(n):
            yield from range(n)

        with asked(listed.__code__, lambda view: yielded.__code__):
            generator = listed(3)
        self.assertEqual(generator.__name__, "yielded")
        self.assertIs(generator.gi_code, yielded.__code__)
        self.assertEqual(list(generator), [0, 1, 2])
        with asked(yielded.__code__, lambda view: listed.__code__):
            self.assertEqual(yielded(3), [3])

    def test_exception_in_other_code(self):
        def original(a):
            return a

        def broken(a):
            b = a + 1
            raise LookupError(b)

        with asked(original.__code__, lambda view: broken.__code__):
            try:
                original(1)
            except LookupError as error:
                frame = traceback.TracebackException.from_exception(error, capture_locals=True).stack[-1]
        self.assertEqual((frame.name, frame.lineno), ("broken", broken.__code__.co_firstlineno + 2))
        self.assertEqual(frame.locals, {"a": "1", "b": "2"})

    def test_callback_takes_itself_away(self):
        def answer(view):
            shadow.set_callback(None)
            return multiply.__code__

        with asked(add.__code__, answer):
            self.assertEqual(add(2, 3, c=4), (24, (), {}))
            self.assertEqual(add(2, 3, c=4), (9, (), {}))

    def test_callback_calls_what_it_is_asked_about(self):
        views = []
        with asked(add.__code__, lambda view: views.append(view) or add(1) and None):
            self.assertEqual(add(2), (7, (), {}))
        self.assertEqual([view.locals["a"] for view in views], [2])


class FailureTest(FrameTestCase):
    """A frame that the hook does not evaluate: what it holds is let go, and the caller sees the exception."""

    def assert_raises(self, answer, kind, message, function=add, arguments=(1, 2)):
        for merge in (False, True):
            stack = probe.stack()
            with asked(function.__code__, answer, merge) as counts:
                try:
                    function(*arguments)
                except kind as error:
                    self.assertRegex(str(error), message)
                    codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
                else:
                    self.fail("nothing was raised")
                self.assertEqual(probe.stack(), stack)
            self.assertIs(codes[0], sys._getframe().f_code)
            self.assertNotIn(function.__code__, codes)
            discarded = DISCARDED_BY_HOOK
            self.assertEqual(counts["taken_over"], 0)
            self.assertEqual((counts["THP_PyFrame_Clear"], counts["THP_PyThreadState_PopFrame"]), (discarded, discarded))
        function(*arguments)

    def test_wrong_number_of_arguments(self):
        for wrong in (lambda: 0, lambda x: x, lambda x, y: x, lambda x, y, /, *a, z: x, lambda x, y, z, /, *a, **k: x):
            self.assert_raises(lambda view: wrong.__code__, ValueError, "arguments of the frame's own")

    def test_wrong_number_of_free_variables(self):
        first, _, change = make_pair(1)
        plain = lambda a: a
        self.assert_raises(lambda view: plain.__code__, ValueError, "free var", first, (1,))
        self.assert_raises(lambda view: first.__code__, ValueError, "free var", plain, (1,))

    def test_wrong_type(self):
        for wrong in (1, "code", add, [add.__code__]):
            self.assert_raises(lambda view: wrong, TypeError, "must return a code object or None, not")

    def test_raises(self):
        def answer(view):
            raise LookupError("asked")

        self.assert_raises(answer, LookupError, "^asked$")
        first, _, _ = make_pair(1)
        self.assert_raises(answer, LookupError, "^asked$", first, (1,))

    def test_references(self):
        class Thing:
            pass

        def answer(view):
            raise LookupError

        def cells(a, b):
            return lambda: (a, b)

        for merge in (False, True):
            for function in (add, cells):
                before = sys.getrefcount(function), sys.getrefcount(function.__code__)
                thing = Thing()
                watch = weakref.ref(thing)
                with asked(function.__code__, answer, merge):
                    with self.assertRaises(LookupError):
                        function(thing, 2)
                    del thing
                    gc.collect()
                    self.assertIsNone(watch())
                self.assertEqual((sys.getrefcount(function), sys.getrefcount(function.__code__)), before)

    def test_leaves_nothing(self):
        first, second, _ = make_pair([1])

        def raises(view):
            raise LookupError

        def call(function):
            try:
                function([1])
            except (LookupError, ValueError, TypeError):
                return
            self.fail("nothing was raised")

        for merge in (False, True):
            for answer in (raises, lambda view: add, lambda view: add.__code__):
                for function in (first, lambda a: a):
                    with asked(function.__code__, answer, merge):
                        self.assertLess(growth(lambda: call(function), 300), NOISE)
            with asked(first.__code__, lambda view: second.__code__, merge):
                self.assertLess(growth(lambda: first([1]), 1000), NOISE)

    def test_large_frames_at_every_distance_from_the_end_of_a_chunk(self):
        def large(a):
            return a

        def answer(view):
            raise LookupError

        large.__code__ = large.__code__.replace(co_stacksize=900)

        def descend(n):
            if n:
                return descend(n - 1)
            stack = probe.stack()
            for _ in range(3):
                try:
                    large(1)
                except LookupError:
                    pass
            return stack == probe.stack()

        with asked(large.__code__, answer):
            for depth in range(150):
                self.assertTrue(descend(depth), depth)


class ViewTest(FrameTestCase):
    def view(self, function, call, merge_locals=False):
        views = []
        with asked(function.__code__, views.append, merge_locals):
            call()
        return views[-1]

    def test_attributes(self):
        for merge in (False, True):
            value = object()
            view = self.view(add, lambda: add(1, 2, value, c=4, d=5), merge)
            self.assertIs(view.code, add.__code__)
            self.assertIs(view.globals, globals())
            self.assertIs(view.builtins, vars(builtins))
            self.assertEqual(view.lasti, FRESH)
            self.assertEqual(view.locals, {"a": 1, "b": 2, "rest": (value,), "c": 4, "others": {"d": 5}})
            self.assertIs(type(view.locals), dict)

    def test_closure(self):
        first, second, change = make_pair([1])
        for function in (first, second):
            for merge in (False, True):
                view = self.view(function, lambda: function(2), merge)
                self.assertEqual(view.locals, {"a": 2, "value": [1]})
                self.assertIs(view.locals["value"], function.__closure__[0].cell_contents)
                self.assertEqual(view.lasti, FREE_VARS_COPIED if merge else FRESH)

    def test_unbound_free_variable(self):
        def outer():
            def inner(a):
                return a and late

            for merge in (False, True):
                self.assertEqual(self.view(inner, lambda: inner(0), merge).locals, {"a": 0})
            late = 1
            return self.view(inner, lambda: inner(0)).locals

        self.assertEqual(outer(), {"a": 0, "late": 1})

    def test_stays_when_the_frame_is_gone(self):
        class Thing:
            pass

        for merge in (False, True):
            thing = Thing()
            watch = weakref.ref(thing)
            view = self.view(add, lambda: self.assertRaises(TypeError, add, thing, 1), merge)
            self.assertIs(view.locals["a"], thing)
            del thing
            gc.collect()
            self.assertIs(view.locals["a"], watch())
            del view
            gc.collect()
            self.assertIsNone(watch())

    def test_is_read_only(self):
        view = self.view(add, lambda: add(1))
        for name in ("code", "locals", "globals", "builtins", "lasti"):
            with self.assertRaises(AttributeError):
                setattr(view, name, None)
        with self.assertRaises(AttributeError):
            view.other = 1
        with self.assertRaises(TypeError):
            shadow.FrameView()

    def test_changing_the_locals_does_not_change_the_arguments(self):
        for merge in (False, True):
            with asked(add.__code__, lambda view: view.locals.update(a=100), merge):
                self.assertEqual(add(1), (6, (), {}))


class SwitchTest(FrameTestCase):
    def test_not_callable(self):
        for wrong in (1, "x", []):
            with self.assertRaisesRegex(TypeError, "callable or None"):
                shadow.set_callback(wrong)

    def test_nothing_is_seen_when_all_is_off(self):
        before = counters()
        add(1)
        self.assertEqual(counters(), before)

    def test_callback_is_let_go(self):
        class Callback:
            def __call__(self, view):
                return None

        callback = Callback()
        watch = weakref.ref(callback)
        shadow.set_callback(callback)
        del callback
        add(1)
        shadow.set_callback(None)
        self.assertIsNone(watch())


if __name__ == "__main__":
    unittest.main()
