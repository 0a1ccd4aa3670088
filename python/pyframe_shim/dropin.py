"""The library that this process has loaded: the file of the compiled module, which has the drop-in symbols too."""

import os

from . import _native

PATH = _native.__file__
# The loader knows a file by the name that it was first loaded by.
OWN = _native.own_path()
VERSION, BUILT_FOR = _native.build()
DATA = ("THP_PyOpcode_Caches", "THP_PyOpcode_Caches_size")
# Called for every word of a frame that is read: counting would take longer than the call.
UNCOUNTED = ("THP_PyStackRef_AsPyObjectBorrow",)


def promote():
    """Move the library to the loader's global scope, which is searched before what is loaded from now on."""
    if not _native.promote():
        raise OSError(f"the loader does not know {PATH}, which Python has loaded: install pyframe-shim again")


def library_at(address):
    """The file of the loaded library that an address lies in, or None; ours by the name that Python has for it."""
    path = _native.library_at(address)
    return PATH if path == OWN else path and os.fsdecode(path)


def counters():
    """How often each function of the drop-in set has been called in this process."""
    return _native.counters()


def symbols():
    """The names of the drop-in set, functions and data."""
    return {*counters(), *UNCOUNTED, *DATA}


def enable_chunk_cache(chunks):
    """Keep up to `chunks` (1 to 64) freed chunks of 16 KiB of the data stack for the next call at a chunk's end.

    For every Python call of the process. False if this CPython keeps a chunk itself, and nothing was done.
    """
    return _native.enable_chunk_cache(chunks)


def disable_chunk_cache():
    """Give back what is kept, and keep nothing more."""
    _native.disable_chunk_cache()


def chunk_cache_stats():
    """How many chunks may be kept (0: off) and are kept now; and how many that were asked for were found, or not."""
    return dict(zip(("capacity", "held", "hits", "misses"), _native.chunk_cache_stats()))
