"""get_framelocals_mapping leaves the frame as it is, and shares nothing with it but the values."""

import gc
import sys
import types
import unittest

import probe
from readings import INLINES, WAYS, LocalsTestCase, frame_here
from support import EMPTY, LENDS_ARGUMENTS, slots

CELL = types.CellType("in a cell")


def make_function():
    free, other = object(), object()

    def function(a, b=CELL, *c, d=(), **e):
        f = 1
        return (lambda: (a, e)), free, other, f

    return function


class UntouchedTest(LocalsTestCase):
    def state(self, frame):
        info = probe.info(frame)
        info["slots"] = [value if value is EMPTY else id(value[0]) for value in info["slots"]]
        for name in ("code", "function", "frame_object", "f_locals"):
            info[name] = id(info[name])
        return info

    def test_at_entry(self):
        function = make_function()
        watched = function, function.__code__, CELL, *function.__closure__, function.__defaults__

        def look(frame):
            held = [value[0] for value in slots(frame) if value is not EMPTY]
            watched_here = [*watched, *held]
            state, counts = self.state(frame), [sys.getrefcount(item) for item in watched_here]
            for _ in range(100):
                probe.mapping(frame)
            self.assertEqual(self.state(frame), state)
            self.assertEqual([sys.getrefcount(item) for item in watched_here], counts)
            self.assertIsNone(probe.info(frame)["f_locals"])
            return probe.mapping(frame)

        ours, (get, *rest) = self.at_entry(function, lambda: function(1, x=2), look)
        self.assertEqual(list(ours), ["a", "b", "d", "c", "e", "free", "other"])
        self.assertEqual(get(), (1, {"x": 2}))
        self.assertIs(rest[0], ours["free"])

    def assert_untouched(self, frame):
        before = self.state(frame)
        for _ in range(10):
            ours = probe.mapping(frame)
        self.assertEqual(self.state(frame), before)
        return ours

    def test_running(self):
        def running(a, b):
            self.assertIs(self.assert_untouched(frame_here())["b"], CELL)
            return lambda: (a, b)

        self.assertEqual(running(1, CELL)(), (1, CELL))

    def test_generator_created_suspended_and_running(self):
        def generator(a, b):
            yield lambda: (a, b)
            yield [self.assert_untouched(frame_here())["b"], (yield b)]

        made = generator(1, CELL)
        frame = probe.generator_frame(made)
        answers = []
        for _ in range(3):
            self.assertIs(self.assert_untouched(frame)["b"], CELL)
            answers.append(next(made))
        self.assertEqual((answers[0](), answers[1:]), ((1, CELL), [CELL, [CELL, None]]))

    def test_fresh_dict_that_is_the_callers(self):
        def look(frame):
            first, second = probe.mapping(frame), probe.mapping(frame)
            self.assertIsNot(first, second)
            self.assertEqual(sys.getrefcount(first), 2 - LENDS_ARGUMENTS)
            first["a"] = first["new"] = "changed"
            return second, probe.mapping(frame)

        function = make_function()
        (second, third), (get, *_) = self.at_entry(function, lambda: function(1), look)
        self.assertEqual(second, third)
        self.assertEqual(get()[0], 1)

    def test_stored_mapping_is_not_looked_at(self):
        class Closed(dict):
            def refuse(self, *_):
                raise AssertionError("must not be used")

            __getitem__ = __setitem__ = __delitem__ = __contains__ = keys = refuse

        def look(frame):
            probe.set_f_locals(frame, Closed(a=0))
            return probe.mapping(frame)

        function = make_function()
        ours, _ = self.at_entry(function, lambda: function(1), look)
        self.assertEqual(ours["a"], 1)


