"""Every allocation may fail: the n-th one, for every n until the operation succeeds.

The runtime check is not among the operations: it compiles a few lines, and the compilers of CPython 3.11.7, 3.12.1 and 3.13.0
crash when they run out of memory.
"""

import gc
import sys
import types
import unittest

import evalframe
import probe
from support import FrameTestCase

try:
    from _testcapi import remove_mem_hooks, set_nomemory
except ImportError:
    set_nomemory = None

SHADOWS_CLEARED_BY_CPYTHON = sys.version_info >= (3, 12)
MOST = 2000  # no operation here allocates more often


def outer(free=object()):
    def closure(argument, *more, keyword=None):
        local = argument
        if not more:  # makes `local` a cell; CPython 3.13 itself crashes where a function cannot be made
            return lambda: local
        return local, free, more, keyword

    return closure


class Namespace:
    """A class body with an inlined comprehension has hidden locals on 3.12+."""

    frame = [sys._getframe() for hidden in (1,)][0]


def generator(argument):
    yield argument


def raise_with_kept_frame(kept):
    kept.append(sys._getframe())
    raise LookupError("the function's own")


def nested(kept):
    raise_with_kept_frame(kept)


@unittest.skipUnless(set_nomemory, "this interpreter has no _testcapi")
class NoMemory(FrameTestCase):
    def fail_each_allocation(self, operation, *arguments):
        """Run `operation` with its n-th allocation failing, for every n until none of them does.

        Returns what became of it each time: the type of the exception.
        """
        stack, outcomes = probe.stack(), []
        while len(outcomes) < MOST:
            outcome = None
            try:
                set_nomemory(len(outcomes), len(outcomes) + 1)
                try:
                    operation(*arguments)
                finally:
                    remove_mem_hooks()
            except Exception as error:
                outcome = type(error)
            self.assertEqual(probe.stack(), stack, f"the data stack after allocation {len(outcomes)} failed")
            if outcome is None:
                return outcomes
            outcomes.append(outcome)
        self.fail(f"{operation} fails after {MOST} allocations")

    def assert_memory_error_and_no_leak(self, operation, *arguments, objects):
        """Each failure is a MemoryError, and leaves the reference counts of `objects` as they were."""
        before = [sys.getrefcount(item) for item in objects]
        outcomes = self.fail_each_allocation(operation, *arguments)
        self.assertEqual([sys.getrefcount(item) for item in objects], before)
        self.assertLessEqual(set(outcomes), {MemoryError})
        print(f"{len(outcomes)} allocations", end=" ", flush=True)

    def test_copy_function(self):
        function = outer()
        others = function.__code__.replace(co_name="other")
        objects = [others, function.__globals__, function.__closure__, others.co_name]
        self.assert_memory_error_and_no_leak(probe.copy_function, function, others, objects=objects)

    def test_new_frame_object(self):
        self.assert_memory_error_and_no_leak(probe.new_frame_object, outer.__code__, objects=[outer.__code__])

    def test_frame_that_never_runs(self):
        argument = object()
        for make, keep in ((False, False), (True, False), (True, True)):
            with self.subTest(make=make, keep=keep):
                objects = [argument, outer, outer.__code__]
                self.assert_memory_error_and_no_leak(probe.never_run, outer, (argument,), make, keep, objects=objects)

    def test_locals_of_a_running_frame(self):
        value = object()

        def function(argument, other):
            cell = other
            self.assertIs((lambda: cell)(), value)
            for route in (probe.fast_to_locals, probe.get_locals_quietly, probe.mapping):
                # Without this the first of them has made f_locals for the next.
                probe.drop_f_locals(probe.frame_of(sys._getframe()))
                self.assert_memory_error_and_no_leak(route, probe.frame_of(sys._getframe()), objects=[probe])

        function(value, value)

    def test_hidden_locals(self):
        address = probe.frame_of(Namespace.frame)
        for hidden in (False, True):
            self.assert_memory_error_and_no_leak(probe.get_locals, address, hidden, objects=[Namespace])

    def taken_over(self, function, *arguments):
        evalframe.run_all(True)
        try:
            function(*arguments)
        finally:
            evalframe.run_all(False)

    def test_taken_over_call(self):
        argument = object()
        closure = outer(argument)
        objects = [argument, closure, closure.__code__, closure.__closure__]
        self.assert_memory_error_and_no_leak(self.taken_over, closure, argument, argument, objects=objects)

    def test_taken_over_generator(self):
        argument = object()
        objects = [argument, generator, generator.__code__]
        self.assert_memory_error_and_no_leak(self.taken_over, lambda: list(generator(argument)), objects=objects)

    def outcomes_of_raising(self, switch):
        """What becomes of a call whose exception leaves two frames, of which one is kept, for each allocation."""

        def call(kept):
            switch(True)
            try:
                nested(kept)
            finally:
                switch(False)

        outcomes = []
        for n in range(60):
            kept = []
            try:
                set_nomemory(n, n + 1)
                try:
                    call(kept)
                finally:
                    remove_mem_hooks()
            except Exception as error:
                outcomes.append(type(error))
            self.assertTrue(all(isinstance(frame.f_back, (types.FrameType, type(None))) for frame in kept))
        kept.clear()
        return outcomes

    def test_taken_over_call_that_raises(self):
        """The exception on its way out survives a failure to make its frames' objects.

        Not so where CPython clears the frames itself: up to 3.13 it loses the exception, and makes a SystemError of it.
        """
        objects = [nested, nested.__code__, raise_with_kept_frame.__code__]
        counts, lost = [], {}
        for switch in (evalframe.watch, evalframe.run_all) * 2:
            outcomes = self.outcomes_of_raising(switch)
            gc.collect()
            counts.append([sys.getrefcount(item) for item in objects])
            self.assertLessEqual(set(outcomes), {LookupError, MemoryError, SystemError})
            self.assertIn(LookupError, outcomes)
            lost[switch] = outcomes.count(SystemError)
        self.assertEqual(counts, counts[:1] * 4)
        print(f"{lost[evalframe.watch]} exceptions lost by CPython, {lost[evalframe.run_all]} taken over", end=" ", flush=True)
        if SHADOWS_CLEARED_BY_CPYTHON:
            self.assertLessEqual(lost[evalframe.run_all], lost[evalframe.watch])
        else:
            self.assertLess(lost[evalframe.run_all], lost[evalframe.watch])

    def test_arenas(self):
        """No memory for a chunk of the data stack, at every depth of a recursion."""

        def descend(depth):
            return depth and descend(depth - 1) + 1

        stack = probe.stack()
        failures = 0
        for depth in range(0, 400, 7):
            evalframe.run_all(True)
            probe.fail_arenas(True)
            try:
                self.assertEqual(descend(depth), depth)
            except MemoryError:
                failures += 1
            finally:
                probe.fail_arenas(False)
                evalframe.run_all(False)
            self.assertEqual(probe.stack(), stack)
        self.assertGreater(failures, 0)


if __name__ == "__main__":
    unittest.main()
