"""The library that this process has loaded: the drop-in symbols lie in the file of `_native`, and are called through ctypes."""

import ctypes
import os

from . import _native

PATH = _native.__file__
_library = ctypes.PyDLL(PATH)


class _Build(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("shim_version", ctypes.c_char_p),
        ("python_version", ctypes.c_char_p),
    ]


class _Counter(ctypes.Structure):
    _fields_ = [("symbol", ctypes.c_char_p), ("calls", ctypes.c_ulonglong)]


class _ChunkCacheStats(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("held", ctypes.c_size_t),
        ("hits", ctypes.c_ulonglong),
        ("misses", ctypes.c_ulonglong),
    ]


def _function(name, result, *arguments):
    function = _library[name]
    function.restype, function.argtypes = result, arguments
    return function


_build_info = _function("PyFrameShim_BuildInfo", ctypes.POINTER(_Build))
_get_counters = _function("PyFrameShim_GetCounters", ctypes.c_size_t, ctypes.POINTER(_Counter), ctypes.c_size_t)
_disable_chunk_cache = _function("PyFrameShim_DisableChunkCache", None)
_get_chunk_cache_stats = _function("PyFrameShim_GetChunkCacheStats", None, ctypes.POINTER(_ChunkCacheStats))

OWN = _native.library_at(ctypes.cast(_build_info, ctypes.c_void_p).value)
VERSION = _build_info().contents.shim_version.decode()
BUILT_FOR = _build_info().contents.python_version.decode()
DATA = ("THP_PyOpcode_Caches", "THP_PyOpcode_Caches_size")


def promote():
    """Move the library to the loader's global scope, which is searched before what is loaded from now on."""
    ctypes.PyDLL(PATH, mode=os.RTLD_GLOBAL | os.RTLD_NOW | os.RTLD_NOLOAD)


def library_at(address):
    """The file of the loaded library that an address lies in, or None; ours by the name that Python has for it."""
    path = _native.library_at(address)
    # The loader knows a file by the name that it was first loaded by.
    return PATH if path == OWN else path and os.fsdecode(path)


def counters():
    """How often each function of the drop-in set has been called in this process."""
    room = _get_counters(None, 0)
    found = (_Counter * room)()
    _get_counters(found, room)
    return {counter.symbol.decode(): counter.calls for counter in found}


def symbols():
    """The names of the drop-in set, functions and data."""
    return {*counters(), *DATA}


def enable_chunk_cache(chunks):
    """Keep up to `chunks` (1 to 64) freed chunks of 16 KiB of the data stack for the next call at a chunk's end.

    For every Python call of the process. False if this CPython keeps a chunk itself, and nothing was done.
    """
    return _native.enable_chunk_cache(chunks)


def disable_chunk_cache():
    """Give back what is kept, and keep nothing more."""
    _disable_chunk_cache()


def chunk_cache_stats():
    """How many chunks may be kept (0: off) and are kept now; and how many that were asked for were found, or not."""
    stats = _ChunkCacheStats(size=ctypes.sizeof(_ChunkCacheStats))
    _get_chunk_cache_stats(stats)
    return {name: getattr(stats, name) for name, _ in _ChunkCacheStats._fields_[1:]}