class DeadFrameTest(LocalsTestCase):
    """Frames of functions that have returned, whose data lives in the frame object."""

    def dead(self):
        free = object()

        def function(a, b=CELL):
            c = free
            del b
            result = sys._getframe()
            lambda: (a, c)
            return result

        return function(1)

    def test_returned(self):
        for way, read in WAYS.items():
            frame = self.dead()
            with self.subTest(way=way):
                ours = dict(read(probe.frame_of(frame)))
                self.assert_same_locals(ours, dict(frame.f_locals))
                self.assertEqual(list(ours), ["a", "result", "c", "free"])
                frame.clear()

    def test_cleared(self):
        for way, read in WAYS.items():
            frame = self.dead()
            frame.clear()
            with self.subTest(way=way):
                self.assertEqual(probe.info(probe.frame_of(frame))["stacktop"], 0)
                self.assertEqual(dict(read(probe.frame_of(frame))), {})
                self.assertEqual(dict(frame.f_locals), {})

    def test_cleared_with_a_stored_mapping(self):
        for way, read in WAYS.items():
            frame = self.dead()
            stored = {"a": 1, "free": 2, "c": 3, "other": 4}
            frame.clear()
            probe.set_f_locals(probe.frame_of(frame), stored)
            with self.subTest(way=way):
                ours = read(probe.frame_of(frame))
                self.assertEqual(ours, {} if way == "mapping" else {"other": 4})
                self.assertEqual(len(stored), 4 if way == "mapping" else 1)
                self.assertEqual(probe.copied_flag(probe.frame_of(frame), 7), (7, None))

    def test_in_a_traceback(self):
        def fails(a, *b):
            c = a
            lambda: b
            raise ValueError(c)

        for way, read in WAYS.items():
            with self.subTest(way=way):
                try:
                    fails(1, 2)
                except ValueError as error:
                    frame = error.__traceback__.tb_next.tb_frame
                self.assertEqual(dict(read(probe.frame_of(frame))), {"a": 1, "b": (2,), "c": 1})
                self.assert_same_locals(dict(read(probe.frame_of(frame))), dict(frame.f_locals))


MANY = 300
MANY_CELLS = {}
exec(
    "def make(free):\n def many({0}):\n  free\n  return lambda: ({0})\n return many".format(", ".join(f"a{i}" for i in range(MANY))),
    MANY_CELLS,
)


class PrefixTest(LocalsTestCase):
    """A frame in the middle of its MAKE_CELL instructions, seen by a finalizer that an allocation there runs."""

    @unittest.skipIf(INLINES, "from 3.12 on the collector runs between instructions only")
    def test_some_cells_made(self):
        many = MANY_CELLS["make"]("free")
        arguments = [types.CellType(i) for i in range(MANY)]
        expected = dict(zip((f"a{i}" for i in range(MANY)), arguments), free="free")
        seen = {}

        def find(frame):
            for _ in range(6):
                if frame == 0:
                    return None
                info = probe.info(frame)
                if info["code"] is many.__code__:
                    return frame if info["incomplete"] else None
                frame = info["previous"]

        class Finalized:
            def __del__(self):
                frame = find(probe.current_frame())
                if frame:
                    unit = probe.info(frame)["unit"]
                    seen[unit] = [dict(read(frame)) for read in WAYS.values()], probe.copied_flag(frame, 7)

        def collect_after(allocations):
            garbage = Finalized()
            garbage.itself = garbage
            del garbage
            gc.set_threshold(gc.get_count()[0] + allocations)
            many(*arguments)

        threshold = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *threshold)
        for allocations in range(1, MANY, 7):
            gc.collect()
            collect_after(allocations)
        gc.set_threshold(*threshold)

        self.assertGreater(len(seen), 20)
        self.assertGreater(max(seen), 260, "an EXTENDED_ARG must have been passed")
        for unit, (answers, flag) in seen.items():
            with self.subTest(unit=unit):
                self.assertEqual(flag, (7, None))
                for answer in answers:
                    self.assert_same_locals(answer, expected)


if __name__ == "__main__":
    unittest.main()
