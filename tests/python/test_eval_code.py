"""Other code in a fresh frame's place: really other code, in frames of every kind, in place and through a shadow."""

import gc
import sys
import threading
import traceback
import types
import unittest
import weakref

import api
import probe
from hooking import ALWAYS_SHADOW, LOCALS_MERGED, NEVER_SHADOW, answered, call_with, everything
from leaks import NOISE, growth
from other_code import bigger, copied, with_more_stack
from replaceable import FUNCTIONS, attempt, cells, closure, deeper, generating_closure, generator, more_locals, plain, raising, two_free
from support import FrameTestCase

gone = []
WAYS = {"anywhere": 0, "in place": NEVER_SHADOW, "shadow": ALWAYS_SHADOW}


class EveryPair(FrameTestCase):
    def test_every_pair_in_every_way(self):
        for function in FUNCTIONS:
            for other in FUNCTIONS:
                free = len(other.__code__.co_freevars)
                own = other if free not in (0, len(function.__code__.co_freevars)) else None
                expected = attempt(lambda: other(1, 5, 6, c=7, d=8))
                for way, flags in WAYS.items():
                    with self.subTest(function=function.__name__, other=other.__name__, way=way):
                        found = attempt(lambda: call_with(function, other, 1, 5, 6, c=7, d=8, own=own, flags=flags))
                        self.assertEqual(found, expected)

    def test_with_the_other_function(self):
        for function in FUNCTIONS:
            for other in FUNCTIONS:
                expected = attempt(lambda: other(1))
                for way, flags in WAYS.items():
                    with self.subTest(function=function.__name__, other=other.__name__, way=way):
                        self.assertEqual(attempt(lambda: call_with(function, other, 1, own=other, flags=flags)), expected)

    def test_references_stay(self):
        for function in (plain, cells, closure, generator):
            for other in (more_locals, cells, closure, generator, raising):
                own = other if other is closure else None
                for way, flags in WAYS.items():
                    with self.subTest(function=function.__name__, other=other.__name__, way=way):
                        with answered(function, (other.__code__, own, flags)):
                            self.assertLess(growth(lambda: attempt(lambda: function(1)), 200), NOISE)

    def test_at_every_chunk_end(self):
        code, fits = with_more_stack(more_locals.__code__, 300), set()
        for levels in range(260):
            with self.subTest(levels=levels):
                self.assertEqual(deeper(levels, lambda: call_with(plain, code, 1)), more_locals(1))
                in_place = deeper(levels, lambda: attempt(lambda: call_with(plain, code, 1, flags=NEVER_SHADOW)))
                fits.add(in_place == more_locals(1))
        self.assertEqual(fits, {True, False})


class Kinds(FrameTestCase):
    def test_methods_and_super(self):
        class Base:
            def method(self, a):
                return "base", a

        class Derived(Base):
            def method(self, a):
                return "derived", super().method(a)

        for make in (copied, bigger, with_more_stack):
            for flags in WAYS.values():
                code = make(Derived.method.__code__)
                self.assertEqual(call_with(Derived.method, code, Derived(), 1, flags=flags), ("derived", ("base", 1)))

    def test_namespaces(self):
        for flags in WAYS.values():
            replaced = compile("value = 2; names = sorted(locals())", "<other>", "exec")
            code = compile("value = 1", "<own>", "exec")
            names = {"known": 1}
            with answered(code, (replaced, None, flags)):
                exec(code, names)
            self.assertEqual((names["value"], "known" in names["names"]), (2, True))

    def test_class_bodies(self):
        source = "class Body:\n    first = 1\n    def method(self): return __class__\n"
        code = compile(source, "<body>", "exec")
        (body,) = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        for make in (copied, with_more_stack):
            for flags in WAYS.values():
                names = {}
                with answered(body, (make(body), None, flags)) as seen:
                    exec(code, names)
                self.assertEqual(len(seen), 1)
                self.assertIs(names["Body"]().method(), names["Body"])

    def test_custom_mapping(self):
        class Mapping(dict):
            def __getitem__(self, name):
                return f"<{name}>" if name == "asked" else super().__getitem__(name)

        code = compile("answer = asked", "<custom>", "exec")
        for flags in WAYS.values():
            mapping = Mapping()
            with answered(code, (copied(code), None, flags)):
                exec(code, {}, mapping)
            self.assertEqual(mapping["answer"], "<asked>")

    def test_globals_follow_the_function(self):
        other = types.FunctionType(compile("def f(): return name", "<f>", "exec").co_consts[0], {"name": "theirs"})

        def function():
            return "own"

        self.assertEqual(call_with(function, other, own=other), "theirs")

    def test_generators_show_what_they_are(self):
        for function, other in ((generator, generating_closure), (plain, generator), (generator, bigger(generator.__code__))):
            code = getattr(other, "__code__", other)
            own = other if getattr(other, "__closure__", None) else None
            made = call_with(function, other, 1, own=own)
            self.assertIs(made.gi_code, code)
            self.assertIs(made.gi_frame.f_code, code)
            made.close()

    def test_a_generator_becomes_a_function(self):
        self.assertEqual(call_with(generator, plain, 1), plain(1))


