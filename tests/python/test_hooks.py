"""Hooks that live together: several of ours and foreign ones, removed in any order, from inside, by threads and interpreters."""

import itertools
import threading
import types
import unittest

import api
import probe
import shadow
from hooking import hooked
from support import FrameTestCase, ScriptTestCase


def function():
    return "own"


class Log:
    """Hooks that write their names down and pass every frame of `function` on."""

    def __init__(self):
        self.entries = []

    def install(self, name):
        def callback(frame):
            if api.code(frame) is function.__code__:
                self.entries.append(name)

        return api.install(callback)

    def of_a_call(self):
        self.entries.clear()
        function()
        return "".join(self.entries)


class Order(FrameTestCase):
    def test_each_calls_the_next(self):
        log = Log()
        hooks = [log.install(name) for name in "abc"]
        # A callback's own frames pass every hook, which the flag of the thread tells: so only the first is asked.
        self.assertEqual(log.of_a_call(), "cba")
        for hook in hooks:
            api.remove(hook)
        self.assertEqual(log.of_a_call(), "")

    def test_removed_in_any_order(self):
        for order in itertools.permutations(range(3)):
            with self.subTest(order=order):
                log = Log()
                hooks, left = [log.install(name) for name in "abc"], set("abc")
                for index in order:
                    api.remove(hooks[index])
                    left.remove("abc"[index])
                    self.assertEqual(log.of_a_call(), "".join(sorted(left, reverse=True)))

    def test_around_a_foreign_hook(self):
        for order in itertools.permutations(range(3)):
            with self.subTest(order=order):
                log = Log()
                before = log.install("a")
                # `shadow` keeps no hook that was there before: what is behind it is out of the chain.
                shadow.watch(True)
                after = log.install("b")
                seen = shadow.counters()["seen"]
                self.assertEqual(log.of_a_call(), "b")
                self.assertGreater(shadow.counters()["seen"], seen)
                actions = (lambda: api.remove(before), lambda: api.remove(after), lambda: shadow.watch(False))
                for index in order:
                    actions[index]()
                    self.assertEqual(function(), "own")
                self.assertEqual(log.of_a_call(), "")
                # Whatever is left in the chain only passes on.
                again = log.install("c")
                self.assertEqual(log.of_a_call(), "c")
                api.remove(again)

    def test_a_foreign_hook_that_comes_round(self):
        # PyTorch's hook takes what is set for what was there before it, also where that is in front of it: a circle.
        log = Log()
        probe.foreign_hook(True)
        hook = log.install("a")
        probe.foreign_hook(True)
        try:
            self.assertEqual((function(), log.of_a_call()), ("own", "a"))
        finally:
            probe.foreign_hook(False)
            api.remove(hook)
        self.assertEqual((function(), log.of_a_call()), ("own", ""))

    def test_between_two_foreign_hooks(self):
        # A frame that a foreign hook has is not back where one of ours is behind that.
        log = Log()
        shadow.watch(True)
        inner = log.install("b")
        probe.foreign_hook(True)
        outer = log.install("a")
        try:
            self.assertEqual(log.of_a_call(), "ab")
        finally:
            api.remove(outer)
            probe.foreign_hook(False)
            api.remove(inner)
            shadow.watch(False)
        self.assertEqual(function(), "own")

    def test_a_circle_through_two_of_ours(self):
        log = Log()
        probe.foreign_hook(True)
        hooks = [log.install(name) for name in "ab"]
        probe.foreign_hook(True)
        try:
            self.assertEqual((function(), log.of_a_call()), ("own", "ba"))
        finally:
            probe.foreign_hook(False)
            for hook in hooks:
                api.remove(hook)

    def test_many(self):
        hooks = []
        with self.assertRaisesRegex(RuntimeError, "64 hooks already"):
            for _ in range(65):
                hooks.append(api.install(lambda frame: None))
        self.assertEqual((len(hooks), function()), (64, "own"))
        for hook in hooks[::2] + hooks[1::2]:
            api.remove(hook)
        for _ in range(200):
            api.remove(api.install(lambda frame: None))
        self.assertEqual(function(), "own")


