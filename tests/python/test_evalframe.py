"""The example extension: its callback, its switches, and what comes of the module that goes away while it works."""

import sys
import unittest

import evalframe
from hooking import hooked
from leaks import NOISE, growth
from support import FrameTestCase, ScriptTestCase


def function(a, b=2):
    return a, b


def other(a, b=2):
    kept = [a]
    return "other", kept, b


class Callback(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(evalframe.set_callback, None)

    def ask(self, answer, code=function.__code__):
        evalframe.set_callback(lambda view: (answer(view) if callable(answer) else answer) if view.code is code else None)

    def test_view(self):
        views = []
        self.ask(views.append)
        function(1)
        (view,) = views
        self.assertIs(view.code, function.__code__)
        self.assertIs(view.function, function)
        self.assertEqual(view.locals, {"a": 1, "b": 2})
        self.assertIs(view.globals, globals())
        self.assertIs(view.builtins, function.__builtins__)

    def test_answers(self):
        for answer, expected in ((other.__code__, ("other", [1], 2)), (None, (1, 2)), (function.__code__, (1, 2))):
            self.ask(answer)
            self.assertEqual(function(1), expected)
        for wrong, error in ((7, TypeError), ((lambda: 1).__code__, ValueError)):
            self.ask(wrong)
            with self.assertRaises(error):
                function(1)

    def test_raises(self):
        def fails(view):
            raise LookupError("from the callback")

        self.ask(fails)
        with self.assertRaisesRegex(LookupError, "from the callback"):
            function(1)

    def test_its_own_frames_are_passed_on(self):
        def calls(view):
            self.assertEqual(function(5), (5, 2))
            return other.__code__

        self.ask(calls)
        self.assertEqual(function(1), ("other", [1], 2))

    def test_taken_away_by_itself(self):
        def callback(view):
            evalframe.set_callback(None)
            return view.code

        evalframe.set_callback(callback)
        self.assertEqual(function(1), (1, 2))

    def test_no_callable(self):
        with self.assertRaisesRegex(TypeError, "must be callable or None"):
            evalframe.set_callback(7)

    def test_leaves_nothing(self):
        self.ask(lambda view: other.__code__)
        self.assertLess(growth(lambda: function([]), 200), NOISE)


class Switches(FrameTestCase):
    def test_counters_add_up(self):
        def generator():
            yield 1
            yield 2

        for switch in (evalframe.run_all, evalframe.watch):
            before = evalframe.counters()
            switch(True)
            try:
                list(generator())
                function(1)
            finally:
                switch(False)
            after = evalframe.counters()
            self.assertGreaterEqual(after["seen"] - before["seen"], 5)
            taken = after["taken_over"] - before["taken_over"]
            if switch is evalframe.run_all:
                self.assertEqual(after["seen"] - before["seen"], taken + after["passed"]["started"] - before["passed"]["started"])
            else:
                self.assertEqual(taken, 0)

    def test_beside_another_hook(self):
        import api

        seen = []
        with hooked(lambda frame: seen.append(api.code(frame).co_name)):
            evalframe.run_all(True)
            try:
                function(1)
            finally:
                evalframe.run_all(False)
            function(2)
        self.assertEqual(seen.count("function"), 2)


class Module(ScriptTestCase):
    def test_dropped_while_a_frame_is_taken_over(self):
        switches = ("run_all(True)", "set_callback(lambda view: view.code)", "watch(True)")
        self.assert_well_when_dropped("evalframe", *switches)

    def test_dropped_by_its_callback(self):
        # AddressSanitizer and valgrind see what the module does with its state then.
        self.assert_well("""if True:
            import evalframe, gc, sys
            def callback(view):
                if globals().pop("evalframe", None):
                    del sys.modules["evalframe"]
                gc.collect()
                return view.code
            evalframe.set_callback(callback)
            def function(): return "well"
            print(function())""")

    def test_loaded_twice(self):
        self.assert_well("""if True:
            import evalframe, gc, sys
            first = sys.modules.pop("evalframe")
            import evalframe as second
            assert first is not second
            first.run_all(True), second.run_all(True)
            assert (lambda: 1)() == 1
            assert first.counters()["taken_over"] > 0 and second.counters()["taken_over"] > 0
            first.run_all(False)
            del first
            gc.collect()
            assert (lambda: 2)() == 2
            second.run_all(False)
            print("well")""")

    @unittest.skipIf(sys.version_info < (3, 12), "interpreters have one GIL up to 3.11")
    def test_interpreters_with_a_gil_each(self):
        self.assert_well("""if True:
            import sys, threading
            import evalframe
            if sys.version_info >= (3, 13):
                import _interpreters as interpreters
                make = lambda: interpreters.create("isolated")
            else:
                import _xxsubinterpreters as interpreters
                make = lambda: interpreters.create(isolated=True)
            code = '''if True:
                import sys
                sys.path[:] = PATH
                import evalframe
                evalframe.run_all(True)
                def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
                assert fibonacci(15) == 610
                assert evalframe.counters()["taken_over"] > 1000
                '''.replace("PATH", repr(sys.path))
            others = [make() for _ in range(3)]
            evalframe.run_all(True)
            threads = [threading.Thread(target=interpreters.run_string, args=(other, code)) for other in others]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            evalframe.run_all(False)
            for other in others: interpreters.destroy(other)
            print("well")""")


if __name__ == "__main__":
    unittest.main()
