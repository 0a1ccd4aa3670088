"""Threads, interpreters, shutdown, fork, and recursion to the limit, with every eligible frame taken over."""

import os
import sys
import threading
import time
import unittest

import probe
import shadow
from support import IS_DEBUG, FrameTestCase, run_script

# How deep a hook can go: 3.12 and 3.13 count what each level takes of the C stack, two units of so many; from 3.14 on its size
# is the limit.
DEEPEST = {11: 6000, 12: 700, 13: 200 if IS_DEBUG else 3000, 14: 3000, 15: 3000}[sys.version_info.minor]

WORK = """
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

def pairs(n):
    for i in range(n):
        yield from ((i, j) for j in range(i))

def work():
    total = fibonacci(12) + sum(i * j for i, j in pairs(30))
    try:
        raise LookupError(total)
    except LookupError as error:
        kept = error.__traceback__.tb_frame
    add = lambda n: total + n
    return add(len(kept.f_locals))

EXPECTED = work()
"""

INTERPRETER = f"""
import shadow
{WORK}
shadow.run_all(True)
for _ in range(20):
    assert work() == EXPECTED
shadow.run_all(False)
counters = shadow.counters()
assert counters["taken_over"] > 1000, counters
# What was taken over is torn down with the interpreter: leave a generator and a frame behind.
shadow.run_all(True)
left = pairs(10)
next(left)
"""

namespace = {}
exec(WORK, namespace)
work, EXPECTED = namespace["work"], namespace["EXPECTED"]


def interpreters():
    """The module that makes interpreters, if this one has it."""
    try:
        import _interpreters as module
    except ImportError:
        import _xxsubinterpreters as module
    return module


def run_in_new_interpreter(source):
    """Run a program in an interpreter of its own, with its own GIL from 3.12 on; return what went wrong, if anything."""
    module = interpreters()
    new = module.create()
    try:
        problem = module.run_string(new, source)
        return f"{problem}" if problem is not None else None
    except Exception as error:
        return f"{error}"
    finally:
        module.destroy(new)


class Threads(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(shadow.run_all, False)

    def run_threads(self, count, target):
        problems = []

        def guarded(number):
            try:
                target(number)
            except BaseException as problem:
                problems.append(repr(problem))

        threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])

    def test_many_threads_while_the_hook_comes_and_goes(self):
        stop = time.monotonic() + 2
        rounds = [0] * 8
        switches = 0

        def target(number):
            while time.monotonic() < stop:
                self.assertEqual(work(), EXPECTED)
                rounds[number] += 1

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        self.addCleanup(sys.setswitchinterval, interval)
        before = shadow.counters()["taken_over"]
        switcher = threading.Thread(target=self.run_threads, args=(8, target))
        switcher.start()
        while switcher.is_alive():
            shadow.run_all(switches % 2 == 0)
            switches += 1
            time.sleep(0.001)
        switcher.join()
        shadow.run_all(False)
        self.assertGreater(sum(rounds), 0)
        taken = shadow.counters()["taken_over"] - before
        self.assertGreater(taken, 100)
        print(f"{sum(rounds)} rounds, {switches} switches, {taken:,} frames taken over", end=" ", flush=True)

    def test_each_interpreter_has_its_own_hook(self):
        before = shadow.counters()["taken_over"]
        for _ in range(5):
            self.assertIsNone(run_in_new_interpreter(INTERPRETER))
        self.assertEqual(shadow.counters()["taken_over"], before)

    def test_interpreters_come_and_go_while_others_run(self):
        before = shadow.counters()["taken_over"]
        shadow.run_all(True)

        def target(number):
            for _ in range(4):
                if number % 2:
                    self.assertIsNone(run_in_new_interpreter(INTERPRETER))
                else:
                    for _ in range(40):
                        self.assertEqual(work(), EXPECTED)

        self.run_threads(6, target)
        shadow.run_all(False)
        self.assertGreater(shadow.counters()["taken_over"], before)

    def test_daemon_threads_at_shutdown(self):
        """Threads are stopped in the middle of frames that are taken over."""
        source = f"""
import shadow, threading, time
{WORK}
def forever():
    while True:
        assert work() == EXPECTED
shadow.run_all(True)
for _ in range(6):
    threading.Thread(target=forever, daemon=True).start()
time.sleep(0.2)
print("leaving")
"""
        for _ in range(5):
            done = run_script(source)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "leaving\n", ""))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_fork(self):
        source = f"""
import shadow, os, sys
{WORK}
def fork_in_the_middle(depth):
    if depth:
        return fork_in_the_middle(depth - 1)
    child = os.fork()
    assert work() == EXPECTED
    return child
shadow.run_all(True)
child = fork_in_the_middle(200)
assert work() == EXPECTED
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""
        for _ in range(3):
            done = run_script(source, PYTHONWARNINGS="ignore")
            self.assertEqual((done.returncode, done.stderr), (0, ""))


class Recursion(FrameTestCase):
    """In threads of their own, whose C stack is large enough."""

    def in_thread(self, function):
        results = []
        threading.stack_size(1 << 30)
        self.addCleanup(threading.stack_size, 0)
        limit = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, limit)
        sys.setrecursionlimit(100_000)

        def target():
            shadow.run_all(True)
            try:
                results.append(function())
            except BaseException as error:
                results.append(error)
            finally:
                shadow.run_all(False)

        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
        if isinstance(results[0], BaseException):
            raise results[0]
        return results[0]

    def test_a_chunk_for_every_frame(self):
        def descend(depth):
            return descend(depth - 1) + 1 if depth else probe.stack()[-1]

        # A value stack of more than a chunk, so that each frame opens one.
        descend.__code__ = descend.__code__.replace(co_stacksize=3000)
        chunks = self.in_thread(lambda: descend(DEEPEST)) - DEEPEST
        self.assertGreaterEqual(chunks, DEEPEST)
        print(f"{chunks:,} chunks", end=" ", flush=True)

    def test_recursion_error(self):
        def descend(depth):
            return descend(depth + 1)

        def until_it_fails():
            stack = probe.stack()
            for _ in range(3):
                with self.assertRaises(RecursionError):
                    descend(0)
                self.assertEqual(probe.stack(), stack)
            return work()

        limit = sys.getrecursionlimit()
        try:
            sys.setrecursionlimit(2000)
            self.assertEqual(until_it_fails(), EXPECTED)
        finally:
            sys.setrecursionlimit(limit)

    def test_recursion_error_in_generators(self):
        def descend(depth):
            yield depth
            yield from descend(depth + 1)

        stack = probe.stack()
        shadow.run_all(True)
        try:
            with self.assertRaises(RecursionError):
                for _ in descend(0):
                    pass
        finally:
            shadow.run_all(False)
        self.assertEqual(probe.stack(), stack)
        self.assertEqual(work(), EXPECTED)


if __name__ == "__main__":
    unittest.main()
