"""Locals of running frames, compared with what the interpreter says of the same place.

Each function of the table runs once with a look() that asks the interpreter, and once for each way to ask the shim.
"""

import inspect
import sys
import types
import unittest

import locals_table
import probe
from locals_table import CELL, TABLE, duplicated_name
from readings import INLINES, WAYS, LocalsTestCase


def run(function, ask, *, also=lambda call: call()):
    """What ask(frame object) says at each place where the function calls look()."""
    answers = []

    def look():
        frame = sys._getframe(1)
        # At once: objects that the answers kept alive would change what the function does.
        answers.append((frame.f_code.co_name, {name: plain(value) for name, value in dict(ask(frame)).items()}))

    locals_table.look = look
    also(function)
    return answers


def plain(value):
    """What two runs of one function have in common: not the identity of functions, generators and the like."""
    if value is CELL or isinstance(value, (int, str, types.NoneType, types.ModuleType)):
        return value
    if type(value) in (list, tuple):
        return [plain(item) for item in value]
    return type(value).__name__


def interpreter(frame):
    return frame.f_locals


class RunningTest(LocalsTestCase):
    def check(self, function, also=lambda call: call()):
        expected = run(function, interpreter)
        self.assertTrue(expected)
        for way, read in WAYS.items():
            with self.subTest(function=function.__name__, way=way):
                answers = run(function, lambda frame: read(probe.frame_of(frame)), also=also)
                self.assertEqual(answers, expected)

    def test_table(self):
        for function in TABLE:
            self.check(function)

    def test_the_very_objects(self):
        for function in TABLE:

            def both(frame):
                for way, read in WAYS.items():
                    ours = dict(read(probe.frame_of(frame)))
                    with self.subTest(function=function.__name__, way=way):
                        self.assert_same_locals(ours, dict(frame.f_locals))
                return ()

            run(function, both)

    def test_traced(self):
        def trace(frame, event, argument):
            frame.f_trace_opcodes = True
            return trace

        def traced(call):
            sys.settrace(trace)
            try:
                call()
            finally:
                sys.settrace(None)

        for function in TABLE:
            self.check(function, also=traced)

    @unittest.skipUnless(INLINES, "sys.monitoring is there from 3.12 on")
    def test_monitored(self):
        monitoring = sys.monitoring
        events = monitoring.events

        def monitored(call):
            monitoring.use_tool_id(4, "test")
            for event in (events.LINE, events.INSTRUCTION, events.PY_START):
                monitoring.register_callback(4, event, lambda *_: None)
            monitoring.set_events(4, events.LINE | events.INSTRUCTION | events.PY_START)
            try:
                call()
            finally:
                monitoring.set_events(4, 0)
                monitoring.free_tool_id(4)

        for function in TABLE:
            self.check(function, also=monitored)

    def test_at_every_instruction(self):
        """At each opcode event, comprehensions half made and half undone included."""
        seen = []

        def trace(frame, event, argument):
            if frame.f_code.co_flags & inspect.CO_OPTIMIZED and frame.f_globals is vars(locals_table):
                frame.f_trace_opcodes = True
                ours = probe.mapping(probe.frame_of(frame))
                seen.append(frame)
                self.assert_same_locals(ours, dict(frame.f_locals))
            return trace

        for function in TABLE:
            run(function, lambda frame: ())  # defines look()
            with self.subTest(function=function.__name__):
                sys.settrace(trace)
                try:
                    function()
                finally:
                    sys.settrace(None)
        self.assertGreater(len(seen), 1000)

    def duplicated(self, places):
        """The answers at some of the places: before, inside and after the comprehension, and again without a value."""
        expected = run(duplicated_name, interpreter)
        self.assertEqual(len(expected), 6)
        for way, read in WAYS.items():
            with self.subTest(way=way):
                answers = run(duplicated_name, lambda frame: read(probe.frame_of(frame)))
                self.assertEqual([answers[i] for i in places], [expected[i] for i in places])

    def test_duplicated_name_outside_of_the_comprehension(self):
        self.duplicated((0, 2, 3, 5))

    def test_duplicated_name_inside_of_the_comprehension(self):
        self.duplicated((1, 4))


if __name__ == "__main__":
    unittest.main()
