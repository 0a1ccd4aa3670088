"""The contract of the API, broken as clients break it: an exception each time, and nothing is lost."""

import gc
import sys
import threading
import unittest

import api
from hooking import answered, call_with, everything
from leaks import NOISE, growth
from other_code import bigger, copied, with_more_stack
from support import FrameTestCase

try:
    from _testcapi import remove_mem_hooks, set_nomemory
except ImportError:
    set_nomemory = None


def function(a, b=2):
    return a, b


def other(a, b=2):
    return "other", a, b


def generator(a, b=2):
    yield a
    yield b


def here(depth=1):
    return api.from_frame_object(sys._getframe(depth))


class WrongArguments(FrameTestCase):
    def test_no_frame(self):
        asked = {
            "look": [api.code, api.function, api.globals, api.builtins, api.namespace, api.lasti, api.line, api.owner, api.is_fresh]
            + [api.is_complete, api.previous, api.frame_object, api.generator, api.place],
            "locals": [api.count_slots, api.values, api.get_locals, api.stack_depth],
            "run": [lambda frame: api.slot(frame, 0), lambda frame: api.stack_item(frame, 0)]
            + [lambda frame: api.can_eval_code(frame, other.__code__), lambda frame: api.eval_code_now(frame, other.__code__)]
            + [lambda frame: api.return_now(frame, 1)],
        }
        for names in asked.values():
            for ask in names:
                with self.assertRaisesRegex(ValueError, "the frame must not be NULL"):
                    ask(None)
        with self.assertRaisesRegex(ValueError, "thread state must not be NULL"):
            api.current_frame(True)

    def test_other_types(self):
        for wrong in (7, "code", function):
            with self.assertRaisesRegex(TypeError, "a code object is wanted"):
                api.can_eval_code(here(), wrong)
            with self.assertRaisesRegex(TypeError, "a code object is wanted"):
                api.body_offset(wrong)
            with self.assertRaisesRegex(TypeError, "a code object is wanted"):
                api.get_extra(wrong, 0)
            if wrong is not function:
                with self.assertRaisesRegex(TypeError, "a function is wanted"):
                    api.can_eval_code(here(), other.__code__, wrong)
                with self.assertRaisesRegex(TypeError, "a function is wanted"):
                    api.copy_function(wrong, other.__code__)
            with self.assertRaisesRegex(TypeError, "a frame object is wanted"):
                api.from_frame_object(wrong)
            with self.assertRaisesRegex(TypeError, "a generator, coroutine or async generator is wanted"):
                api.from_generator(wrong)

    def test_in_a_hook_they_end_the_call(self):
        for answer, error in (
            ((7,), TypeError),
            ((other.__code__, 7), TypeError),
            ((other.__code__, None, 8), ValueError),
            ((other.__code__, None, 6), ValueError),
        ):
            with answered(function, answer):
                for _ in range(3):
                    with self.assertRaises(error):
                        function(1)
                self.assertLess(growth(lambda: self.assertRaises(error, function, 1), 100), NOISE)

    def test_no_thread(self):
        for answer in ((other.__code__,), [7], "default", "next"):

            def attempt():
                api.no_thread()
                with self.assertRaisesRegex(ValueError, "thread state must not be NULL"):
                    function([])

            with answered(function, answer):
                attempt()
                self.assertLess(growth(attempt, 100), NOISE)

    def test_indices_and_flags(self):
        for index in (-1, 3, 2**62):
            with self.assertRaises(IndexError):
                api.slot(here(), index)
        with self.assertRaisesRegex(ValueError, "unknown flags"):
            api.get_locals(here(), 8)
        with self.assertRaisesRegex(ValueError, "no fewer than 0"):
            api.values(here(), -1)

    def test_structures_that_say_their_size(self):
        word = 8
        for ask in (lambda frame: api.slot_of_size(frame, -1), api.no_place):
            with self.assertRaisesRegex(ValueError, "structure must not be NULL"):
                ask(here())
        for size in (0, word):
            with self.assertRaisesRegex(ValueError, "must say its size"):
                api.slot_of_size(here(), size)
        # No more is written than the caller has, or than the library has.
        size, name, rest = api.slot_of_size(here(), 2 * word)
        self.assertEqual((size, name, set(rest)), (2 * word, "self", {1}))
        size, name, rest = api.slot_of_size(here(), 1000)
        self.assertEqual((size, name, len(rest)), (2 * word + len(rest), "self", 3 * word))
        self.assertEqual(int.from_bytes(rest[:word], sys.byteorder), id(self))

    def test_closures(self):
        def make():
            x = 1
            return lambda: x

        closure = make()
        for wrong, error in ((7, TypeError), ((7,), TypeError), ((), ValueError), (closure.__closure__ * 2, ValueError)):
            with self.assertRaises(error):
                api.copy_function(closure, closure.__code__, wrong)
        self.assertEqual(api.copy_function(closure, closure.__code__)(), 1)
        self.assertIsNone(api.copy_function(closure, other.__code__).__closure__)
        # Not called with the defaults of another function: debug builds of CPython 3.11 assert that they fit the code.
        self.assertEqual(api.copy_function(lambda: 2, closure.__code__, closure.__closure__)(), 1)


