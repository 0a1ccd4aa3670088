"""Torch's slots for the functions of the library, switched between its own definitions and ours while the process runs.

For measuring only: what a process compares with itself does not depend on where things lie in memory.
"""

import ctypes
import mmap
import os

import pyframe_shim
from pyframe_shim import _native, dropin
from pyframe_shim.torch_release import LIBRARY

PAGE = mmap.PAGESIZE
WRITABLE = mmap.PROT_READ | mmap.PROT_WRITE


class Slots:
    """The slots of a torch that the library is installed for."""

    def __init__(self):
        path = _native.loaded(LIBRARY.encode())
        libc, own, ours = ctypes.CDLL(None), ctypes.CDLL(os.fsdecode(path)), ctypes.CDLL(dropin.PATH)
        self.targets = {}
        for name, slot, _ in _native.slots(LIBRARY.encode()):
            # The tables are read when torch is imported; only calls can change sides.
            if name not in pyframe_shim.counters():
                continue
            sides = [address(library[name]) for library in (own, ours)]
            assert sides[0] != sides[1] and read(slot).value == sides[1], f"{name} is not bound to the library"
            # The loader has made the slots read-only when it had filled them.
            assert libc.mprotect(ctypes.c_void_p(slot // PAGE * PAGE), ctypes.c_size_t(PAGE), WRITABLE) == 0, name
            self.targets[slot] = sides
        assert self.targets, "torch has no slot for any function of the library"

    def use(self, side):
        """Have torch call its own functions (0) or the library's (1)."""
        for slot, sides in self.targets.items():
            read(slot).value = sides[side]


def read(slot):
    return ctypes.c_void_p.from_address(slot)


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value
