"""Putting the library in the place of PyTorch's own functions."""

import os
import pathlib
import sys

from . import _native, dropin
from .errors import PyFrameShimError, TooLate, UnsupportedPlatform
from .torch_release import LIBRARY, Torch

START = "PYFRAME_SHIM_START"

_installed = False


def installed():
    """Whether install() has succeeded in this process."""
    return _installed


def start_folder():
    """What PYFRAME_SHIM_START has to be for children to install the library too."""
    return str(pathlib.Path(os.path.realpath(__file__)).parent.parent)


def check():
    """The PyTorch that the library can be installed for; or an error that says why there is none."""
    if sys.platform != "linux":
        raise UnsupportedPlatform(
            f"on {sys.platform} a library's calls cannot be answered by another: build PyTorch with this library, or use Linux"
        )
    if "torch" in sys.modules or _native.loaded(LIBRARY.encode()):
        raise TooLate(
            "PyTorch is loaded already, and its calls are bound to its own functions; call pyframe_shim.install() before "
            "the first `import torch`, or run the program with `python -m pyframe_shim run`"
        )
    torch = Torch.find()
    torch.require_fit()
    return torch


def install(strict=True, children=True):
    """Have PyTorch, which is not imported yet, call this library's functions instead of its own.

    Returns True. If it cannot be done: a PyFrameShimError that says why and what to do, or False if not `strict`. With
    `children`, Python processes that are started from now on, with this installation, do the same; one that cannot
    goes on without. Not to be undone.
    """
    global _installed
    try:
        if not _installed:
            check()
            dropin.promote()
            _installed = True
    except PyFrameShimError:
        if strict:
            raise
        return False
    if children:
        os.environ[START] = start_folder()
    return True


def bound_symbols():
    """For each symbol of the drop-in set that the loaded PyTorch uses, the file whose definition it is bound to.

    Read from the slots that the loader has filled. None if no PyTorch is loaded.
    """
    found = _native.loaded(LIBRARY.encode())
    if found is None:
        return None
    path, place = found
    names, bound = dropin.symbols(), {}
    for name, offset in _native.references(path):
        if name in names and bound.get(name, dropin.PATH) == dropin.PATH:
            # Of several slots of a name, one that leads elsewhere is the one to tell of.
            bound[name] = os.fsdecode(_native.bound(place + offset) or b"?")
    return bound
