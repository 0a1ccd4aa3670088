"""The functions that look at a frame, on frames of every kind, compared with what the probe reads and Python knows."""

import asyncio
import sys
import threading
import unittest

import api
import probe
from hooking import answered
from support import FRAME_OBJECT, GENERATOR, THREAD, FrameTestCase

UNBOUND = ...
ARGUMENT, CELL, FREE, HIDDEN = 1, 2, 4, 8
INTERPRETER, NONE = 3, 4


def here(depth=1):
    return api.from_frame_object(sys._getframe(depth))


class FreshFrame(FrameTestCase):
    """The frame that a hook is given."""

    def asked(self, function, question, *arguments):
        found = []
        with answered(function, lambda frame: found.append(question(frame))):
            function(*arguments)
        return found[0]

    def test_every_function(self):
        free = object()

        def function(a, *rest, b=2, **more):
            local = free, (lambda: a)
            return local

        def question(frame):
            slots = [api.slot(frame, number) for number in range(api.count_slots(frame))]
            return {
                "code": api.code(frame),
                "function": api.function(frame),
                "globals": api.globals(frame),
                "builtins": api.builtins(frame),
                "namespace": api.namespace(frame),
                "lasti": api.lasti(frame),
                "line": api.line(frame),
                "owner": api.owner(frame),
                "fresh": (api.is_fresh(frame), api.is_fresh(frame, 1)),
                "complete": api.is_complete(frame),
                "caller": api.code(api.previous(frame)),
                "generator": api.generator(frame),
                "slots": {name: (kind, value, cell) for name, kind, value, cell in slots},
                "values": api.values(frame),
                "few": api.values(frame, 2),
                "none": api.values(frame, 0),
                "locals": api.get_locals(frame),
                "without free": api.get_locals(frame, 2),
                "arguments": api.get_locals(frame, 4),
                "depth": api.stack_depth(frame),
                "pointer": probe.info(frame)["unit"],
            }

        found = self.asked(function, question, 1, 5)
        bound = {"a": 1, "b": 2, "rest": (5,), "more": {}}
        cell = function.__closure__[0]
        self.assertIs(found["code"], function.__code__)
        self.assertIs(found["function"], function)
        self.assertIs(found["globals"], globals())
        self.assertIs(found["builtins"], function.__builtins__)
        self.assertIsNone(found["namespace"])
        self.assertEqual((found["lasti"], found["line"]), (-1, function.__code__.co_firstlineno))
        self.assertEqual((found["owner"], found["fresh"], found["complete"]), (THREAD, (1, 0), 0))
        self.assertIs(found["caller"], FreshFrame.asked.__code__)
        self.assertIsNone(found["generator"])
        self.assertEqual(found["slots"]["a"], (ARGUMENT | CELL, 1, UNBOUND))
        self.assertEqual(found["slots"]["b"], (ARGUMENT, 2, UNBOUND))
        self.assertEqual(found["slots"]["local"], (0, UNBOUND, UNBOUND))
        self.assertEqual(found["slots"]["free"], (FREE, free, cell))
        self.assertEqual(found["values"][1], [value for _, value, _ in found["slots"].values()])
        self.assertEqual(found["few"], (len(found["slots"]), found["values"][1][:2]))
        self.assertEqual(found["none"], (len(found["slots"]), []))
        self.assertEqual(found["locals"], {**bound, "free": free})
        self.assertEqual(found["without free"], bound)
        self.assertEqual(found["arguments"], bound)
        self.assertEqual(found["depth"], 0)

    def test_fresh_until_it_runs(self):
        # The hook has copied the free variables: the frame stands behind COPY_FREE_VARS.
        free = object()

        def function():
            return free

        def question(frame):
            before = api.is_fresh(frame)
            probe.fast_to_locals(frame)
            return before, api.is_fresh(frame), api.can_eval_code(frame, function.__code__)[0]

        self.assertEqual(self.asked(function, question), (1, 1, 0))
        self.assertEqual(api.is_fresh(here()), 0)
        self.assertEqual(api.is_fresh(here(2)), 0)

    def test_no_frame_object_before_resume(self):
        def function():
            pass

        def question(frame):
            with self.assertRaises(RuntimeError) as caught:
                api.frame_object(frame)
            return str(caught.exception)

        self.assertIn("first RESUME", self.asked(function, question))

    def test_namespaces(self):
        found = []

        def callback(frame):
            if api.code(frame).co_name == "Body" or api.code(frame).co_filename == "<namespace>":
                found.append((api.namespace(frame), api.get_locals(frame), api.get_locals(frame, 4), api.is_fresh(frame)))

        hook = api.install(callback)
        try:

            class Body:
                value = 1

            names = {"known": 7}
            exec(compile("other = known", "<namespace>", "exec"), names)
        finally:
            api.remove(hook)
        (body, body_locals, arguments, fresh), (namespace, namespace_locals, *_) = found
        self.assertEqual((body["__module__"], body["__qualname__"]), (__name__, Body.__qualname__))
        self.assertEqual((arguments, fresh), ({}, 1))
        self.assertEqual(body_locals, {})
        self.assertIs(namespace, names)
        self.assertEqual(namespace_locals["known"], 7)
        self.assertIsNot(namespace_locals, names)