class WhatDoesNotFit(FrameTestCase):
    def test_reasons(self):
        def one(a):
            return a

        def rest(a, *b):
            return a

        def keyword(a, *, b=2):
            return a

        def make():
            x = 1
            return lambda a, b=2: x

        module = compile("pass", "<module>", "exec")
        cases = [
            (one.__code__, None, 4),
            (rest.__code__, None, 4),
            (keyword.__code__, None, 4),
            (make().__code__, None, 5),
            (make().__code__, make(), 0),
            (module, None, 6),
            (other.__code__, function, 7),
            (other.__code__, other, 0),
            (other.__code__, None, 0),
        ]
        for code, own, expected in cases:
            found = []
            with answered(function, lambda frame: found.append(api.can_eval_code(frame, code, own))):
                function(1)
            self.assertEqual(found[0][0], expected, found)
            self.assertGreater(len(found[0][1]), 10)
            if expected:
                with self.assertRaises(ValueError) as caught:
                    call_with(function, code, 1, own=own)
                self.assertEqual(str(caught.exception), found[0][1])
        with answered(function, lambda frame: found.append(api.can_eval_code(frame, other.__code__, None, 1))):
            function(1)
        self.assertEqual(found[-1][0], 2)

    def test_a_namespace_without_arguments(self):
        code, found = compile("x = 1", "<namespace>", "exec"), []
        with answered(code, lambda frame: found.append(api.can_eval_code(frame, (lambda: 1).__code__))):
            exec(code, {})
        self.assertEqual(found[0][0], 6)

    def test_refused_frames_leave_nothing(self):
        def one(a):
            return a

        def attempt():
            with self.assertRaises(ValueError):
                function([], b=[])

        with answered(function, (one.__code__,)):
            attempt()
            self.assertLess(growth(attempt, 200), NOISE)


class FramesOfOthers(FrameTestCase):
    """Frames that no hook was given: an exception, and they go on."""

    def assert_refused(self, frame, pattern):
        with self.assertRaisesRegex(SystemError, pattern):
            api.eval_code_now(frame, api.code(frame) or other.__code__)
        with self.assertRaises(SystemError):
            api.return_now(frame, 1)

    def test_running(self):
        self.assert_refused(here(), "has begun to run")
        self.assert_refused(here(2), "has begun to run")

    def test_suspended(self):
        kept = generator(1)
        self.assert_refused(api.from_generator(kept), "resumed in the middle")
        self.assertEqual(list(kept), [1, 2])
        kept = generator(1)
        next(kept)
        self.assert_refused(api.from_generator(kept), "resumed in the middle")
        self.assertEqual(list(kept), [2])

    def test_running_generator(self):
        def running():
            frame = api.from_generator(made)
            self.assert_refused(frame, "resumed in the middle")
            (lambda: self.assert_refused(frame, "resumed in the middle"))()
            yield 1

        made = running()
        self.assertEqual(list(made), [1])

    def test_frame_objects(self):
        def keeps():
            return sys._getframe()

        kept = keeps()
        self.assert_refused(api.from_frame_object(kept), "has begun to run")
        self.assertIs(kept.f_code, keeps.__code__)

    def test_another_threads(self):
        inside, leave, frames = threading.Event(), threading.Event(), []

        def work():
            frames.append(here())
            inside.set()
            leave.wait()

        thread = threading.Thread(target=work)
        thread.start()
        inside.wait()
        try:
            self.assert_refused(frames[0], "has begun to run")
        finally:
            leave.set()
            thread.join()

    def test_in_its_first_instruction(self):
        # What RESUME calls may run a generator, which lies on no data stack.
        asked = []

        def asker():
            while True:
                yield
                frame = api.current_frame(None)
                while api.code(frame) is not function.__code__:
                    frame = api.previous(frame)
                asked.append((api.is_fresh(frame), api.is_complete(frame), api.can_eval_code(frame, other.__code__)[0]))
                asked.append(api.frame_object(frame).f_code is function.__code__)
                with self.assertRaises(SystemError):
                    api.eval_code_now(frame, other.__code__)

        generator = asker()
        next(generator)

        class Tracer:
            __call__ = staticmethod(lambda frame, event, argument: generator.send(None) if frame.f_code is function.__code__ else None)

        sys.settrace(Tracer())
        try:
            result = function(1)
        finally:
            sys.settrace(None)
        self.assertEqual(result, (1, 2))
        self.assertEqual(asked, [(0, 1, 1), True])

    def test_a_fresh_frame_below(self):
        # Asked by Python code that the hook runs: it is the hook's own, and may be ended from there once.
        def ends(frame):
            with self.assertRaises(SystemError):
                api.eval_code_now(api.previous(frame), other.__code__)

        with answered(function, ends):
            self.assertEqual(function(1), (1, 2))


