"""pyframe_shim.evalframe among other things: generators, recursion, other hooks, tracers, threads."""

import asyncio
import os
import subprocess
import sys
import threading

from pyframe_shim import evalframe
from pyframe_shim.evalframe import Return
from test_evalframe import HookTest, add, is_add


def generator(n):
    try:
        for i in range(n):
            yield i
    except LookupError:
        yield "caught"


class Generators(HookTest):
    def test_asked_when_called(self):
        seen = []
        with evalframe.hook(lambda frame: seen.append(frame.code.co_name)):
            made = generator(3)
            values = [next(made), made.throw(LookupError)]
            made.close()
        self.assertEqual((seen, values), (["generator"], [0, "caught"]))

    def test_coroutines(self):
        async def inner(n):
            await asyncio.sleep(0)
            return n

        async def outer():
            return [await inner(n) for n in range(3)]

        seen = []
        with evalframe.hook(lambda frame: seen.append(frame.locals), only=lambda code: code is inner.__code__):
            self.assertEqual(asyncio.run(outer()), [0, 1, 2])
        self.assertEqual(seen, [{"n": 0}, {"n": 1}, {"n": 2}])

    def test_not_run(self):
        with evalframe.hook(lambda frame: Return("no generator"), only=lambda code: code is generator.__code__):
            self.assertEqual(generator(3), "no generator")

    def test_caller_of_a_generator(self):
        def calls():
            yield add(1)

        seen = []
        with evalframe.hook(lambda frame: seen.append((frame.caller.code.co_name, frame.caller.owner)), only=is_add):
            self.assertEqual(list(calls()), [3])
        self.assertEqual(seen, [("calls", "generator")])


class Itself(HookTest):
    def test_its_own_frames(self):
        seen = []

        def callback(frame):
            seen.append(frame.code.co_name)
            return Return(add(20))

        with evalframe.hook(callback, only=is_add):
            self.assertEqual(add(1), 22)
        self.assertEqual(seen, ["add"])

    def test_nor_those_of_the_predicate(self):
        asked = []

        def only(code):
            add(1)
            asked.append(code)

        with evalframe.hook(lambda frame: None, only=only):
            add(1)
        self.assertEqual(asked, [add.__code__])

    def test_nor_those_of_another_callback(self):
        seen = []

        def first(frame):
            seen.append(("first", frame.code.co_name))

        def second(frame):
            seen.append(("second", frame.code.co_name))
            add(1)

        with evalframe.hook(first), evalframe.hook(second):
            add(1)
        # What the context manager calls is C.
        self.assertEqual(seen, [("second", "add"), ("first", "add")])

    def test_again_after_an_exception(self):
        def fails(frame):
            raise LookupError

        with evalframe.hook(fails, only=is_add):
            for _ in range(3):
                with self.assertRaises(LookupError):
                    add(1)

    def test_recursion_without_end(self):
        def callback(frame):
            return callback(frame)

        with evalframe.hook(callback, only=is_add), self.assertRaises(RecursionError):
            add(1)
        self.assertEqual(add(1), 3)

    def test_recursion(self):
        def down(n):
            return 0 if n == 0 else 1 + down(n - 1)

        seen = []
        with evalframe.hook(lambda frame: seen.append(frame.values), only=lambda code: code is down.__code__):
            self.assertEqual(down(100), 100)
        self.assertEqual([values[0] for values in seen], list(range(100, -1, -1)))


class Several(HookTest):
    def test_the_last_is_asked_first(self):
        seen = []
        for number in range(3):
            self.install(lambda frame, number=number: seen.append(number), only=is_add)
        add(1)
        self.assertEqual(seen, [2, 1, 0])

    def test_an_answer_ends_the_questions(self):
        self.install(lambda frame: Return("first"), only=is_add)
        self.install(lambda frame: Return("second"), only=is_add)
        self.assertEqual(add(1), "second")

    def test_other_code_is_no_question(self):
        """The next hook sees the frame with the other code, as it will run: it may be asked about that."""
        other = add.__code__.replace(co_name="other")
        seen = []
        self.install(lambda frame: seen.append(frame.code.co_name))
        self.install(lambda frame: other, only=is_add)
        self.assertEqual(add(1), 3)
        self.assertIn("other", seen)

    def test_removed_in_any_order(self):
        for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)):
            seen = []
            hooks = [evalframe.install(lambda frame, number=number: seen.append(number), only=is_add) for number in range(3)]
            left = [2, 1, 0]
            for which in order:
                hooks[which].remove()
                left.remove(which)
                seen.clear()
                add(1)
                self.assertEqual(seen, left)

    def test_removed_by_itself(self):
        def callback(frame):
            hook.remove()
            return Return("the last time")

        hook = evalframe.hook(callback, only=is_add)
        with hook:
            self.assertEqual((add(1), add(1)), ("the last time", 3))

    def test_installed_in_a_callback(self):
        def callback(frame):
            if not self.hooks:
                self.install(lambda frame: Return("of the new one"), only=is_add)

        with evalframe.hook(callback, only=is_add):
            self.assertEqual((add(1), add(1)), (3, "of the new one"))


