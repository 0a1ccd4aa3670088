"""Taking frames over in many threads, and in more than one interpreter."""

import sys
import threading
import unittest

import probe
import samples
import shadow
from support import FrameTestCase, run_script
from takeover import asked, everything, passed_on

if sys.version_info >= (3, 13):
    INTERPRETERS = "_interpreters"
else:
    INTERPRETERS = "_xxsubinterpreters"

# From 3.12 on an interpreter may have a GIL of its own.
CONFIGURATIONS = {
    11: ["create(isolated=True)", "create(isolated=False)"],
    12: ["create(isolated=True)", "create(isolated=False)"],
    13: ["create('isolated')", "create('legacy')"],
}[min(sys.version_info.minor, 13)]


def make_code(n):
    """Frames of many sizes, so that chunks are pushed and popped at different times."""
    names = ", ".join(f"a{i}" for i in range(n))
    space = {}
    exec(f"def f(depth, {names}):\n return f(depth - 1, {names}) + [a0] if depth else [{names}]", space)
    return lambda depth: space["f"](depth, *range(n))


WIDE = [make_code(n) for n in (1, 30, 90)]


def work(results, rounds):
    for _ in range(rounds):
        results += [repr(function()) for function in samples.SAMPLES]
        results += [str(wide(20)) for wide in WIDE]
    results.append(probe.stack()[-1])


class ThreadsTest(FrameTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-5)

    def run_threads(self, count=8, rounds=3, meanwhile=None):
        expected = []
        work(expected, rounds)
        collected = [[] for _ in range(count)]
        threads = [threading.Thread(target=work, args=(results, rounds)) for results in collected]
        for thread in threads:
            thread.start()
        while meanwhile and any(thread.is_alive() for thread in threads):
            meanwhile()
        for thread in threads:
            thread.join()
        for results in collected:
            self.assertEqual(results[:-1], expected[:-1])
            self.assertEqual(results[-1], 1, "chunks are left")

    def test_taken_over(self):
        with everything() as counts:
            self.run_threads()
        self.assertGreater(counts["taken_over"], 8 * 3 * 200)
        self.assertEqual(counts["seen"], counts["taken_over"] + passed_on(counts))

    def test_switched_on_and_off(self):
        states = [True, False]

        def switch():
            shadow.run_all(states[0])
            states.reverse()
            threading.Event().wait(0.0005)

        self.addCleanup(shadow.run_all, False)
        with everything() as counts:
            self.run_threads(meanwhile=switch)
        self.assertGreater(counts["taken_over"], 100)

    def test_callback_in_all_threads(self):
        def own(a):
            return "own", a

        def other(a):
            return "other", a

        def call():
            seen.extend(own(i) for i in range(200))

        seen = []
        with asked(own.__code__, lambda view: other.__code__ if view.locals["a"] % 2 else None, True):
            threads = [threading.Thread(target=call) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        expected = [(("own", "other")[i % 2], i) for i in range(200)]
        self.assertEqual(sorted(seen), sorted(expected * 8))

    def test_exception_in_a_thread(self):
        frames = []

        def inner(a):
            frames.append(sys._getframe())
            raise LookupError(a)

        def target(a):
            try:
                inner(a)
            except LookupError as error:
                frames.append(error.__traceback__.tb_next.tb_frame)

        with everything():
            for a in range(5):
                thread = threading.Thread(target=target, args=(a,))
                thread.start()
                thread.join()
        self.assertEqual(len(frames), 10)
        for a in range(5):
            frame, same = frames[2 * a : 2 * a + 2]
            self.assertIs(frame, same)
            self.assertEqual(frame.f_locals["a"], a)
            names = []
            while frame is not None:
                names.append(frame.f_code.co_name)
                frame = frame.f_back
            self.assertEqual(names[:3], ["inner", "target", "run"])


try:
    __import__(INTERPRETERS)
    missing = None
except ImportError:
    missing = f"this build has no {INTERPRETERS}"

WITHIN = """
import shadow, sys
def f(a, *b, c=3):
    def g(): return a, b, c
    return g()
def r(n): return r(n + 1)
shadow.run_all(True)
assert f(1, 2) == (1, (2,), 3)
assert list(x for x in map(lambda x: x + 1, range(3))) == [1, 2, 3]
try:
    r(0)
except RecursionError:
    pass
else:
    raise SystemError
shadow.run_all(%s)
counts = shadow.counters()
assert counts["taken_over"] > 50, counts
"""

AGAIN = """
before = shadow.counters()["taken_over"]
assert f(5) == (5, (), 3)
assert shadow.counters()["taken_over"] - before == %d
"""

MAIN = """
import shadow, {module} as interpreters
def f(a): return a
def run(identity, source):
    failure = interpreters.run_string(identity, source)
    assert failure is None, failure
for leave_on in (False, True):
    for within_main in (False, True):
        shadow.run_all(within_main)
        identity = interpreters.{create}
        run(identity, {within!r} % leave_on)
        for _ in range(3):  # back and forth
            before = shadow.counters()["taken_over"]
            assert f(1) == 1
            assert shadow.counters()["taken_over"] - before == within_main
            run(identity, {again!r} % (2 * leave_on))
        interpreters.destroy(identity)
        assert f(2) == 2
        shadow.run_all(False)
        before = shadow.counters()
        f(3)
        assert shadow.counters() == before
print("done")
"""


@unittest.skipIf(missing, missing)
class InterpretersTest(FrameTestCase):
    def test_each_on_its_own(self):
        for create in CONFIGURATIONS:
            with self.subTest(create):
                source = MAIN.format(module=INTERPRETERS, create=create, within=WITHIN, again=AGAIN)
                result = run_script(source, PYTHONFAULTHANDLER="1")
                self.assertEqual((result.returncode, result.stdout), (0, "done\n"), result.stderr)


if __name__ == "__main__":
    unittest.main()
