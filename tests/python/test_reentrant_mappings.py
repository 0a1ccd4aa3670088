"""Mappings and keys whose own code changes the frame, or what it holds, while locals are written."""

import gc
import unittest
import weakref

import probe
from mappings import RECORDERS, WRITING, MappingTest, Recorder


class Value:
    pass


class Key(str):
    """A key that looks like a name, and acts when it is compared."""

    def __new__(cls, name, act=lambda: True):
        self = super().__new__(cls, name)
        self.act = act
        return self

    def __hash__(self):
        return str.__hash__(self)

    def __eq__(self, other):
        return self.act()


class ReentryTest(MappingTest):
    """Mappings that change the frame, or what it holds, while it is written to them."""

    def test_setitem_rebinds_the_cell_being_read(self):
        gone = []

        def make():
            free = Value()

            def function(a):
                return free

            def rebind():
                nonlocal free
                weakref.finalize(free, gone.append, len(gone))
                free = None
                gc.collect()

            return function, rebind

        for base in RECORDERS:

            class Rebinding(base):
                def __setitem__(self, name, value):
                    if name == "free":
                        rebind()
                        super().__setitem__(name, value)

            for read in WRITING.values():
                gone.clear()
                function, rebind = make()
                mapping = Rebinding()
                self.at_entry_with(mapping, function, (1,), read)
                self.assertEqual(gone, [])
                data = getattr(mapping, "data", mapping)
                self.assertIsInstance(dict.pop(data, "free"), Value)
                mapping.log.clear()
                gc.collect()
                self.assertEqual(gone, [0])

    def test_setitem_in_c_compares_first(self):
        """Nobody but the cell has a reference to the value when a key that it is compared with empties the cell."""
        gone = []

        def make():
            free = Value()

            def function(a):
                return free

            def empty():
                nonlocal free
                if free is not None:
                    weakref.finalize(free, gone.append, 1)
                free = None
                return False

            return function, empty

        class Defaults(dict):
            __setitem__ = dict.setdefault

        for way, read in WRITING.items():
            with self.subTest(way=way):
                gone.clear()
                function, empty = make()
                mapping = Defaults({Key("free", empty): 0})
                self.at_entry_with(mapping, function, (1,), read)
                self.assertEqual(gone, [])
                self.assertEqual([type(value) for value in mapping.values()], [int, int, Value])
                mapping.clear()
                self.assertEqual(gone, [1])

    def test_setitem_changes_what_comes_next(self):
        b = c = d = 0

        def function(a):
            return b, c, d

        class Changing(Recorder):
            def __setitem__(self, name, value):
                nonlocal b, c, d
                super().__setitem__(name, value)
                if name == "b":
                    del c
                    d = "changed"

        for read in WRITING.values():
            b = c = d = 0
            mapping = Changing(c=1)
            self.at_entry_with(mapping, function, (1,), read)
            self.assertEqual(mapping.data, {"a": 1, "b": 0, "d": "changed"})

    def test_setitem_replaces_the_mapping(self):
        def function(a, b):
            pass

        class Replaced(dict):
            def __setitem__(self, name, value):
                probe.set_f_locals(frame_at, other)
                super().__setitem__(name, value)

        for include_hidden in (False, True):
            other = {}
            counts = []

            def look(frame):
                nonlocal frame_at
                frame_at = frame
                mapping = Replaced()
                weakref.finalize(mapping, counts.append, 1)
                probe.set_f_locals(frame, mapping)
                del mapping
                answer = probe.get_locals(frame, include_hidden)[0]
                self.assertIsInstance(answer, Replaced)
                self.assertEqual(counts, [])
                return dict(answer)

            frame_at = None
            answer, _ = self.at_entry(function, lambda: function(1, 2), look)
            self.assertEqual((answer, other, counts), ({"a": 1, "b": 2}, {}, [1]))

    def test_setitem_asks_again(self):
        def function(a, b):
            return free

        free, depth = 1, 0

        class Asking(Recorder):
            def __setitem__(self, name, value):
                nonlocal depth
                super().__setitem__(name, value)
                if depth < 3:
                    depth += 1
                    flags.append(probe.fast_to_locals(frame_at)[1])

        def look(frame):
            nonlocal frame_at
            frame_at = frame
            probe.set_f_locals(frame, Asking())
            flags.append(probe.fast_to_locals(frame)[1])

        frame_at, flags = None, []
        self.assertEqual(self.at_entry(function, lambda: function(1, 2), look)[1], 1)
        self.assertEqual(flags, [0, 0, 0, 1])


class KeysTest(MappingTest):
    """A real dict whose keys have __eq__ and __hash__ of their own."""

    def setUp(self):
        super().setUp()

        def function(a, b):
            never = free

        free = 3
        self.function = function

    def test_equal_keys_are_the_names(self):
        for read in WRITING.values():
            key, other, unequal = Key("a"), Key("never"), Key("b", lambda: False)
            stored = {key: 0, other: 0, unequal: 0}
            self.assertIs(self.at_entry_with(stored, self.function, (1, 2), read), stored)
            self.assertEqual([(type(k), str(k), v) for k, v in stored.items()], [
                (Key, "a", 1), (Key, "b", 0), (str, "b", 2), (str, "free", 3)
            ])  # fmt: skip

    def test_errors_of_comparisons(self):
        def fail(error):
            raise error

        for read in WRITING.values():
            for name in ("a", "b", "never", "free"):
                stored = {Key(name, lambda: fail(ZeroDivisionError)): 0}
                self.at_entry_with(stored, self.function, (1, 2), lambda frame: self.assertRaises(ZeroDivisionError, read, frame))
            stored = {Key("never", lambda: fail(KeyError)): 0}
            self.at_entry_with(stored, self.function, (1, 2), read)
            self.assertEqual(len(stored), 4)
            stored = {Key("a", lambda: fail(KeyError)): 0}
            self.at_entry_with(stored, self.function, (1, 2), lambda frame: self.assertRaises(KeyError, read, frame))

    def test_comparison_changes_the_dict(self):
        for read in WRITING.values():
            stored = {}
            calls = []

            def clear_then_differ():
                calls.append(1)
                stored.clear()
                return False

            stored[Key("never", clear_then_differ)] = 0
            self.at_entry_with(stored, self.function, (1, 2), read)
            self.assertTrue(calls)
            self.assertEqual(stored, {"free": 3})

    def test_comparison_removes_the_key_first(self):
        for read in WRITING.values():
            stored, calls = {}, []

            def remove():
                calls.append(1)
                if len(calls) == 2:
                    stored.clear()
                return True

            stored[Key("never", remove)] = 0
            self.at_entry_with(stored, self.function, (1, 2), read)
            self.assertEqual(stored.get("free"), 3)
            self.assertNotIn("never", list(map(str, stored)))

    def test_comparison_rebinds_the_cell(self):
        gone = []

        def make():
            free = Value()

            def function(a):
                return free

            def rebind():
                nonlocal free
                if free is not None:
                    weakref.finalize(free, gone.append, 1)
                    free = None
                return True

            return function, rebind

        for read in WRITING.values():
            gone.clear()
            function, rebind = make()
            stored = {Key("free", rebind): 0}
            self.at_entry_with(stored, function, (1,), read)
            self.assertEqual(gone, [])
            self.assertEqual([type(value) for value in stored.values()], [Value, int])
            stored.clear()
            self.assertEqual(gone, [1])


if __name__ == "__main__":
    unittest.main()
