"""Putting the library in the place of PyTorch's own functions."""

import os
import pathlib
import sys

import _pyframe_shim_start as start

from . import _native, dropin
from .errors import BoundElsewhere, PyFrameShimError, TooLate, UnsupportedPlatform
from .torch_release import LIBRARY, Torch

_installed = False
# Whether an import raises if PyTorch is bound to something else after it.
_strict = False


def installed():
    """Whether install() has succeeded in this process."""
    return _installed


def start_folder():
    """What PYFRAME_SHIM_START has to be for children to install the library too."""
    # Not where the file itself may be linked to: some installers link each one to a cache.
    return os.path.realpath(pathlib.Path(__file__).parent.parent)


def require_in_time():
    """Raise if nothing can be done any more in this process, or on this system."""
    if sys.platform != "linux":
        raise UnsupportedPlatform(
            f"on {sys.platform} a library's calls cannot be answered by another: build PyTorch with this library, or use Linux"
        )
    loaded = _native.loaded(LIBRARY.encode())
    if loaded:
        raise TooLate(f"{os.fsdecode(loaded)} is loaded already, and its calls are bound to its own functions; {in_time()}")


def in_time():
    """What to do so that it is not too late."""
    if start.main:
        return "have the program import torch before it, or what it imports, loads that file by other means"
    return "call pyframe_shim.install() before the first `import torch`, or run the program with `python -m pyframe_shim run`"


def check():
    """Raise if there is no PyTorch that the library can be installed for: the error says why."""
    require_in_time()
    if sys.modules.get("torch") is not None:
        raise TooLate(f"a module `torch` is imported already; {in_time()}")
    Torch.find().require_fit()


def guard(spec):
    """Raise if the PyTorch that is about to be imported does not fit: it may be another one than install() has found."""
    if spec.origin is not None:
        Torch.of(spec).require_fit()


def verify():
    """Raise if the PyTorch that has been imported is bound to something else, and that was not to be."""
    if not _strict:
        return
    # What is bound by its first call (RTLD_LAZY) is looked for in the global scope first; but not then.
    deep = sys.getdlopenflags() & os.RTLD_DEEPBIND
    elsewhere = {path for path in (bound_symbols() or {}).values() if path != dropin.PATH and (path or deep)}
    if elsewhere:
        files = ", ".join(sorted(path or f"{LIBRARY} itself" for path in elsewhere))
        raise BoundElsewhere(
            f"PyTorch was imported, but calls the functions in {files}, not those of pyframe_shim; import it without "
            f"RTLD_DEEPBIND (sys.setdlopenflags, or the mode of what loads it), and without LD_PRELOAD of such a file"
        )


def settle(strict):
    """The library is in its place: from now on, only what is imported after all has to be looked at."""
    global _installed, _strict
    dropin.promote()
    _installed, _strict = True, _strict or strict or start.main
    start.watch(guard, verify)


def prepare(spec, strict):
    """Install the library for the torch that is about to be imported; raise if that cannot be done, or if not `strict`, go on."""
    try:
        require_in_time()
        Torch.of(spec).require_fit()
        settle(strict)
    except Exception:
        if strict:
            raise


def install(strict=True, children=True):
    """Have PyTorch, which is not imported yet, call this library's functions instead of its own.

    Returns True. If it cannot be done: a PyFrameShimError that says why and what to do, or False if not `strict`. With
    `children`, Python processes that are started from now on, with this installation, do the same; one that cannot
    goes on without. Not to be undone: if another PyTorch is imported after all, and does not fit, the import raises; and
    if `strict`, so it does if what is imported is bound to other functions.
    """
    try:
        if not _installed:
            check()
        settle(strict)
    except PyFrameShimError:
        if strict:
            raise
        return False
    if children:
        os.environ[start.START] = start_folder()
    return True


def bound_symbols():
    """For each symbol of the drop-in set that the loaded PyTorch uses, the file whose definition it is bound to.

    Read in memory, from the slots that the loader has filled. None for a symbol that is bound by its first call
    (RTLD_LAZY), and None instead of all of them if no PyTorch is loaded.
    """
    slots = _native.slots(LIBRARY.encode())
    if slots is None:
        return None
    names, bound = dropin.symbols(), {}
    for name, _, target in slots:
        if name in names:
            bound.setdefault(name, set()).add(dropin.library_at(target))
    # Of several slots of a name, one that leads elsewhere is the one to tell of.
    return {name: max(paths, key=lambda path: (path != dropin.PATH, path is not None)) for name, paths in bound.items()}
