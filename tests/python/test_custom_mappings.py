"""Frames whose f_locals is not a plain dict: what is done to it, and what its errors do."""

import collections
import sys
import unittest

import probe
from mappings import RECORDERS, WRITING, MappingTest, Minimal, Recorder, RecorderDict
from readings import INLINES, MERGES, PROXIES


class OperationsTest(MappingTest):
    def arguments_and_cells(self):
        free = cleared = 3

        def function(a, cell):
            never = empty = 0
            lambda: (cell, free, cleared, empty)

        del cleared
        return function

    def expected(self, function):
        code = function.__code__
        values = {"a": 1, "cell": 2, "free": 3}
        names = *code.co_varnames, *(n for n in code.co_cellvars if n not in code.co_varnames), *code.co_freevars
        return [("set", name, values[name]) if name in values else ("del", name) for name in names]

    def test_each_name_once_in_the_order_of_the_slots(self):
        function = self.arguments_and_cells()
        expected = self.expected(function)
        self.assertEqual(len(expected), 6)
        for kind in RECORDERS:
            for way, read in WRITING.items():
                mapping = kind(other=0, never=1, cleared=2)
                with self.subTest(kind=kind.__name__, way=way):
                    self.assertIs(self.at_entry_with(mapping, function, (1, 2), read), mapping)
                    self.assertEqual(mapping.log, expected)
                    data = getattr(mapping, "data", mapping)
                    self.assertEqual(data, {"other": 0, "a": 1, "cell": 2, "free": 3})

    @unittest.skipIf(PROXIES, "from 3.13 on frame.f_locals writes to no mapping")
    def test_same_operations_as_the_interpreter(self):
        def function():
            a, b = 1, 2
            del b
            lambda: c
            look()
            c = 3
            look()
            del c
            look()
            never = 0

        def run(ask):
            nonlocal look
            mapping = kind(other=0, b=0, c=0)

            def look():
                ask(sys._getframe(1))

            exec(code, {}, mapping, closure=function.__closure__)
            return mapping.log

        look = None
        code = function.__code__
        for kind in RECORDERS:
            theirs = run(lambda frame: frame.f_locals)
            self.assertGreater(len(theirs), 12)
            for way, read in WRITING.items():
                with self.subTest(kind=kind.__name__, way=way):
                    ours = run(lambda frame: read(probe.frame_of(frame)))
                    self.assertEqual(plain(ours), plain(theirs))

    def test_exec_with_a_mapping(self):
        def look():
            frame = sys._getframe(1)
            if frame.f_code is code:
                frame = probe.frame_of(frame)
                answers.extend(read(frame) for way, read in WRITING.items() if way != "get_locals with hidden")

        code = compile("y = [look() for z in 'a'] and x\nlook()", "source", "exec")
        for kind in (Recorder, RecorderDict, collections.OrderedDict, collections.ChainMap, Minimal):
            mapping, answers = kind(), []
            mapping["x"] = "given"
            exec(code, {"look": look}, mapping)
            with self.subTest(kind=kind.__name__):
                self.assertEqual(len(answers), 6 if INLINES else 3)
                self.assertTrue(all(answer is mapping for answer in answers))
                self.assertEqual(dict(getattr(mapping, "data", mapping)), {"x": "given", "y": "given"})

    def test_prepared_namespace(self):
        """A class body whose __class__ cell is empty: up to 3.12 the name is removed, which the namespace may not know."""
        for kind in (Recorder, RecorderDict):
            made = []

            class Meta(type):
                @classmethod
                def __prepare__(cls, name, bases):
                    made.append(kind())
                    return made[-1]

                def __new__(cls, name, bases, namespace):
                    return type.__new__(cls, name, bases, dict(namespace))

            for read in WRITING.values():

                class Body(metaclass=Meta):
                    a = 1
                    made[-1].log.clear()
                    read(probe.frame_of(sys._getframe()))
                    log = list(made[-1].log)

                    def method(self):
                        return __class__

                writes = [entry for entry in Body.log if entry[0] != "get"]
                self.assertEqual(writes, [("del", "__class__")] if MERGES else [])
                self.assertEqual((Body.a, Body().method()), (1, Body))