class Frames(FrameTestCase):
    def test_code_that_looks_at_its_frame(self):
        def looks(a, b=2, *rest, c=3, **more):
            x = a
            frame = sys._getframe()
            return frame.f_code, frame.f_lineno, dict(frame.f_locals), frame.f_back.f_code, x

        def function(a, b=2, *rest, c=3, **more):
            own_name = a
            return own_name

        for flags in WAYS.values():
            code, line, names, back, _ = call_with(function, looks, 1, flags=flags)
            self.assertIs(code, looks.__code__)
            self.assertEqual(line, looks.__code__.co_firstlineno + 3)
            self.assertEqual(sorted(names), ["a", "b", "c", "frame", "more", "rest", "x"])
            self.assertIs(back, call_with.__code__)

    def test_frames_that_outlive(self):
        def keeps(a, b=2, *rest, c=3, **more):
            kept = [a]
            return sys._getframe(), kept

        for flags in WAYS.values():
            frame, kept = call_with(plain, keeps, 1, own=keeps, flags=flags)
            gc.collect()
            self.assertEqual(frame.f_locals["kept"], [1])
            self.assertIs(frame.f_code, keeps.__code__)
            frame.clear()

    def test_tracebacks(self):
        for flags in WAYS.values():
            try:
                call_with(plain, raising, 1, flags=flags)
            except LookupError as error:
                names = [entry.name for entry in traceback.extract_tb(error.__traceback__)]
            self.assertEqual(names[-1], "raising")

    def test_merged_locals_are_dropped(self):
        def function(old_name):
            return old_name

        def other(new_name):
            x = 1  # noqa: F841
            return sorted(locals())

        for way, flags in WAYS.items():
            with self.subTest(way=way):

                def answer(frame):
                    probe.fast_to_locals(frame)
                    return other.__code__, None, flags | LOCALS_MERGED

                with answered(function, answer):
                    self.assertEqual(function(1), ["new_name", "x"])

    def test_free_variables_copied_before(self):
        def answer(frame):
            probe.fast_to_locals(frame)
            return code, own, flags | LOCALS_MERGED

        for code, own in (
            (bigger(closure.__code__), None),
            (two_free.__code__, two_free),
            (plain.__code__, None),
            (copied(closure.__code__), None),
        ):
            for flags in WAYS.values():
                expected = two_free(1) if own else plain(1) if code is plain.__code__ else closure(1)
                with answered(closure, answer):
                    self.assertEqual(closure(1), expected)
                    self.assertLess(growth(lambda: closure(1), 200), NOISE)

    def test_shared_frame_object(self):
        # A client may have made an object for the frame: it goes on to show the frame's own code.
        def function(a):
            return a

        def other(a):
            b = [a]
            return b

        for make in (lambda frame: (other.__code__,), lambda frame: (with_more_stack(other.__code__), None)):
            kept = []

            def answer(frame):
                kept.append(probe.make_frame_object(frame))
                return make(frame)

            with answered(function, answer):
                self.assertEqual(function(7), [7])
            self.assertEqual([frame.f_code for frame in kept], [function.__code__])

    def test_last_reference_to_the_code(self):
        # The callback gives the function other code, so that the frame's own is held by the frame alone.
        gone.clear()

        def make():
            namespace = {"gone": gone}
            exec("def function(a):\n    return a\n", namespace)
            return namespace["function"]

        def other(a):
            return gone[:], a

        function = make()
        code = function.__code__
        watcher = weakref.ref(code, lambda ref: gone.append("gone"))

        def callback(frame):
            if api.code(frame).co_filename == "<string>" and api.code(frame).co_name == "function":
                function.__code__ = other.__code__
                return (other.__code__,)

        hook = api.install(callback)
        try:
            del code
            self.assertEqual(function(1), (["gone"], 1))
        finally:
            api.remove(hook)
        self.assertIsNone(watcher())


