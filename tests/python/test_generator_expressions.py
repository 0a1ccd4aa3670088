"""Generator expressions: on 3.15 a RESUME, a LOAD_FAST and a GET_ITER stand before RETURN_GENERATOR, so that iterating fails early."""

import dis
import gc
import sys
import types
import unittest

import api
import probe
from hooking import everything
from other_code import bigger, copied
from support import EMPTY, FrameTestCase

STARTS_EARLY = sys.version_info >= (3, 15)
BEHIND = 1 if sys.version_info >= (3, 13) else 0  # how far behind an instruction the pointer stands, once that has executed


def outer(kept):
    return (item + kept for item in (1, 2, 3) if (lambda: item)())


def code_of(function):
    (code,) = (constant for constant in function.__code__.co_consts if isinstance(constant, types.CodeType))
    return code


CODE = code_of(outer)
# The one behind RETURN_GENERATOR, in code units.
OFFSETS = [(instruction.opname, instruction.offset) for instruction in dis.get_instructions(CODE)]
NAMES = [name for name, _ in OFFSETS]
RESUME = next(offset for name, offset in OFFSETS[NAMES.index("RETURN_GENERATOR") :] if name == "RESUME")


def expression(kept=10):
    """A function whose code is the expression's."""
    return types.FunctionType(CODE, {}, closure=(types.CellType(kept),))


class GeneratorExpressions(FrameTestCase):
    def test_the_prefix(self):
        self.assertEqual(api.body_offset(CODE), RESUME)
        first = next(offset for name, offset in OFFSETS if name == "RESUME")
        self.assertEqual(first < RESUME, STARTS_EARLY)

    def test_taken_over(self):
        expected = [list(outer(10)) for _ in range(3)]
        for make in (None, copied, bigger):
            with everything(make) as counts:
                found = [list(outer(10)) for _ in range(3)]
            self.assertEqual(found, expected)
            self.assertEqual(counts["refused"], 0)

    def test_what_cannot_be_iterated(self):
        def fail():
            return list(1 for _ in 5)  # noqa: C419

        with everything(copied), self.assertRaises(TypeError):
            fail()

    def test_one_that_has_not_begun(self):
        generator = outer(10)
        frame = probe.generator_frame(generator)
        self.assertEqual(probe.get_locals(frame, False)[0] | {".0": None}, {".0": None, "kept": 10})
        self.assertEqual(probe.mapping(frame) | {".0": None}, {".0": None, "kept": 10})
        self.assertGreaterEqual(api.stack_depth(api.from_generator(generator)), STARTS_EARLY)
        self.assertEqual(list(generator), [11, 12, 13])

    def test_a_dead_frame(self):
        """It stands behind its RESUME, with its cells made and its free variables copied."""
        dead = probe.never_run(expression(), (iter([1]),), True, True)
        self.assertEqual(dead.f_lasti, RESUME + 2 * BEHIND)
        self.assertEqual(dict(dead.f_locals) | {".0": None}, {".0": None, "kept": 10})
        slots = probe.info(probe.frame_of(dead))["slots"]
        self.assertEqual([type(slot[0]).__name__ for slot in slots if slot is not EMPTY].count("cell"), 2)
        del dead
        gc.collect()

    def test_refused(self):
        """A hook that does not run it, before its first step and in the middle."""
        for steps in (0, 1):
            generator = outer(10)
            for _ in range(steps):
                next(generator)

            def refuse(frame):
                raise LookupError(frame)

            probe.hook(CODE, refuse)
            try:
                with self.assertRaises(LookupError):
                    next(generator)
            finally:
                probe.unhook()
            self.assertEqual(list(generator), [])


if __name__ == "__main__":
    unittest.main()