class Tracers(HookTest):
    def watched(self, traced):
        """What a trace function, a profile function and a monitoring tool are told of a call whose callback calls a function."""

        def helper():
            return 1

        def callback(frame):
            return helper() and None

        told = {"trace": [], "profile": []}

        def note(what):
            def function(frame, event, argument):
                told[what].append((event, frame.f_code.co_name))
                return function

            return function

        with evalframe.hook(callback, only=is_add, traced=traced):
            before = sys.gettrace(), sys.getprofile()
            sys.settrace(note("trace"))
            sys.setprofile(note("profile"))
            try:
                add(1)
            finally:
                sys.settrace(before[0])
                sys.setprofile(before[1])
            if hasattr(sys, "monitoring"):
                told["monitoring"] = self.monitored(lambda: add(1))
        return told

    @staticmethod
    def monitored(call):
        told, tool, events = [], 4, sys.monitoring.events
        sys.monitoring.use_tool_id(tool, "test")
        for event in (events.PY_START, events.PY_RETURN):
            sys.monitoring.register_callback(tool, event, lambda code, *rest, event=event: told.append((event, code.co_name)))
        sys.monitoring.set_events(tool, events.PY_START | events.PY_RETURN)
        try:
            call()
        finally:
            sys.monitoring.set_events(tool, 0)
            sys.monitoring.free_tool_id(tool)
        return told

    def test_they_see_the_frame(self):
        for what, told in self.watched(False).items():
            names = {name for event, name in told}
            self.assertIn("add", names, what)
            self.assertFalse(names & {"callback", "helper", "is_add"}, what)

    def test_they_see_the_callback_if_asked_to(self):
        for what, told in self.watched(True).items():
            names = {name for event, name in told}
            self.assertTrue({"add", "callback", "helper"} <= names, what)

    def test_a_debugger_does_not_stop_in_it(self):
        program = """if True:
            import pdb, sys
            from pyframe_shim import evalframe
            def add(a):
                return a + 1
            def callback(frame):
                inside = frame.locals
                return None
            evalframe.install(callback, only=lambda code: code is add.__code__, traced={traced})
            debugger = pdb.Pdb(stdin=open(0), stdout=sys.stdout, readrc=False)
            debugger.set_trace()
            add(1)
        """
        for traced in (False, True):
            command = [os.environ.get("TEST_PYTHON", sys.executable), "-c", program.format(traced=traced)]
            done = subprocess.run(command, input="step\n" * 12 + "continue\n", capture_output=True, text=True, timeout=300)
            self.assertIn("add()", done.stdout, done.stderr)
            self.assertEqual("callback()" in done.stdout, traced, done.stdout)

    def test_code_hidden_is_traced_again(self):
        """Whatever ends the callback, tracing goes on."""

        def fails(frame):
            raise LookupError

        told = []
        with evalframe.hook(fails, only=is_add):
            sys.setprofile(lambda frame, event, argument: told.append(frame.f_code.co_name))
            try:
                try:
                    add(1)
                except LookupError:
                    pass
                is_add(None)
            finally:
                sys.setprofile(None)
        self.assertEqual([name for name in told if name in ("is_add", "fails")], ["is_add"] * 2)


class Threads(HookTest):
    def calls_of(self, **options):
        seen = []
        hook = self.install(lambda frame: seen.append(threading.current_thread().name), only=is_add, **options)
        add(1)
        thread = threading.Thread(target=add, args=(1,), name="the other")
        thread.start()
        thread.join()
        hook.remove()
        return seen

    def test_all(self):
        self.assertEqual(self.calls_of(), [threading.current_thread().name, "the other"])

    def test_one(self):
        self.assertEqual(self.calls_of(this_thread=True), [threading.current_thread().name])

    def test_one_asks_while_another_runs(self):
        """That a thread is in a callback says nothing about the others."""
        inside, go_on, seen = threading.Event(), threading.Event(), []

        def callback(frame):
            seen.append(threading.current_thread().name)
            if len(seen) == 1:
                inside.set()
                self.assertTrue(go_on.wait(60))

        with evalframe.hook(callback, only=is_add):
            thread = threading.Thread(target=add, args=(1,), name="the first")
            thread.start()
            self.assertTrue(inside.wait(60))
            add(1)
            go_on.set()
            thread.join()
        self.assertEqual(seen, ["the first", threading.current_thread().name])

    def test_many(self):
        def work():
            for _ in range(300):
                counts.append(add(1))

        counts = []
        with evalframe.hook(lambda frame: Return(frame.values[0]), only=is_add):
            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(counts, [1] * 2400)
