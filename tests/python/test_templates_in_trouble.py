"""Templates where there is no memory, where finalizers run inside the call, in other interpreters, and as all of it ends."""

import gc
import itertools
import os
import subprocess
import sys
import types
import unittest

import probe
import templates
from fresh_dicts import FreshDictTestCase, Thing, exactly, here
from support import IS_DEBUG, run_script

MOST = 100  # allocations that one call may make
ROUNDS = 10  # in which nothing may fail but calls, before that is wrong
RUNS = itertools.cycle("ab")  # names that the run before has not used, and not ever more of them
COLLECTS_INSIDE = sys.version_info < (3, 12)  # allocating may run the collector, and with it anything


def names(a, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11):
    return here()


def of_its_own(last="k"):
    """The same with another name, so that no template fits that is known for others."""
    code = names.__code__.replace(co_varnames=(*names.__code__.co_varnames[:-1], last))
    return types.FunctionType(code, globals(), None, names.__defaults__)


class NoMemory(FreshDictTestCase):
    """Each allocation of each call fails once: the one that learns and the one that copies too."""

    WAYS = {"mapping": probe.mapping, "merged": lambda frame: probe.fast_to_locals(frame)[0]}

    def read(self, way, frame, failing=None):
        """What is answered, and whether an allocation failed."""
        raw = probe.frame_of(frame)
        probe.drop_f_locals(raw)
        if failing is None:
            answer = self.WAYS[way](raw)
        else:
            probe.fail_allocation(failing)
            try:
                answer = self.WAYS[way](raw)
            except MemoryError:
                self.assertTrue(probe.allocation_failed())
                answer = None
        probe.drop_f_locals(raw)
        return answer, failing is not None and probe.allocation_failed()

    def allocations(self, way, frame):
        for number in range(MOST):
            if not self.read(way, frame, number)[1]:
                return number
        self.fail("it never succeeds")

    def test_every_call(self):
        """Whichever allocation of whichever of the first calls fails; whether one is made for learning depends on the place."""
        run = next(RUNS)
        for way in self.WAYS:
            kept, failures, errors = [], 0, 0  # each function at an address of its own
            for _ in range(ROUNDS):
                if failures > errors:
                    break
                for calls_before in range(4):
                    failed, without = self.fail_each(way, f"{way}_{run}_{calls_before}", calls_before, kept)
                    failures, errors = failures + failed, errors + without
            print(f"{way}: {failures} failures, {errors} errors", end=" ", flush=True)
            self.assertGreater(failures, errors, "learning may fail without anybody noticing")
            self.assertGreater(errors, 0)

    def fail_each(self, way, name, calls_before, kept):
        """How many allocations of the next call have failed, one at a time, and how often that was an error."""
        errors = 0
        for failing in range(MOST):
            value = Thing()
            function = of_its_own(f"{name}_{failing}")
            frame = function(value)
            kept.append(function)
            for _ in range(calls_before):
                self.read(way, frame)
            watched = [value, function.__code__]
            before = [sys.getrefcount(item) for item in watched]
            answer, failed = self.read(way, frame, failing)
            if answer is not None:
                self.assertEqual(exactly(answer), exactly(templates.inserted(frame)))
                templates.mapping(frame)
            errors += answer is None
            del answer
            self.assertEqual([sys.getrefcount(item) for item in watched], before)
            for _ in range(3):
                answer = self.read(way, frame)[0]
                self.assertEqual(exactly(answer), exactly(templates.inserted(frame)))
                templates.mapping(frame)
            del answer
            if not failed:
                return failing, errors
        self.fail("it never succeeds")

    def test_right_again(self):
        """Without memory once, known afterwards."""
        for way in self.WAYS:
            function = of_its_own(f"{way}_first")
            frame = function(1)
            for _ in range(4):
                self.read(way, frame)
            copying = self.allocations(way, frame)
            other = of_its_own(f"{way}_second")(1)
            for failing in range(8):
                self.read(way, other, failing)
            for _ in range(4):
                self.read(way, other)
            self.assertEqual(self.allocations(way, other), copying)


@unittest.skipUnless(COLLECTS_INSIDE, "from 3.12 on nothing runs inside of an allocation")
class CollectedInside(FreshDictTestCase):
    def test_finalizers_that_ask_for_the_same(self):
        """At every place where an allocation may run the collector: the frame, the code and the table change under the call."""
        asked, stored = [], []

        class Finalized:
            def __init__(self, action):
                self.itself, self.action = self, action

            def __del__(self):
                self.action()

        def ask_again(frame):
            for other in (frame, of_its_own("other")("other"), frame):
                for _ in range(4):
                    answer = templates.mapping(other)
                    asked.append(exactly(answer) == exactly(templates.inserted(other)))
                    templates.mapping(other)

        def store(frame):
            asked.append(True)
            stored.append({"a": "stored"})
            probe.set_f_locals(probe.frame_of(frame), stored[-1])

        def rebind(frame):
            asked.append(True)
            probe.set_slot(probe.frame_of(frame), 0, "rebound")

        def unbind(frame):
            asked.append(True)
            probe.set_slot(probe.frame_of(frame), 3, ...)

        def clear(frame):
            asked.append(True)
            frame.clear()

        threshold = gc.get_threshold()
        self.addCleanup(gc.set_threshold, *threshold)
        for action in (ask_again, store, rebind, unbind, clear):
            for read in (templates.mapping, templates.merged):
                before = len(asked)
                for calls_before in range(4):
                    for allocations in range(1, 12):
                        frame = of_its_own(f"last_{allocations}")(Thing())
                        gc.set_threshold(0)
                        for _ in range(calls_before):
                            read(frame)
                        gc.collect()
                        Finalized(lambda: action(frame))
                        gc.set_threshold(gc.get_count()[0] + allocations)
                        answer = read(frame)
                        gc.set_threshold(0)
                        for name, value in answer.items():
                            self.assertIn(name, frame.f_code.co_varnames)
                            self.assertIn(type(value), (Thing, int, str))
                        del answer
                        templates.mapping(frame)  # lets go of what is stored
                        self.assertEqual([sys.getrefcount(item) for item in stored], [3] * len(stored))
                        stored.clear()
                        for _ in range(3):
                            self.assert_as_inserted(frame, read(frame))
                self.assertGreater(len(asked), before, f"{action.__name__} has never run")
        gc.set_threshold(*threshold)
        self.assertEqual(set(asked), {True})


