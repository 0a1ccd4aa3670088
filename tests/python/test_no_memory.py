"""Every allocation may fail: the n-th one, for every n until the operation succeeds.

The runtime check is not among the operations: it compiles a few lines, and the compilers of CPython 3.11.7, 3.12.1 and 3.13.0
crash when they run out of memory. Of whole calls only so much can be asked as CPython itself holds then.
"""

import gc
import sys
import types
import unittest

import arenas
import probe
import shadow
from support import IS_DEBUG, FrameTestCase

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
    def fail_each_allocation(self, operation, *arguments, objects):
        """Run a symbol with its n-th allocation failing, for every n until none of them does.

        Each failure is a MemoryError, and leaves the data stack and the reference counts of `objects` as they were.
        """
        stack, counts = probe.stack(), [sys.getrefcount(item) for item in objects]
        for n in range(MOST):
            probe.fail_allocation(n)
            try:
                operation(*arguments)
            except MemoryError:
                self.assertTrue(probe.allocation_failed())
            self.assertEqual(probe.stack(), stack, f"the data stack after allocation {n} failed")
            self.assertEqual([sys.getrefcount(item) for item in objects], counts, f"after allocation {n} failed")
            if not probe.allocation_failed():
                print(f"{n} allocations", end=" ", flush=True)
                return n
        self.fail(f"{operation} fails after {MOST} allocations")

    def test_copy_function(self):
        function = outer()
        others = function.__code__.replace(co_name="other")
        objects = [others, function.__globals__, function.__closure__, others.co_name]
        self.fail_each_allocation(probe.copy_function, function, others, objects=objects)

    def test_new_frame_object(self):
        self.fail_each_allocation(probe.new_frame_object, outer.__code__, objects=[outer.__code__])

    def test_frame_that_never_runs(self):
        argument = object()
        for make, keep in ((False, False), (True, False), (True, True)):
            with self.subTest(make=make, keep=keep):
                objects = [argument, outer, outer.__code__]
                self.fail_each_allocation(probe.never_run, outer, (argument,), make, keep, objects=objects)

    def test_locals_of_a_running_frame(self):
        value = object()

        def function(argument, other):
            cell = other
            self.assertIs((lambda: cell)(), value)
            for route in (probe.fast_to_locals, probe.get_locals_quietly, probe.mapping):
                # Without this the first of them has made f_locals for the next.
                probe.drop_f_locals(probe.frame_of(sys._getframe()))
                self.fail_each_allocation(route, probe.frame_of(sys._getframe()), objects=[probe])

        function(value, value)

    def test_hidden_locals(self):
        address = probe.frame_of(Namespace.frame)
        for hidden in (False, True):
            self.fail_each_allocation(probe.get_locals, address, hidden, objects=[Namespace])

    def test_arenas(self):
        """No memory for a chunk of the data stack, at every depth of a recursion."""

        def descend(depth):
            return depth and descend(depth - 1) + 1

        stack = probe.stack()
        failures = 0
        for depth in range(0, 400, 7):
            shadow.run_all(True)
            arenas.fail(True)
            try:
                self.assertEqual(descend(depth), depth)
            except MemoryError:
                failures += 1
            finally:
                arenas.fail(False)
                shadow.run_all(False)
            self.assertEqual(probe.stack(), stack)
        self.assertGreater(failures, 0)


@unittest.skipUnless(set_nomemory, "this interpreter has no _testcapi")
@unittest.skipIf(IS_DEBUG, "CPython's own assertions stop it where it goes wrong without memory")
class WholeCalls(FrameTestCase):
    def leaked(self, switch, operation, objects):
        """What a whole call leaves behind for each allocation of it that fails, in references to `objects`; how many fail."""

        def call():
            switch(True)
            try:
                operation()
            finally:
                switch(False)

        leaks, failures = [], 0
        for n in range(30):
            gc.collect()
            counts, stack = [sys.getrefcount(item) for item in objects], probe.stack()
            try:
                set_nomemory(n, n + 1)
                try:
                    call()
                finally:
                    remove_mem_hooks()
            except MemoryError:
                failures += 1
            self.assertEqual(probe.stack(), stack)
            gc.collect()
            leaks.append(sum(sys.getrefcount(item) for item in objects) - sum(counts))
        print(f"{failures} failures", end=" ", flush=True)
        return sum(leaks), failures

    def assert_leaks_no_more(self, operation, objects):
        """CPython 3.11 and 3.12 leak the arguments if there is no memory for a cell, where they clear the frame."""
        for _ in range(2):  # the first round warms caches up, and what is allocated may come from there
            watched, failures = self.leaked(shadow.watch, operation, objects)
            taken_over, more_failures = self.leaked(shadow.run_all, operation, objects)
        self.assertGreater(failures, 0)
        self.assertGreater(more_failures, 0)
        self.assertLessEqual(taken_over, watched if SHADOWS_CLEARED_BY_CPYTHON else 0)

    def test_taken_over_call(self):
        argument = object()
        closure = outer(argument)
        objects = [argument, closure, closure.__code__, closure.__closure__]
        self.assert_leaks_no_more(lambda: closure(argument, argument), objects)

    def test_taken_over_generator(self):
        argument = object()
        objects = [argument, generator, generator.__code__]
        self.assert_leaks_no_more(lambda: list(generator(argument)), objects)

    def test_cell(self):
        """No memory for MAKE_CELL: 3.11 and 3.12 leave the frame as if it were running."""
        argument = object()

        def function(cell):
            if cell is None:
                return lambda: cell

        self.assert_leaks_no_more(lambda: function(argument), [argument, function])

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
        for switch in (shadow.watch, shadow.run_all) * 2:
            outcomes = self.outcomes_of_raising(switch)
            gc.collect()
            counts.append([sys.getrefcount(item) for item in objects])
            self.assertLessEqual(set(outcomes), {LookupError, MemoryError, SystemError})
            self.assertIn(LookupError, outcomes)
            lost[switch] = outcomes.count(SystemError)
        self.assertEqual(counts, counts[:1] * 4)
        print(f"{lost[shadow.watch]} exceptions lost by CPython, {lost[shadow.run_all]} taken over", end=" ", flush=True)
        if SHADOWS_CLEARED_BY_CPYTHON:
            self.assertLessEqual(lost[shadow.run_all], lost[shadow.watch])
        else:
            self.assertLess(lost[shadow.run_all], lost[shadow.watch])


if __name__ == "__main__":
    unittest.main()
