"""Leaks that the hunt has to find. Not collected as tests."""

import unittest

import faults

KEPT = object()


class Leaks(unittest.TestCase):
    def leak_reference(self):
        faults.leak_reference(KEPT)

    def leak_block(self):
        faults.leak_block(None)

    def leak_nothing(self):
        pass