INTERPRETER = """
import gc, sys
import templates

def names(a, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11):
    return sys._getframe()

code = names.__code__
for value in range(30):
    frame = names([value])
    for read in (templates.mapping, templates.merged):
        answer = read(frame)
        assert list(answer) == list(code.co_varnames), list(answer)
        assert answer["a"] == [value] and answer["k"] == 11, answer
        answer["a"] = answer["new"] = None
"""

MEASURED = (
    INTERPRETER
    + """
sizes = [templates.measured(frame, False)[1] for _ in range(5)]
assert COPIED is all(len(size) == 1 for size in sizes), sizes
"""
)

# Interpreters of both kinds: with the main one's GIL, and from 3.12 on with one of their own.
INTERPRETERS = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

def new(isolated):
    if hasattr(interpreters, "new_config"):
        return interpreters.create("isolated" if isolated else "legacy")
    return interpreters.create(isolated=isolated)

def run(source, isolated, name="source"):
    made = new(isolated)
    try:
        problem = interpreters.run_string(made, "import sys; sys.path[:] = " + repr(sys.path) + source)
        assert problem is None, problem
    finally:
        interpreters.destroy(made)
"""


class Interpreters(FreshDictTestCase):
    def run_program(self, source, output=""):
        done = run_script(source)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, output, ""))

    def test_only_the_main_one_has_templates(self):
        self.run_program(
            f"{INTERPRETERS}\nMEASURED = {MEASURED!r}\n"
            "exec(MEASURED, {'COPIED': True})\n"
            "for isolated in (False, True) * 3:\n"
            "    run('\\nCOPIED = False\\n' + MEASURED, isolated)\n"
            "    exec(MEASURED, {'COPIED': True})\n"
        )

    def test_only_others_ask(self):
        self.run_program(f"{INTERPRETERS}\nSOURCE = {INTERPRETER!r}\nfor isolated in (False, True) * 5: run('\\n' + SOURCE, isolated)")

    def test_all_at_once(self):
        self.run_program(
            f"{INTERPRETERS}\nSOURCE = {INTERPRETER!r}\n"
            "import threading\n"
            "def work(number):\n"
            "    for _ in range(5):\n"
            "        exec(SOURCE, {}) if number % 2 else run('\\n' + SOURCE, number % 4 == 0)\n"
            "    done.append(number)\n"
            "done = []\n"
            "threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]\n"
            "for thread in threads: thread.start()\n"
            "for thread in threads: thread.join()\n"
            "print(sorted(done))",
            "[0, 1, 2, 3, 4, 5]\n",
        )

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_fork(self):
        self.run_program(
            f"SOURCE = {MEASURED!r}\nCOPIED = True\nimport os\nexec(SOURCE)\nchild = os.fork()\nexec(SOURCE)\n"
            "if child:\n    assert os.waitpid(child, 0)[1] == 0\n    exec(SOURCE)\n"
        )

    def test_asked_until_the_end(self):
        """By finalizers of what dies with the interpreter, when most of it is gone."""
        self.run_program(
            f"{MEASURED.replace('COPIED', 'True')}\nimport os\n"
            "class Late:\n"
            "    def __init__(self):\n"
            "        self.read, self.frame, self.names = templates.mapping, frame, list(code.co_varnames)\n"
            "        self.write, self.list, self.five = os.write, list, [1] * 5\n"
            "    def __del__(self):\n"
            "        for _ in self.five: assert self.list(self.read(self.frame)) == self.names\n"
            "        self.write(1, b'asked\\n')\n"
            "late, sys.late = Late(), Late()\nlate.itself = late\n",
            "asked\nasked\n",
        )

    @unittest.skipUnless(IS_DEBUG, "only debug builds count references to the end")
    def test_nothing_outlives_the_interpreter(self):
        choice = "(templates.mapping, templates.merged) if sys.argv[1] == 'copied' else (templates.inserted,) * 2"
        source, counts = INTERPRETER.replace("(templates.mapping, templates.merged)", f"({choice})"), []
        for way in ("inserted", "copied"):
            python = os.environ.get("TEST_PYTHON", sys.executable)
            command = [python, "-X", "showrefcount", "-c", source, way]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            counts.append(done.stderr)
        self.assertIn(" refs, ", counts[0])
        self.assertEqual(*counts)


if __name__ == "__main__":
    unittest.main()
