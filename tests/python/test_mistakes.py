"""A hook that gets the contract of PEP 523 wrong: the process ends with a line that says what is wrong, where it can be told.

Each mistake is made by a client of its own, tests/ext/mistakes.c, in a process of its own.
"""

import sys
import unittest

from support import run_script

# From 3.12 on the evaluator clears and pops each frame that it is given: the shadow frame.
EVALUATOR_POPS_FRAMES = sys.version_info >= (3, 12)
# From 3.13 on it leaves no slots behind in the frame of a generator that has ended.
ENDED_GENERATORS_ARE_EMPTY = sys.version_info >= (3, 13)

POPPED = "THP_PyFrame_Clear: the frame must lie below the top of the thread's data stack: it has been popped already"
ORDER = "THP_PyFrame_Clear: frames must be cleared in reverse order: a hook clears its shadow frame, and not what it was given (3.11)"
ONCE = "THP_PyThreadState_PopFrame: the frame must lie in the chunk in use, below its top: frames are popped once, in reverse order"
LINKED = "THP_PyThreadState_PopFrame: the frame, and what lies above it, must be unlinked first"

PROGRAM = """
import resource, sys
import mistakes
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.setrecursionlimit(5000)

def watched(a, b):
    return a, b

def generator(a, b):
    yield a
    yield b

def deeper(depth):
    return watched(1, 2) if depth == 0 else deeper(depth - 1)

def call():
    {call}

{before}
mistakes.make(mistakes.{mistake}, {code}.__code__)
call()
print("survived", file=sys.stderr)
"""


class MistakesTest(unittest.TestCase):
    def run_with(self, mistake, call="watched(1, 2)", code="watched", before=""):
        return run_script(PROGRAM.format(mistake=mistake, call=call, code=code, before=before), PYTHONFAULTHANDLER="")

    def assert_told(self, rule, mistake, **program):
        done = self.run_with(mistake, **program)
        self.assertEqual(done.returncode, -6, done.stderr)
        self.assertRegex(done.stderr, r"\Apyframe-shim: contract broken: [^\n]*\n\Z")
        self.assertIn(rule, done.stderr)

    def assert_told_at_every_depth(self, rule, mistake):
        """In the middle of a chunk and where the shadow frame, or the frame itself, opens one."""
        for depth in (0, 1, *range(60, 220, 3)):
            with self.subTest(depth=depth):
                self.assert_told(rule, mistake, call=f"deeper({depth})")

    def test_none(self):
        for call, code in (("watched(1, 2)", "watched"), ("list(generator(1, 2))", "watched"), ("deeper(150)", "deeper")):
            done = self.run_with("NONE", call=call, code=code)
            self.assertEqual((done.returncode, done.stderr), (0, "survived\n"))

    def test_roles_swapped(self):
        self.assert_told_at_every_depth(POPPED if EVALUATOR_POPS_FRAMES else ORDER, "SWAPPED")

    @unittest.skipUnless(EVALUATOR_POPS_FRAMES, "on 3.11 the frame that a hook was given looks like a shadow frame that is not run")
    def test_both_cleared_and_popped(self):
        self.assert_told(POPPED, "BOTH")

    def test_both_the_other_way_round(self):
        self.assert_told(POPPED if EVALUATOR_POPS_FRAMES else ORDER, "BOTH_REVERSED")

    @unittest.skipUnless(EVALUATOR_POPS_FRAMES, "on 3.11 the evaluator leaves the frame to its caller, as it leaves a shadow frame")
    def test_what_the_evaluator_has_consumed(self):
        self.assert_told(POPPED, "CONSUMED")

    @unittest.skipUnless(ENDED_GENERATORS_ARE_EMPTY, "up to 3.12 a generator's frame looks the same when the evaluator has cleared it")
    def test_a_generators_frame_that_the_evaluator_has_consumed(self):
        rule = "THP_PyFrame_Clear: the frame must not be cleared already"
        resumed = {"before": "g = generator(1, 2); next(g); next(g)", "code": "generator", "call": "next(g, None)"}
        self.assert_told(rule, "CONSUMED", **resumed)

    def test_popped_twice(self):
        self.assert_told(ONCE, "POPPED_TWICE")

    def test_popped_before_it_is_cleared(self):
        self.assert_told_at_every_depth(POPPED, "POPPED_FIRST")

    def test_the_caller_popped(self):
        self.assert_told(LINKED, "POPPED_CALLER")

    def test_never_cleared(self):
        """Cannot be told from memory that was pushed and never made a frame; what the frame holds is lost."""
        done = self.run_with("NEVER_CLEARED")
        self.assertEqual((done.returncode, done.stderr), (0, "survived\n"))


if __name__ == "__main__":
    unittest.main()
