"""Spare chunks and the chunk cache where a process, an interpreter or the library comes to its end."""

import os
import shutil
import sys
import tempfile
import threading
import time
import unittest

import arenas
from support import IS_DEBUG, KEEPS, USES_WHAT_IS_KEPT, FrameTestCase, run_script
from test_threads import interpreters

PRELUDE = """
import _thread, os, resource, sys, threading
import arenas, probe
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

def nothing():
    pass

def descend(depth):
    return depth and descend(depth - 1)

def use():
    arenas.push_and_pop(50)
    descend(600)
    arenas.calls_at_edge(nothing, 50)
    assert probe.stack()[4] == 1, probe.stack()
"""

# What an interpreter of its own does. It has one of the library's spares, and the process's cache.
WORK = """
import arenas
def nothing():
    pass
def descend(depth):
    return depth and descend(depth - 1)
for _ in range({rounds}):
    arenas.push_and_pop(20)
    descend(300)
    arenas.calls_at_edge(nothing, 100)
"""


class ProcessTestCase(unittest.TestCase):
    def assert_clean(self, program, printed=""):
        done = run_script(PRELUDE + program, PYTHONWARNINGS="ignore")
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", printed), program)


class EndOfTheProcess(ProcessTestCase):
    def test_with_everything_in_use(self):
        for set_up in ("", "arenas.put(0)", "arenas.put(0, True)", "arenas.log(True)"):
            for cache in ("", "arenas.enable(4)", "arenas.enable(4); arenas.put(1)", "arenas.enable(4); use(); arenas.disable()"):
                self.assert_clean(f"{set_up}\n{cache}\nuse()\n")

    def test_with_a_removed_allocator(self):
        """The spare and what the cache holds came from one that is not in use any more."""
        self.assert_clean("arenas.put(0); arenas.enable(4); use(); arenas.reset(); descend(600)")

    def test_at_exit(self):
        self.assert_clean("import atexit; atexit.register(use); arenas.enable(4); atexit.register(arenas.disable); use()")

    def test_from_objects_that_go_last(self):
        self.assert_clean(
            """
class Last:
    def __del__(self, push_and_pop=arenas.push_and_pop, at_edge=arenas.calls_at_edge, nothing=nothing, write=os.write):
        push_and_pop(50)
        at_edge(nothing, 50)
        write(1, b"gone\\n")
sys.last_of_all = Last()
arenas.enable(4)
use()
""",
            "gone\n",
        )

    def test_exit_without_finalization(self):
        """The C library runs what threads do at their end for the main thread, while Python is still initialized."""
        self.assert_clean("import ctypes; arenas.put(0, True); use(); ctypes.CDLL(None).exit(0)")

    def test_daemon_threads(self):
        self.assert_clean(
            """
import time
def forever():
    while True:
        use_in_thread()
def use_in_thread():
    arenas.push_and_pop(50)
    descend(300)
arenas.put(0)
arenas.enable(4)
for _ in range(6):
    threading.Thread(target=forever, daemon=True).start()
time.sleep(0.1)
"""
        )


@unittest.skipUnless(hasattr(os, "fork"), "no fork here")
class Fork(ProcessTestCase):
    def test_fork(self):
        """In the middle of a burst, beside threads that hold spares; the child goes on, and the parent too."""
        for cache in ("", "arenas.enable(4)"):
            self.assert_clean(
                f"""
probe.drop_kept()
arenas.put(0)
{cache}
go_on = threading.Event()
def body():
    arenas.push_and_pop(5)
    go_on.wait()
threads = [threading.Thread(target=body) for _ in range(4)]
for thread in threads:
    thread.start()
def fork_below(depth):
    if depth:
        return fork_below(depth - 1)
    frame = arenas.push(1040)
    child = os.fork()
    use_here()
    arenas.pop(frame)
    return child
def use_here():
    arenas.push_and_pop(50)
    descend(300)
    arenas.calls_at_edge(nothing, 50)
use()
for depth in (0, 100):
    child = fork_below(depth)
    use()
    if not child:
        arenas.disable()
        use()
        sys.exit(arenas.counts(0)[3] + arenas.statistics()[1])
    status = os.waitpid(child, 0)[1]
    assert status == 0, status
go_on.set()
for thread in threads:
    thread.join()
arenas.disable()
assert arenas.comes_to(0, {1 + (KEEPS and not USES_WHAT_IS_KEPT)}), arenas.counts(0)
assert arenas.counts(0)[3] == 0, arenas.counts(0)
"""
            )