class Returning(FrameTestCase):
    def test_results(self):
        for called in (function, generator):
            with answered(called, [["given"]]):
                self.assertEqual(called(1), ["given"])

    def test_resumed_generators_end(self):
        kept = generator(1)
        next(kept)

        def callback(frame):
            return ["last"] if api.owner(frame) == 1 and api.code(frame) is generator.__code__ else None

        hook = api.install(callback)
        try:
            with self.assertRaises(StopIteration) as stopped:
                next(kept)
        finally:
            api.remove(hook)
        self.assertEqual(stopped.exception.value, "last")
        self.assertEqual(list(kept), [])

    def test_leaves_nothing(self):
        with answered(function, [7]):
            self.assertLess(growth(lambda: function([]), 200), NOISE)

        def end():
            kept = generator([])
            next(kept)
            list(kept)

        def callback(frame):
            has_begun = api.code(frame) is generator.__code__ and api.lasti(frame) > api.body_offset(generator.__code__)
            return [None] if has_begun else None

        hook = api.install(callback)
        try:
            self.assertLess(growth(end, 200), NOISE)
        finally:
            api.remove(hook)

    def test_neither_result_nor_exception(self):
        with self.assertRaisesRegex(SystemError, "neither a result nor an exception"), answered(function, []):
            function(1)


class Extras(FrameTestCase):
    def test_kept_and_released(self):
        place = api.new_extra()
        code = copied(function.__code__)
        kept = ["kept"]
        self.assertIsNone(api.get_extra(code, place))
        before = sys.getrefcount(kept)
        api.set_extra(code, place, kept)
        self.assertIs(api.get_extra(code, place), kept)
        self.assertIsNone(api.get_extra(copied(code), place))
        api.set_extra(code, place, "other")
        self.assertEqual(sys.getrefcount(kept), before)
        api.set_extra(code, place, kept)
        del code
        gc.collect()
        self.assertEqual(sys.getrefcount(kept), before)
        for wrong in (-1, 10_000):
            self.assertIsNone(api.get_extra(function.__code__, wrong))
            with self.assertRaises((SystemError, ValueError)):
                api.set_extra(function.__code__, wrong, 1)

    def test_opcodes_and_bodies(self):
        import dis

        caches = api.opcode_caches()
        self.assertEqual(len(caches), 256)
        self.assertGreater(caches[dis.opmap["LOAD_ATTR"]], 0)
        self.assertEqual(caches[dis.opmap["POP_TOP"]], 0)

        def cells(a):
            return lambda: a

        for code in (function.__code__, cells.__code__, generator.__code__):
            resume = next(instruction.offset for instruction in dis.get_instructions(code) if instruction.opname == "RESUME")
            self.assertEqual(api.body_offset(code), resume)


@unittest.skipUnless(set_nomemory, "this interpreter has no _testcapi")
class NoMemory(FrameTestCase):
    def test_every_allocation(self):
        for called, make, flags in ((function, bigger, 0), (function, with_more_stack, 4), (generator, bigger, 0), (generator, bigger, 4)):
            with self.subTest(called=called.__name__, flags=flags), everything(make, flags):
                argument = object()
                called(argument)
                before, outcomes = sys.getrefcount(argument), []
                for nth in range(30):
                    result = None
                    set_nomemory(nth, nth + 1)
                    try:
                        result, outcome = called(argument), "done"
                    except MemoryError:
                        outcome = "no memory"
                    remove_mem_hooks()
                    outcomes.append(outcome)
                    del result
                    self.assertEqual(sys.getrefcount(argument), before)
                self.assertIn("done", outcomes)
                if called is generator:
                    self.assertIn("no memory", outcomes)


if __name__ == "__main__":
    unittest.main()