def plain(log):
    return [(*operation[:2], *(value for value in operation[2:] if isinstance(value, int))) for operation in log]


class ErrorTest(MappingTest):
    def function(self):
        def function(a, b):
            never, too = 0, 0

        return function

    def outcome(self, mapping):
        """The flag, the exception, and what was logged, for each way alike."""
        answers = []
        for way, read in WRITING.items():
            mapping.log.clear()

            def look(frame):
                try:
                    read(frame)
                except BaseException as error:
                    return error

            error = self.at_entry_with(mapping, self.function(), (1, 2), look)
            answers.append((type(error), [operation[:2] for operation in mapping.log]))
        self.assertEqual(answers, answers[:1] * len(answers))
        return answers[0]

    def mapping(self, base, setting=None, deleting=None):
        class Raising(base):
            def __setitem__(self, name, value):
                super().__setitem__(name, value)
                if setting and name == "b":
                    raise setting

            def __delitem__(self, name):
                if deleting:
                    self.log.append(("del", name))
                    raise deleting
                super().__delitem__(name)

        return Raising()

    def test_error_of_a_deletion(self):
        class Custom(KeyError):
            pass

        every = [("set", "a"), ("set", "b"), ("del", "never"), ("del", "too")]
        for base in RECORDERS:
            for error in (None, KeyError("never"), Custom("never")):
                self.assertEqual(self.outcome(self.mapping(base, deleting=error)), (type(None), every))
            for error in (ValueError(), LookupError(), IndexError(), KeyboardInterrupt(), MemoryError()):
                self.assertEqual(self.outcome(self.mapping(base, deleting=error)), (type(error), every[:3]))

    def test_error_of_an_assignment(self):
        for base in RECORDERS:
            for error in (ValueError(), KeyError("b"), StopIteration()):
                outcome = self.outcome(self.mapping(base, setting=error))
                self.assertEqual(outcome, (type(error), [("set", "a"), ("set", "b")]))

    def test_errors_leave_the_call_to_go_on(self):
        free = object()

        def function(a, b):
            return a, b, free

        def look(frame):
            mapping = self.mapping(Recorder, setting=KeyError("b"))
            probe.set_f_locals(frame, mapping)
            with self.assertRaises(KeyError):
                probe.fast_to_locals(frame)
            return mapping.data

        ours, result = self.at_entry(function, lambda: function(1, 2), look)
        self.assertEqual(ours, {"a": 1, "b": 2})
        self.assertEqual(result, (1, 2, free))

    def test_object_that_is_no_mapping(self):
        for value in (object(), 1, (), []):
            for way, read in WRITING.items():
                with self.subTest(value=value, way=way):
                    self.at_entry_with(value, self.function(), (1, 2), lambda frame: self.assertRaises(TypeError, read, frame))

    @unittest.skipUnless(INLINES, "nothing is hidden before 3.12")
    def test_error_of_the_merge_with_hidden_locals(self):
        class BadKeys(Recorder):
            def keys(self):
                raise ZeroDivisionError

        class BadGet(Recorder):
            def __getitem__(self, name):
                raise KeyError(name) if name != "x" else IndexError(name)

        for kind, expected in ((Minimal, AttributeError), (BadKeys, ZeroDivisionError), (BadGet, IndexError)):
            mapping, seen = kind(x=1), []

            def look():
                frame = probe.frame_of(sys._getframe(1))
                self.assertIs(probe.get_locals(frame, False)[0], mapping)
                with self.assertRaises(expected):
                    probe.get_locals(frame, True)
                seen.append(1)

            with self.subTest(kind=kind.__name__):
                exec("[look() for y in 'a']", {"look": look}, mapping)
                self.assertEqual(seen, [1])


if __name__ == "__main__":
    unittest.main()
