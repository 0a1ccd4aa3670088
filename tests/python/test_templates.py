"""Dicts of locals that are copied from a template hold what inserting the names gives, and own what they hold."""

import gc
import sys
import types
import unittest
import weakref

import fresh_dicts
import locals_table
import probe
import templates
from fresh_dicts import WAYS, FreshDictTestCase, Thing, another, ask, exactly, here, many, table
from leaks import NOISE, growth
from readings import INLINES

CELL = types.CellType("in a cell")
ALL_DICTS_ARE_TRACKED = sys.version_info >= (3, 14)


def traced(a, b=2, *c, d=4, **e):
    """Of its own: what is bound changes too often for a template to be kept."""
    f = g = h = i = j = k = a
    return f, g, h, i, j, k


def make_closure(free=CELL, *, other=(1,)):
    def closure(a, b, c, d):
        cell = e = f = [a]
        (lambda: (cell, b))
        unbound = g = h = i = 1
        del unbound
        return here(), free, other

    return closure


def generator(a, b, c=3, d=4):
    e = f = g = h = i = j = k = a
    yield e
    yield f, g


class MadeTest(FreshDictTestCase):
    def test_used_and_the_same(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.teach(many(1), way)
                frame = many(Thing(), e=5)
                answer, copied = ask(frame, way)
                self.assertTrue(copied)
                self.assertEqual(list(answer), [*"abcdefghijk"])
                self.assert_as_inserted(frame, answer)

    def test_inserting_is_told_apart(self):
        """The measure itself: the dict that is inserted into has tables of every size."""
        frame = another()(1)
        answers = [ask(frame) for _ in range(4)]
        self.assertEqual([answers[0][1], answers[-1][1]], [False, True])
        self.assertEqual(len({table(answer) for answer, _ in answers}), 1)

    def test_closure(self):
        frame = make_closure()(1, 2, 3, 4)[0]
        self.assertEqual(list(self.teach(frame)), list(templates.inserted(frame)))
        answer, copied = ask(make_closure(Thing())(1, 2, 3, 4)[0])
        self.assertTrue(copied)
        self.assertIsInstance(answer["free"], Thing)
        self.assertNotIn("unbound", answer)

    def test_at_entry(self):
        """Free variables in the closure still, and then copied; through the probe, whose templates are its own."""
        function, cell = make_closure(Thing()), object()
        orders = []
        for _ in range(6):
            ours, (_, free, other) = self.at_entry(
                function,
                lambda: function(1, cell, 3, 4),
                lambda raw: [probe.mapping(raw), probe.mapping(raw), probe.fast_to_locals(raw)[0]],
            )
            for answer in ours:
                self.assert_same_locals(answer, {"a": 1, "b": cell, "c": 3, "d": 4, "free": free, "other": other})
                orders.append(tuple(answer))
        self.assertEqual(len(set(orders)), 1, "the first was inserted")

    def test_generator(self):
        for stage in range(3):
            made = generator(Thing(), 2)
            for _ in range(stage):
                next(made)
            answers = [templates.mapping(made.gi_frame) for _ in range(5)]
            for answer in answers:
                self.assert_as_inserted(made.gi_frame, answer)
        self.assertTrue(ask(made.gi_frame)[1])

    def test_the_table(self):
        """Every kind of slot at every place, each asked often enough to learn from."""
        copies, questions = [], []

        def look():
            frame = sys._getframe(1)
            for way, read in WAYS.items():
                for _ in range(4):
                    answer = read(frame)
                    expected = exactly(answer), exactly(templates.inserted(frame))
                    self.assertEqual(*expected, (frame.f_code.co_qualname, frame.f_lineno))
                    questions.append(way)
                if table(answer) > fresh_dicts.SECOND:
                    copies.append(ask(frame, way)[1])
            templates.mapping(frame)

        locals_table.look = look
        for function in locals_table.TABLE:
            with self.subTest(function=function.__name__):
                function()
        self.assertIn(True, copies, "not one of them was made from a template")
        print(f"{len(questions)} answers, {sum(copies)} of {len(copies)} large ones copied", end=" ", flush=True)

    @unittest.skipUnless(INLINES, "comprehensions are inlined from 3.12 on")
    def test_a_name_in_two_slots(self):
        """The free variable has no value while the comprehension's variable has: 3.12 shows neither."""

        def outer(x="free"):
            def inner(before, inside):
                before(here())
                [inside(here()) for x in "ab"]
                return x

            inner(learn, ignore)
            del x
            with self.assertRaises(NameError):
                inner(ignore, compare)

        def ignore(frame):
            """Does not ask: the template stays what it is."""

        def learn(frame):
            for read in WAYS.values():
                for _ in range(3):
                    names = list(read(frame))
            self.assertEqual(names, ["before", "inside", "x"])

        def compare(frame):
            for way, read in WAYS.items():
                with self.subTest(way=way):
                    self.assertEqual(exactly(read(frame)), exactly(templates.inserted(frame)))

        outer()

    def test_traced(self):
        answers = []

        def trace(frame, event, argument):
            frame.f_trace_opcodes = True
            if frame.f_code is traced.__code__:
                answers.append(exactly(templates.mapping(frame)) == exactly(templates.inserted(frame)))
            return trace

        for _ in range(3):
            sys.settrace(trace)
            try:
                traced(1)
            finally:
                sys.settrace(None)
        self.assertGreater(len(answers), 50)
        self.assertEqual(set(answers), {True})

    def test_recursion(self):
        def check(frame, depth, below):
            answer = templates.mapping(frame)
            self.assert_as_inserted(frame, answer)
            self.assertEqual((answer["depth"], answer["below"]), (depth, below))

        def descend(depth, a, b=2, c=3, d=4, e=5):
            below = depth and descend(depth - 1, [a])
            check(here(), depth, below)
            return depth

        descend(60, 1)

    def test_one_code_in_several_functions(self):
        first, second = make_closure("first"), make_closure("second", other=Thing())
        self.assertIs(first.__code__, second.__code__)
        self.teach(first(1, 2, 3, 4)[0])
        for function, value in ((second, "second"), (first, "first"), (second, "second")):
            answer, copied = ask(function(1, 2, 3, 4)[0])
            self.assertTrue(copied)
            self.assertEqual(answer["free"], value)

    def test_namespaces_are_never_copied(self):
        namespace = {}
        code = compile("frames.append(here())\n" + "\n".join(f"name{i} = {i}" for i in range(20)), "body", "exec")
        frames = []
        exec(code, {"frames": frames, "here": here}, namespace)
        for _ in range(5):
            self.assertEqual(templates.mapping(frames[0]), {})


class OwnershipTest(FreshDictTestCase):
    def test_references(self):
        value, frame = Thing(), many(None)
        for way in WAYS:
            self.teach(frame, way)
            templates.mapping(frame)
            with_value = many(value)
            watched = [value, *many.__code__.co_varnames]
            nones, before = sys.getrefcount(None), [sys.getrefcount(item) for item in watched]
            answers = [WAYS[way](with_value) for _ in range(100)]
            templates.mapping(with_value)
            during = [sys.getrefcount(item) for item in watched]
            slots = sum(kept is value for kept in answers[0].values())
            self.assertEqual(slots, 7)
            self.assertEqual(during[0] - before[0], 100 * slots)
            del answers
            self.assertEqual([sys.getrefcount(item) for item in watched], before)
            # Others use None as well, but not so often.
            self.assertLess(abs(sys.getrefcount(None) - nones), 50)

    def test_nothing_is_left(self):
        frames = [many(None), many(Thing()), make_closure()(1, 2, 3, 4)[0]]
        for frame in frames:
            for way, read in WAYS.items():
                self.teach(frame, way)
                self.assertLess(growth(lambda: read(frame), 10_000), NOISE)

    def test_nothing_is_left_of_what_does_not_fit(self):
        """Copies that turn out to have other names, and templates that are forgotten."""

        def bound(first, a=1, b=2, c=3, d=4, e=5, f=6):
            if first:
                del b
            else:
                del f
            return here()

        def once():
            # Not another(): names are interned for ever.
            code = bound.__code__.replace(co_firstlineno=7)
            function = types.FunctionType(code, globals(), None, bound.__defaults__)
            for first in (True, True, True, False, False, True, True):
                templates.mapping(function(first))

        self.assertLess(growth(once, 300), NOISE)

    def test_values_live_as_long_as_the_dict(self):
        frame = many(Thing())
        self.teach(frame)
        answer, copied = ask(frame)
        died = weakref.ref(answer["a"])
        del frame
        gc.collect()
        self.assertTrue(copied)
        self.assertIs(died(), answer["k"])
        answer.clear()
        self.assertIsNone(died())

    def test_no_value_is_kept_by_the_template(self):
        for way in WAYS:
            value = Thing()
            died, frame = weakref.ref(value), another()(value)
            self.teach(frame, way)
            del value, frame
            self.assertIsNone(died())


class CollectedTest(FreshDictTestCase):
    def test_cycle_through_the_dict(self):
        for way in WAYS:
            self.teach(many(0), way)
            thing = Thing()
            answer, copied = ask(many(thing), way)
            self.assertTrue(copied)
            thing.answer, died = answer, weakref.ref(thing)
            del thing, answer
            self.assertIsNotNone(died())
            gc.collect()
            self.assertIsNone(died(), way)

    def test_seen_by_the_collector(self):
        def plain(a, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11):
            return here()

        self.teach(plain(0))
        for value, collectable in ((1, False), ("a", False), (Thing(), True), ([], True), ({}, True), (None, False)):
            answer, copied = ask(plain(value))
            self.assertTrue(copied)
            tracked = collectable or ALL_DICTS_ARE_TRACKED
            self.assertEqual(gc.is_tracked(answer), tracked, repr(value))
            self.assertEqual(gc.is_tracked(templates.inserted(plain(value))), tracked)
            answer["more"] = []
            self.assertTrue(gc.is_tracked(answer))
            gc.collect()

    def test_template_of_a_dict_with_cycles(self):
        """What it is learned from may be anything; the template holds none of it."""
        for value in (Thing(), 1):
            frame = another()(value)
            before = len(gc.get_objects())
            answer = self.teach(frame)
            known = [kept for kept in gc.get_objects() if type(kept) is dict and list(kept) == list(answer)]
            self.assertLessEqual(len(known), 1, "the collector must not see the template")
            del before, known


if __name__ == "__main__":
    unittest.main()