class RunningFrame(FrameTestCase):
    def test_own_frame(self):
        unbound = 1
        captured = 2
        del unbound
        frame = here()
        own = sys._getframe()
        self.assertIs(api.code(frame), own.f_code)
        self.assertIs(api.frame_object(frame), own)
        self.assertEqual(api.previous(frame), api.from_frame_object(own.f_back))
        self.assertEqual(api.current_frame(None), frame)
        self.assertEqual((api.owner(frame), api.is_complete(frame), api.is_fresh(frame)), (THREAD, 1, 0))
        # In one line: both are read while it runs.
        self.assertEqual(api.line(frame), own.f_lineno)
        self.assertEqual(api.get_locals(frame), dict(locals()))
        self.assertEqual((lambda: captured)(), 2)
        with self.assertRaisesRegex(RuntimeError, "a frame that runs"):
            api.stack_depth(frame)

    def test_lasti_is_of_the_call(self):
        def function():
            frame = here()
            return api.lasti(frame), sys._getframe().f_lasti

        ours, theirs = function()
        self.assertGreater(ours, 0)
        self.assertLess(ours, theirs)
        self.assertEqual(ours % 2, 0)

    def test_all_frames_of_the_thread(self):
        frame, expected, found = here(), sys._getframe(), []
        while frame is not None:
            found.append(api.code(frame))
            self.assertEqual(api.is_complete(frame), 1)
            frame = api.previous(frame)
        codes = []
        while expected is not None:
            codes.append(expected.f_code)
            expected = expected.f_back
        self.assertEqual(found, codes)

    def test_entry_frames(self):
        entries = 0
        frame = probe.current_frame()
        while frame:
            if api.owner(frame) == INTERPRETER:
                entries += 1
                self.assertEqual([api.code(frame), api.function(frame), api.globals(frame), api.lasti(frame)], [None, None, None, -1])
                with self.assertRaises(SystemError):
                    api.get_locals(frame)
                with self.assertRaises(RuntimeError):
                    api.frame_object(frame)
            frame = probe.info(frame)["previous"] if api.owner(frame) != INTERPRETER else 0
        self.assertEqual(entries, 1 if sys.version_info >= (3, 12) else 0)

    def test_data_stack(self):
        def inner():
            return api.place(here()), api.place(here(2))

        (chunk, word, words, room), (outer_chunk, outer_word, outer_words, _) = inner()
        self.assertEqual(chunk, outer_chunk)
        self.assertGreaterEqual(word, outer_word + outer_words)
        self.assertLess(word + words, room)
        self.assertIsNone(api.place(api.from_generator(value for value in ())))


def suspended(argument):
    kept = [argument]
    received = yield (lambda: kept)
    yield received


