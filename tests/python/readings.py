"""The ways to ask the shim for a frame's locals, and what their answers are compared with."""

import sys

import probe
from support import FrameTestCase

INLINES = sys.version_info >= (3, 12)  # comprehensions (PEP 709)
PROXIES = sys.version_info >= (3, 13)  # frame.f_locals of a function (PEP 667)
MERGES = not PROXIES  # the cells of a class body into its namespace; from 3.13 on CPython leaves it alone
HOOKED_AT = 0 if PROXIES else -1  # the instruction pointer of a frame that has not started, in code units
AFTER_FIRST = 1 if PROXIES else 0  # and once its first instruction has executed

WAYS = {
    "mapping": probe.mapping,
    "fast_to_locals": lambda frame: probe.fast_to_locals(frame)[0],
    "get_locals": lambda frame: probe.get_locals(frame, False)[0],
    "get_locals with hidden": lambda frame: probe.get_locals(frame, True)[0],
    "get_locals with NULL": probe.get_locals_quietly,
}


def frame_here(depth=1):
    """The interpreter frame of the caller, or of one further out."""
    return probe.frame_of(sys._getframe(depth))


class LocalsTestCase(FrameTestCase):
    def assert_same_locals(self, ours, theirs):
        """The same names with the same objects."""
        self.assertEqual(sorted(ours), sorted(theirs))
        for name, value in theirs.items():
            self.assertIs(ours[name], value, name)

    def assert_all_ways(self, frame, expected):
        for way, read in WAYS.items():
            with self.subTest(way=way):
                self.assert_same_locals(read(frame), expected)
