"""Putting the library in the place of PyTorch's own functions."""

import os
import pathlib
import sys

from _pyframe_shim_start import START, BeforeTorch

from . import _native, dropin
from .errors import PyFrameShimError, TooLate, UnsupportedPlatform
from .torch_release import LIBRARY, Torch

_installed = False


def installed():
    """Whether install() has succeeded in this process."""
    return _installed


def start_folder():
    """What PYFRAME_SHIM_START has to be for children to install the library too."""
    # Not where the file itself may be linked to: some installers link each one to a cache.
    return os.path.realpath(pathlib.Path(__file__).parent.parent)


def check():
    """Raise if there is no PyTorch that the library can be installed for: the error says why."""
    if sys.platform != "linux":
        raise UnsupportedPlatform(
            f"on {sys.platform} a library's calls cannot be answered by another: build PyTorch with this library, or use Linux"
        )
    if "torch" in sys.modules or _native.loaded(LIBRARY.encode()):
        raise TooLate(
            "PyTorch is loaded already, and its calls are bound to its own functions; call pyframe_shim.install() before "
            "the first `import torch`, or run the program with `python -m pyframe_shim run`"
        )
    Torch.find().require_fit()


def guard(spec):
    """Raise if the PyTorch that is about to be imported does not fit: it may be another one than install() has found."""
    if spec.origin is not None:
        Torch(pathlib.Path(spec.origin).parent).require_fit()


def install(strict=True, children=True):
    """Have PyTorch, which is not imported yet, call this library's functions instead of its own.

    Returns True. If it cannot be done: a PyFrameShimError that says why and what to do, or False if not `strict`. With
    `children`, Python processes that are started from now on, with this installation, do the same; one that cannot
    goes on without. Not to be undone: if another PyTorch is imported after all, and does not fit, the import raises.
    """
    global _installed
    try:
        if not _installed:
            check()
            dropin.promote()
            sys.meta_path.insert(0, BeforeTorch(guard))
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