class Generators(FrameTestCase):
    def test_through_its_life(self):
        generator = suspended(1)
        frame = api.from_generator(generator)
        self.assertEqual(frame, probe.generator_frame(generator))
        states = [(api.owner(frame), api.is_fresh(frame), api.previous(frame), api.stack_depth(frame))]
        created = api.lasti(frame)
        next(generator)
        states.append((api.owner(frame), api.is_fresh(frame), api.previous(frame), api.stack_depth(frame)))
        self.assertEqual(states, [(GENERATOR, 0, None, 0)] * 2)
        self.assertGreater(api.lasti(frame), created)
        self.assertIs(api.generator(frame), generator)
        self.assertEqual(api.get_locals(frame), {"argument": 1, "kept": [1]})
        number = suspended.__code__.co_varnames.index("argument")
        self.assertEqual(api.slot(frame, number), ("argument", ARGUMENT, 1, UNBOUND))
        generator.close()
        self.assertIsNone(api.from_generator(generator))

    def test_lasti_is_the_same_on_every_minor(self):
        import dis

        generator = suspended(1)
        frame = api.from_generator(generator)
        at = {instruction.offset: instruction.opname for instruction in dis.get_instructions(suspended)}
        self.assertEqual(at[api.lasti(frame)], "RETURN_GENERATOR")
        next(generator)
        self.assertEqual(at[api.lasti(frame)], "YIELD_VALUE")

    def test_value_stack(self):
        def generator(items):
            for item in items:
                yield item

        kept = generator([1, 2, 3])
        next(kept)
        frame = api.from_generator(kept)
        depth = api.stack_depth(frame)
        if sys.version_info >= (3, 15):
            # The list itself, and where the loop stands in it: a number that is no object.
            self.assertEqual((depth, api.stack_item(frame, 0), api.stack_item(frame, 1)), (2, [1, 2, 3], ...))
        else:
            self.assertEqual((depth, type(api.stack_item(frame, 0)).__name__), (1, "list_iterator"))
        for index in (depth, -1, 1000):
            with self.assertRaises(IndexError):
                api.stack_item(frame, index)

    def test_resumed_under_a_hook(self):
        seen = []

        def callback(frame):
            if api.code(frame) is suspended.__code__ and api.owner(frame) == GENERATOR:
                seen.append((api.code(api.last_caller()), api.is_fresh(frame), api.can_eval_code(frame, suspended.__code__)[0]))

        generator = suspended(1)
        hook = api.install(callback)
        try:
            next(generator)
        finally:
            api.remove(hook)
        self.assertEqual(seen, [(sys._getframe().f_code, 0, 3)])

    def test_coroutines(self):
        async def coroutine():
            return api.owner(here()), api.generator(here())

        async def asynchronous():
            yield 1

        made = coroutine()
        self.assertIs(api.generator(api.from_generator(made)), made)
        self.assertEqual(asyncio.run(made), (GENERATOR, made))
        made = asynchronous()
        self.assertIs(api.code(api.from_generator(made)), asynchronous.__code__)


class OtherThreads(FrameTestCase):
    def test_callers_in_another_thread(self):
        # A hook's fresh frame, and a generator that runs, asked about by a thread that has neither.
        inside, leave, frames = threading.Event(), threading.Event(), []

        def function():
            return 1

        def waits(frame):
            frames.append(frame)
            inside.set()
            leave.wait()

        def running():
            frames.append(here())
            yield function()

        def work():
            next(running())

        with answered(function, waits):
            thread = threading.Thread(target=work)
            thread.start()
            inside.wait()
            try:
                generator, fresh = frames
                self.assertIs(api.code(api.previous(fresh)), running.__code__)
                self.assertIs(api.code(api.previous(generator)), work.__code__)
                self.assertEqual((api.is_fresh(fresh), api.can_eval_code(fresh, function.__code__)[0]), (0, 1))
            finally:
                leave.set()
                thread.join()

    def test_a_generator_that_is_closed_from_outside(self):
        asked = []

        def inner():
            try:
                yield 1
            finally:
                frame = api.from_generator(made)
                asked.append(api.previous(frame) and api.code(api.previous(frame)))

        def outer():
            yield from inner()

        made = outer()
        next(made)
        made.close()
        self.assertEqual(asked, [None])


class FinishedFrame(FrameTestCase):
    def test_frame_object_that_outlives(self):
        def function(argument):
            local = argument
            return sys._getframe(), local

        frame_object, _ = function(5)
        frame = api.from_frame_object(frame_object)
        self.assertEqual(api.owner(frame), FRAME_OBJECT)
        self.assertEqual(api.get_locals(frame), {"argument": 5, "local": 5})
        self.assertIs(api.frame_object(frame), frame_object)
        self.assertIsNone(api.place(frame))
        frame_object.clear()
        with self.assertRaisesRegex(ValueError, "no locals any more"):
            api.values(frame)

    def test_300_free_variables(self):
        names = [f"v{number}" for number in range(300)]
        source = "def outer():\n" + "".join(f"    {name} = {number}\n" for number, name in enumerate(names))
        source += "    def inner(): return (" + ", ".join(names) + ")\n    return inner\n"
        namespace = {}
        exec(source, namespace)
        inner = namespace["outer"]()
        found = []
        with answered(inner, lambda frame: found.append((api.values(frame), api.get_locals(frame)))):
            inner()
        (count, values), mapping = found[0]
        self.assertEqual((count, sorted(values)), (300, list(range(300))))
        self.assertEqual(mapping, dict(zip(names, range(300))))

    def test_hidden_locals(self):
        names = {}
        exec("import api, sys\nfound = [api.get_locals(api.from_frame_object(sys._getframe()), flags) for flags in (0, 1)]", names)
        plain, hidden = names["found"]
        if sys.version_info >= (3, 12):
            self.assertEqual(sorted(set(hidden) - set(plain)), ["flags"])
        else:
            self.assertIn("flags", plain)


if __name__ == "__main__":
    unittest.main()