class Limits(FrameTestCase):
    def test_recursion(self):
        def recursive(n):
            return recursive(n + 1)

        for make in (copied, bigger):
            for flags in (0, ALWAYS_SHADOW):
                code = make(recursive.__code__)
                with answered(recursive, (code, None, flags)) as seen:
                    for _ in range(3):
                        with self.assertRaises(RecursionError):
                            recursive(0)
                self.assertGreater(len(seen), 500)

    def test_no_room_in_place(self):
        def recursive(n):
            return recursive(n + 1)

        with answered(recursive, (bigger(recursive.__code__), None, NEVER_SHADOW)):
            with self.assertRaisesRegex(SystemError, "a shadow frame is not allowed"):
                recursive(0)

    def test_threads(self):
        results = []

        def work():
            for _ in range(200):
                results.append(plain(1))

        with answered(plain, (more_locals.__code__,)):
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(results), 800)
        self.assertTrue(all(result[0] in ("more locals", "plain") for result in results))
        self.assertGreater(sum(result == more_locals(1) for result in results), 100)

    def test_collection_at_every_allocation(self):
        threshold = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for function in FUNCTIONS:
                for other in (cells, generator, more_locals):
                    expected = attempt(lambda: other(1))
                    self.assertEqual(attempt(lambda: call_with(function, other, 1)), expected)
        finally:
            gc.set_threshold(*threshold)

    def test_under_tracers(self):
        events = []

        def tracer(frame, event, argument):
            if frame.f_code in (plain.__code__, more_locals.__code__):
                events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
            return tracer

        for install, uninstall in ((sys.settrace, sys.settrace), (sys.setprofile, sys.setprofile)):
            runs = []
            for call in (
                lambda: more_locals(1),
                lambda: call_with(plain, more_locals, 1),
                lambda: call_with(plain, more_locals, 1, flags=ALWAYS_SHADOW),
            ):
                events.clear()
                install(tracer)
                try:
                    call()
                finally:
                    uninstall(None)
                runs.append(list(events))
            self.assertGreater(len(runs[0]), 1)
            self.assertEqual(runs, [runs[0]] * 3)

    @unittest.skipUnless(hasattr(sys, "monitoring"), "sys.monitoring is new in 3.12")
    def test_monitoring(self):
        seen = []
        monitoring = sys.monitoring
        monitoring.use_tool_id(3, "test")
        monitoring.register_callback(3, monitoring.events.PY_RETURN, lambda code, offset, value: seen.append(code.co_name))
        try:
            monitoring.set_local_events(3, more_locals.__code__, monitoring.events.PY_RETURN)
            call_with(plain, more_locals, 1)
        finally:
            monitoring.set_local_events(3, more_locals.__code__, 0)
            monitoring.free_tool_id(3)
        self.assertEqual(seen, ["more_locals"])


class Everything(FrameTestCase):
    def test_everything_counts(self):
        for make in (None, copied, bigger, with_more_stack):
            for flags in (0, ALWAYS_SHADOW):
                with everything(make, flags) as counts:
                    results = [attempt(lambda: function(1)) for function in FUNCTIONS]
                self.assertEqual(results, [attempt(lambda: function(1)) for function in FUNCTIONS])
                self.assertGreater(counts["taken_over"], 20)
                self.assertEqual(counts["refused"], 0)


if __name__ == "__main__":
    unittest.main()
