"""The opcode cache table against what the running interpreter says of its own opcodes."""

import dis
import json.decoder
import opcode
import sys
import types
import typing
import unittest

import probe

TABLE = probe.opcode_caches()
CACHE = 0
# Before 3.13 opcode lists its cache entries by number; 3.13 has a dict by name.
ENTRIES_BY_NAME = sys.version_info >= (3, 13)
HAS_INSTRUMENTED = sys.version_info >= (3, 12)


def expected_caches(name, number):
    """What `opcode` says of an opcode that the compiler emits."""
    entries = opcode._inline_cache_entries
    return entries.get(name, 0) if ENTRIES_BY_NAME else entries[number]


def code_objects(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_objects(constant)


def library_code():
    """Every code object in the source of the modules that are loaded."""
    for module in list(sys.modules.values()):
        get = getattr(getattr(module, "__loader__", None), "get_code", None)
        if getattr(module, "__spec__", None) and get:
            code = get(module.__spec__.name)
            if code:
                yield from code_objects(code)


def steps(units, caches=TABLE):
    """The offsets of the instructions, as a client steps over them."""
    offset = 0
    while offset < len(units):
        yield offset
        offset += 2 * (1 + caches[units[offset]])


class TableTest(unittest.TestCase):
    def test_size(self):
        self.assertEqual(len(TABLE), 256)

    def test_every_opcode(self):
        with_caches = 0
        for name, number in opcode.opmap.items():
            if number < 256:
                with self.subTest(name):
                    self.assertEqual(TABLE[number], expected_caches(name, number))
                    with_caches += TABLE[number] > 0
        self.assertGreater(with_caches, 10)

    def test_named_ones(self):
        """Written down here, so that the test does not hang on one private list."""
        counts = {"LOAD_GLOBAL": (5, 4, 4, 4, 4), "BINARY_OP": (1, 1, 1, 5, 5), "RESUME": (0, 0, 0, 0, 1), "CACHE": (0,) * 5,
                  "MAKE_CELL": (0,) * 5, "CALL": (4, 3, 3, 3, 3), "LOAD_ATTR": (4, 9, 9, 9, 9), "STORE_ATTR": (4,) * 5}  # fmt: skip
        for name, by_minor in counts.items():
            with self.subTest(name):
                self.assertEqual(TABLE[opcode.opmap[name]], by_minor[sys.version_info.minor - 11])

    def test_specialized_ones(self):
        """Their entries are zero, as in CPython's table: a client goes through the base opcode."""
        specialized = {number: name for name, number in dis._all_opmap.items() if name in dis.deoptmap}
        self.assertGreater(len(specialized), 50)
        for number, name in specialized.items():
            with self.subTest(name):
                self.assertEqual(TABLE[number], 0)

    def test_numbers_that_are_no_opcode(self):
        known = set(dis._all_opmap.values())
        for number in set(range(256)) - known:
            with self.subTest(number=number):
                self.assertEqual(TABLE[number], 0)

    @unittest.skipUnless(HAS_INSTRUMENTED, "instrumented opcodes came with 3.12")
    def test_instrumented_ones(self):
        instrumented = [number for name, number in dis._all_opmap.items() if name.startswith("INSTRUMENTED_")]
        self.assertGreater(len(instrumented), 5)
        self.assertEqual({TABLE[number] for number in instrumented}, {0})


class VariablesTest(unittest.TestCase):
    def test_writable_and_reset(self):
        probe.overwrite_caches()
        self.assertEqual(probe.opcode_caches(), TABLE)

    def test_reset_when_nothing_was_written(self):
        for _ in range(3):
            probe.overwrite_caches()
        self.assertEqual(len(probe.opcode_caches()), 256)


class SteppingTest(unittest.TestCase):
    def test_over_the_loaded_library(self):
        """What is skipped is caches and nothing else is."""
        count = 0
        for code in library_code():
            units = code.co_code
            at = set(steps(units))
            for offset in range(0, len(units), 2):
                if (units[offset] == CACHE) == (offset in at):
                    self.fail(f"{code}: misaligned at {offset}")
            count += 1
        self.assertGreater(count, 1000)

    def test_as_dis_does(self):
        for module in (dis, typing, json.decoder, unittest.case):
            code = module.__loader__.get_code(module.__spec__.name)
            for part in code_objects(code):
                self.assertEqual(list(steps(part.co_code)), [instruction.offset for instruction in dis.get_instructions(part)])

    def test_over_specialized_code(self):
        """With each opcode turned into its base first."""
        base = {dis._all_opmap[name]: dis._all_opmap[plain] for name, plain in dis.deoptmap.items()}
        caches = bytes(TABLE[base.get(number, number)] for number in range(256))

        def work(a, b):
            total = 0
            for i in range(a):
                total += i * b + len(str(i))
                self.here = (total, [i][0])
            return total

        for _ in range(20):
            work(30, 2)
        units = work.__code__._co_code_adaptive
        self.assertNotEqual(units, work.__code__.co_code, "the test wants code that has been specialized")
        self.assertTrue(set(units[::2]) & set(base))
        self.assertEqual(list(steps(units, caches)), list(steps(work.__code__.co_code)))

    def test_a_wrong_table_is_found_out(self):
        """The comparison above is not blind: one entry off, and the steps go astray."""
        code = json.decoder.JSONDecoder.decode.__code__.co_code
        for number in {code[offset] for offset in list(steps(code))[:-1]}:
            wrong = bytearray(TABLE)
            wrong[number] += 1
            self.assertNotEqual(list(steps(code, wrong)), list(steps(code)))


if __name__ == "__main__":
    unittest.main()