class Removal(FrameTestCase):
    def test_twice(self):
        hook = api.install(lambda frame: None)
        api.remove(hook)
        for _ in range(3):
            with self.assertRaisesRegex(ValueError, "no such hook"):
                api.remove(hook)
            other = api.install(lambda frame: None)
            with self.assertRaisesRegex(ValueError, "no such hook"):
                api.remove(hook)
            api.remove(other)

    def test_from_inside(self):
        seen = []

        def callback(frame):
            if api.code(frame) is function.__code__:
                seen.append(1)
                api.remove(hook)

        hook = api.install(callback)
        self.assertEqual([function(), function()], ["own", "own"])
        self.assertEqual(seen, [1])

    def test_while_it_evaluates(self):
        def removes():
            api.remove(hook)
            return function()

        with hooked(lambda frame: None):
            hook = api.install(lambda frame: None)
            self.assertEqual(removes(), "own")

    def test_threads_come_and_go(self):
        stop = threading.Event()
        results = set()

        def work():
            while not stop.is_set():
                results.add(function())

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(300):
            hooks = [api.install(lambda frame: None) for _ in range(3)]
            for hook in (hooks[1], hooks[0], hooks[2]):
                api.remove(hook)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(results, {"own"})


class CodeHook(FrameTestCase):
    def test_answers(self):
        def other():
            return "other"

        other_globals = types.FunctionType(other.__code__, {})
        for answer, expected in (
            (other.__code__, "other"),
            (other, "other"),
            (other_globals, "other"),
            (None, "own"),
            (function.__code__, "own"),
        ):
            with hooked(lambda frame: answer if api.code(frame) is function.__code__ else None, api.install_code_hook):
                self.assertEqual(function(), expected)

    def test_wrong_answers(self):
        def needs_arguments(a):
            return a

        def code_hook(answer):
            return hooked(lambda frame: answer if api.code(frame) is function.__code__ else None, api.install_code_hook)

        with code_hook(7), self.assertRaisesRegex(TypeError, "must return code"):
            function()
        with code_hook(needs_arguments), self.assertRaisesRegex(ValueError, "arguments of the frame's own"):
            function()
        self.assertEqual(function(), "own")

    def test_an_exception_ends_the_call(self):
        def callback(frame):
            if api.code(frame) is function.__code__:
                raise LookupError("from the hook")

        with hooked(callback, api.install_code_hook), self.assertRaisesRegex(LookupError, "from the hook"):
            function()

    def test_an_answer_with_an_exception(self):
        def callback(frame):
            return api.both(function.__code__, LookupError) if api.code(frame) is function.__code__ else None

        with hooked(callback, api.install_code_hook), self.assertRaises(LookupError):
            function()

    def test_own_frames_are_not_asked_about(self):
        asked = []

        def callback(frame):
            asked.append(api.code(frame).co_name)
            function()

        with hooked(callback, api.install_code_hook):
            (lambda: 1)()
        self.assertNotIn("function", asked)
        self.assertIn("<lambda>", asked)

    def test_generators_are_asked_about_once(self):
        def generator():
            yield 1
            yield 2

        asked = []
        with hooked(lambda frame: asked.append(api.code(frame).co_name), api.install_code_hook):
            self.assertEqual(list(generator()), [1, 2])
        self.assertEqual(asked.count("generator"), 1)


class Interpreters(ScriptTestCase):
    def test_a_hook_is_its_interpreters_alone(self):
        self.assert_well("""if True:
            import api
            try:
                import _interpreters as interpreters
                other = interpreters.create("legacy")
            except ImportError:
                import _xxsubinterpreters as interpreters
                other = interpreters.create(isolated=False)
            seen = []
            hook = api.install(lambda frame: seen.append(api.code(frame).co_name))
            def function(): return 1
            seen.clear()
            interpreters.run_string(other, "def elsewhere(): return 1\\nelsewhere()")
            assert "elsewhere" not in seen, seen
            function()
            assert "function" in seen, seen
            interpreters.destroy(other)
            api.remove(hook)
            print("well")""")

    def test_left_where_an_interpreter_ends(self):
        self.assert_well("""if True:
            import evalframe, sys
            evalframe.watch(True)
            def function(): return 1
            assert function() == 1 and evalframe.counters()["seen"] > 0
            print("well")""")

    def test_the_end_of_the_process_with_hooks_left(self):
        self.assert_well("""if True:
            import api
            for _ in range(5):
                api.install(lambda frame: None)
            api.install_code_hook(lambda frame: None)
            class Late:
                def __del__(self): (lambda: 1)()
            late = Late()
            print("well")""")


if __name__ == "__main__":
    unittest.main()
