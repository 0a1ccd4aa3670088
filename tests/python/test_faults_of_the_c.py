"""Where the C file is wrong or fragile, one test a place: docs/faults.md has tables with the same numbers.

Places 15 and 20 are about what is built: tests/artifacts has them. Place 26 is in test_clear.py, and in PyTorch:
tests/torch.
"""

import _thread
import asyncio
import gc
import opcode
import sys
import time
import unittest
import weakref

import arenas
import probe
import shadow
from support import FrameTestCase, run_script

MINOR = sys.version_info.minor
# The index that a dead frame's instruction pointer has, behind the first RESUME's own.
BEHIND_RESUME = 1 if MINOR >= 13 else 0
HOOK_DISCARDS = MINOR >= 12  # a hook that does not evaluate a frame has to clear it, a generator's too


def closing(free):
    def function(argument, other=None):
        cell = argument
        return lambda: (cell, free, other)

    return function


def generator(argument):
    yield argument


def prefix(code):
    """The index of the first RESUME in code units."""
    instructions = iter(bytes(code.co_code)[::2])
    return next(index for index, op in enumerate(instructions) if opcode.opname[op] == "RESUME")


class FaultsOfTheC(FrameTestCase):
    def test_01_the_cached_locals_of_a_frame_object_are_set(self):
        script = """if True:
            import probe, gc
            for _ in range(100):
                fields = probe.frame_object_fields(probe.new_frame_object(probe.__loader__.__class__.create_module.__code__))
                assert fields.get("f_locals_cache") is None, fields
                kept = probe.never_run(lambda a: a, (1,), True, True)
                del kept
            gc.collect()
            print("well")"""
        done = run_script(script, PYTHONMALLOC="debug")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "well\n", ""))

    @unittest.skipUnless(MINOR == 11, "from 3.12 on the collector does not run inside of MAKE_CELL")
    def test_02_no_pointer_to_a_caller_that_is_gone(self):
        """The bottom frame of a thread is inside MAKE_CELL when a finalizer of a frame that is taken over keeps its frame."""
        kept = []

        class Cyclic:
            def __del__(self):
                kept.append(sys._getframe())

        names = ", ".join(f"c{n}" for n in range(16))
        bottom = {}
        exec(f"def bottom({names}):\n return lambda: ({names})", bottom)
        thresholds = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *thresholds)
        for steps in range(3, 19):
            thing = Cyclic()
            thing.itself = thing
            del thing
            threads = _thread._count()
            shadow.run_all(True)
            gc.set_threshold(gc.get_count()[0] + steps)
            # Not threading.Thread, which has complete frames below the function.
            _thread.start_new_thread(bottom["bottom"], tuple(range(16)))
            deadline = time.monotonic() + 0.05
            while _thread._count() > threads or time.monotonic() < deadline:
                time.sleep(0.001)
            gc.set_threshold(*thresholds)
            shadow.run_all(False)
            gc.collect()
        self.assertGreater(len(kept), 10)
        for frame in kept:
            while frame is not None:
                self.assertIsInstance(frame.f_lineno, int)
                frame = frame.f_back

    def test_03_a_frame_that_was_never_linked_has_the_current_frame_as_its_caller(self):
        # never_run() leaves a pointer in `previous` that must not be followed.
        dead = probe.never_run(closing(1), (2, 3), True, True)
        self.assertIs(dead.f_back, sys._getframe())
        self.assertEqual(probe.info(probe.frame_of(dead))["previous"], 0)

    def test_04_a_dead_generator_frame_stands_behind_its_first_resume(self):
        dead = probe.never_run(generator, (1,), True, True)
        first = prefix(generator.__code__)
        self.assertGreater(first, 0)
        self.assertEqual(dead.f_lasti, 2 * (first + BEHIND_RESUME))
        created = generator(1)
        frame = created.gi_frame
        del created
        gc.collect()
        self.assertEqual(dead.f_lasti, frame.f_lasti)
        self.assertEqual(dead.f_lineno, frame.f_lineno)

    def test_05_a_pending_exception_survives_a_lack_of_memory(self):
        """For f_back of the object that outlives the frame."""
        for n in range(3):
            pushed = probe.push_frame(closing(1), (2,))
            kept = probe.make_frame_object(pushed)
            pending = LookupError("on its way")
            probe.fail_allocation(n)
            self.assertIs(probe.clear_with_pending(pushed, pending), pending)
            probe.pop(pushed)
            self.assertIn(kept.f_back, (None, sys._getframe()))
            self.assertEqual(kept.f_locals["argument"], 2)

    def discarded(self):
        """A generator whose frame a hook refuses to evaluate when it is resumed."""
        running = generator(1)
        next(running)

        def refuse(frame):
            raise LookupError("refused")

        probe.hook(generator.__code__, refuse)
        with self.assertRaisesRegex(LookupError, "refused"):
            next(running)
        probe.unhook()
        return running

    def test_06_a_resumed_generator_can_be_discarded(self):
        running = self.discarded()
        self.assertEqual(list(running), [])
        self.assertIsNone(running.gi_frame)

    def test_07_the_code_stays_with_the_generator_and_the_data_stack_where_it_was(self):
        code, stack = sys.getrefcount(generator.__code__), probe.stack()
        for _ in range(100):
            self.discarded()
        self.assertEqual(sys.getrefcount(generator.__code__), code)
        self.assertEqual(probe.stack(), stack)

    def test_08_a_frame_elsewhere_is_not_popped(self):
        script = "import probe, sys; kept = (lambda: sys._getframe())(); probe.pop(probe.frame_of(kept))"
        done = run_script(script)
        self.assertEqual(done.returncode, -6)
        self.assertRegex(done.stderr, "^pyframe-shim: contract broken: THP_PyThreadState_PopFrame: the frame must lie in the chunk")

    def test_09_sizes_beyond_an_int_neither_hang_nor_overflow(self):
        stack = probe.stack()
        for words in (2**27 - 999, 2**28 - 1001, 2**28 - 1000, 2**28, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**61, 2**63 - 1):
            with self.assertRaises(MemoryError, msg=words):
                probe.push(words)
            self.assertEqual(probe.stack(), stack)

    def test_10_no_memory_for_a_chunk_is_a_memory_error(self):
        arenas.fail(True)
        try:
            with self.assertRaises(MemoryError):
                probe.push(100_000)
        finally:
            arenas.fail(False)

    def test_11_the_largest_chunk_is_bounded_in_bytes(self):
        largest = 2**27 - 1000
        frame = probe.push(largest)
        self.assertEqual(probe.stack()[1], 2**30)
        probe.pop(frame)
        with self.assertRaises(MemoryError):
            probe.push(largest + 1)

    def test_12_nobody_sees_a_half_cleared_frame(self):
        seen = []

        class Looks:
            def __del__(self):
                info = probe.info(pushed)
                seen.append((info["stacktop"], info["slots"]))

        pushed = probe.push_frame(closing(1), (Looks(), Looks()))
        probe.clear(pushed)
        probe.pop(pushed)
        self.assertEqual(seen, [(0, []), (0, [])])

    @unittest.skipIf(probe.recursion() is None, "the end of the C stack bounds recursion from 3.14 on: nothing is counted")
    def test_13_clearing_spends_recursion(self):
        left = []

        class Looks:
            def __del__(self):
                left.append(probe.recursion())

        pushed = probe.push_frame(closing(1), (Looks(),))
        probe.set_f_locals(pushed, Looks())
        probe.drop_f_locals(pushed)
        probe.clear(pushed)
        probe.pop(pushed)
        dropped, cleared = left
        self.assertEqual(cleared, dropped - 1)

    def test_14_the_running_loop_is_not_taken_for_a_chunk(self):
        """The thread state's last field is a spare chunk from 3.13.13 on, and the running event loop before."""

        def descend(depth):
            return descend(depth - 1) if depth else asyncio.get_running_loop()

        async def main():
            loop = asyncio.get_running_loop()
            for depth in range(0, 200, 10):
                self.assertIs(descend(depth), loop)
                await asyncio.sleep(0)
                self.assertIs(asyncio.get_running_loop(), loop)
            return "well"

        shadow.run_all(True)
        try:
            self.assertEqual(asyncio.run(main()), "well")
        finally:
            shadow.run_all(False)

    def test_16_cells_are_known_while_code_is_instrumented(self):
        answers = []

        def function(argument):
            cell = argument
            answers.append(probe.mapping(probe.frame_of(sys._getframe())))
            for item in [(lambda: (argument, cell))() for _ in range(2)]:
                answers.append(probe.get_locals_quietly(probe.frame_of(sys._getframe())))

        def trace(frame, event, argument):
            frame.f_trace_opcodes = True
            return trace

        sys.settrace(trace)
        try:
            function("value")
        finally:
            sys.settrace(None)
        self.assertEqual({(answer["argument"], answer["cell"]) for answer in answers}, {("value", "value")})

    def test_17_the_closure_of_a_frame_that_has_not_started(self):
        function, cell = closing("free"), None
        cell = function.__closure__[0]
        count = sys.getrefcount(cell)
        for _ in range(100):
            (locals_, copied), made = self.at_entry(function, lambda: function("given"), probe.fast_to_locals)
            self.assertEqual((locals_, copied), ({"argument": "given", "other": None, "free": "free"}, 1))
            self.assertEqual(made(), ("given", "free", None))
        del made
        self.assertEqual(sys.getrefcount(cell), count)

    def test_18_the_copied_function(self):
        function = closing("free")
        function.__name__ = function.__qualname__ = "renamed"
        same = probe.copy_function(function, function.__code__.replace(co_consts=function.__code__.co_consts + (1,)))
        other = probe.copy_function(function, function.__code__.replace(co_name="other", co_qualname="q.other"))
        self.assertEqual((same.__name__, same.__qualname__), ("renamed", "renamed"))
        self.assertEqual((other.__name__, other.__qualname__), ("other", "q.other"))
        self.assertEqual((probe.function_version(same), probe.function_version(other)), (0, 0))
        with self.assertRaisesRegex(ValueError, "free variables"):
            probe.copy_function(function, generator.__code__)
        with self.assertRaisesRegex(ValueError, "free variables"):
            probe.copy_function(generator, function.__code__)

    @unittest.skipUnless(MINOR >= 12, "functions are watched from 3.12 on")
    def test_19_watchers_hear_of_the_copys_end_alone(self):
        """As documented: the copy is no call of a constructor."""
        try:
            from _testcapi import add_func_watcher, clear_func_watcher, set_func_defaults_via_capi  # noqa: F401
        except ImportError:
            self.skipTest("this interpreter has no _testcapi")
        from _testcapi import PYFUNC_EVENT_CREATE, PYFUNC_EVENT_DESTROY

        events = []
        watcher = add_func_watcher(lambda event, function, value: events.append(event))
        try:
            copy = probe.copy_function(generator, generator.__code__)
            self.assertNotIn(PYFUNC_EVENT_CREATE, events)
            del copy
            self.assertIn(PYFUNC_EVENT_DESTROY, events)
        finally:
            clear_func_watcher(watcher)

    def test_21_a_hook_that_fails_leaves_nothing_behind(self):
        """The caller's to do: the example extension does it, on every path that does not evaluate the frame."""

        def refuse(view):
            raise LookupError("refused")

        def only_the_function(callback):
            return lambda view: callback(view) if view.code is function.__code__ else None

        class Argument:
            pass

        function, stack = closing(1), probe.stack()
        for callback in (refuse, lambda view: generator.__code__, lambda view: "no code"):
            argument = Argument()
            gone = weakref.ref(argument)
            shadow.set_callback(only_the_function(callback))
            try:
                with self.assertRaises((LookupError, ValueError, TypeError)):
                    function(argument)
            finally:
                shadow.set_callback(None)
            del argument
            self.assertIsNone(gone())
            self.assertEqual(probe.stack(), stack)

    def test_22_a_view_outlives_its_frame(self):
        """The caller's to do: the example extension's view owns what it shows."""
        views = []
        shadow.set_callback(views.append)
        try:
            closing(1)("kept")
        finally:
            shadow.set_callback(None)
        gc.collect()
        self.assertEqual(views[-1].locals["argument"], "kept")
        self.assertEqual(views[-1].code.co_name, "function")

    @unittest.skipUnless(MINOR >= 12, "the slot holds a function on 3.11")
    def test_23_the_function_slot_may_hold_something_else(self):
        pushed = probe.push_frame(closing(1), (2,))
        probe.set_function(pushed, "not a function")
        try:
            self.assertEqual(probe.mapping(pushed), {"argument": 2})
            self.assertEqual(probe.fast_to_locals(pushed), ({"argument": 2}, 0))
        finally:
            probe.clear(pushed)
            probe.pop(pushed)

    def test_24_a_frame_gets_one_object_though_its_finalizers_ask_for_it(self):
        """GH-97002: on 3.11 the allocation of a frame object may collect garbage."""
        asked = []

        class Cyclic:
            def __del__(self):
                asked.append(sys._getframe(1))

        thresholds = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *thresholds)

        def function():
            thing = Cyclic()
            thing.itself = thing
            del thing
            gc.set_threshold(1)
            made = probe.make_with_gc(probe.current_frame())
            gc.set_threshold(*thresholds)
            gc.collect()
            return made, sys._getframe()

        gc.disable()
        try:
            made, own = function()
        finally:
            gc.enable()
        self.assertIs(made, own)
        self.assertEqual(len(asked), 1)
        self.assertIs(asked[0], own)


if __name__ == "__main__":
    unittest.main()