class Interpreters(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(arenas.reset)
        self.addCleanup(arenas.disable)
        arenas.push_and_pop(1)

    def run_in_new(self, legacy, source):
        module = interpreters()
        if sys.version_info >= (3, 13):
            new = module.create("legacy" if legacy else "isolated")
        else:
            new = module.create(isolated=not legacy)
        try:
            return module.run_string(new, source)
        finally:
            module.destroy(new)

    def test_one_after_the_other(self):
        """In the same thread, whose spare serves them all."""
        for legacy in (False, True):
            with self.subTest(legacy=legacy):
                arenas.put(0)
                arenas.enable(4)
                for _ in range(3):
                    self.assertIsNone(self.run_in_new(legacy, WORK.format(rounds=3)))
                arenas.disable()
                strangers = arenas.counts(0)[3]
                arenas.reset()
                self.assertEqual(strangers, 0)

    def test_at_once(self):
        """In threads of their own, with GILs of their own from 3.12 on, while the cache is enabled, resized and disabled."""
        arenas.put(0)
        problems, ended = [], []

        def body(legacy):
            try:
                problem = self.run_in_new(legacy, WORK.format(rounds=20 if IS_DEBUG else 60))
                if problem is not None:
                    problems.append(problem)
            except BaseException as problem:
                problems.append(problem)
            finally:
                ended.append(legacy)

        began = arenas.statistics()
        threads = [threading.Thread(target=body, args=(number == 3,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while len(ended) < len(threads):
            if not KEEPS:
                arenas.flicker(20)
            for chunks in (4, 2, 9):
                arenas.enable(chunks)
            # On 3.11 one interpreter's threads do not ask for the GIL that another's holds.
            time.sleep(0.0005)
        for thread in threads:
            thread.join()
        arenas.disable()
        balanced = arenas.comes_to(0, 0)
        counts, statistics = arenas.counts(0), arenas.statistics()
        self.assertEqual(problems, [])
        self.assertTrue(balanced, counts)
        self.assertEqual(statistics[:2], (0, 0))
        self.assertEqual(counts[3], 0)
        if not KEEPS:
            self.assertGreater(statistics[2], began[2])
        print(f"{counts[0]:,} chunks, {statistics[2] - began[2]:,} hits", end=" ", file=sys.stderr, flush=True)


class Unloading(unittest.TestCase):
    """A copy of an extension that holds the static library, opened and closed with no interpreter's help."""

    def assert_ends(self, program, printed):
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "copy_of_arenas.so")
            shutil.copy(arenas.__file__, copy)
            done = run_script(
                PRELUDE
                + f"""
import ctypes, _ctypes
def loaded():
    with open("/proc/self/maps") as maps:
        return "copy_of_arenas" in maps.read()
copy = ctypes.PyDLL({copy!r})
close = lambda: _ctypes.dlclose(copy._handle)
assert loaded()
{program}
"""
            )
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", printed))

    def test_unused(self):
        self.assert_ends("close(); print(loaded())", "False\n")

    @unittest.skipIf(KEEPS, "this CPython keeps a chunk itself, and the cache does nothing")
    def test_with_the_cache(self):
        """It has given its functions away, and stays."""
        self.assert_ends("copy.arenas_enable(4); close(); print(loaded()); use()", "True\n")

    def test_while_a_thread_has_a_spare(self):
        self.assert_ends(
            """
parked, go_on = threading.Event(), threading.Event()
def body():
    copy.arenas_push_and_pop(5)
    parked.set()
    go_on.wait()
arenas.put(0)
thread = threading.Thread(target=body)
thread.start()
parked.wait()
close()
print(loaded())
go_on.set()
thread.join()
print(arenas.comes_to(0, 0))
""",
            f"{not USES_WHAT_IS_KEPT}\nTrue\n",
        )

    def test_while_the_main_thread_has_a_spare(self):
        stays = f"{not USES_WHAT_IS_KEPT}\n"
        self.assert_ends("copy.arenas_push_and_pop(5); close(); print(loaded()); use()", stays)


if __name__ == "__main__":
    unittest.main()
