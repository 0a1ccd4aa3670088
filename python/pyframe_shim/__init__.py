"""PyTorch's frame functions in Rust, under an installed PyTorch; and the SDK for extensions that hook frame evaluation.

    import pyframe_shim
    pyframe_shim.install()   # before `import torch`

or `python -m pyframe_shim run program.py`.
"""

import importlib.machinery
import pathlib
import sys

try:
    from . import _native
except ImportError as problem:
    built = sorted(path.name for path in pathlib.Path(__file__).parent.glob("_native.*"))
    if {f"_native{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES}.intersection(built):
        raise  # it says itself what is wrong
    version = ".".join(map(str, sys.version_info[:3]))
    raise ImportError(
        f"this pyframe_shim is for another Python ({', '.join(built) or 'it has no compiled module'}) than CPython {version}; "
        f"install it with this one: {sys.executable} -m pip install pyframe-shim"
    ) from problem

from .dropin import VERSION as __version__  # noqa: E402
from .dropin import chunk_cache_stats, counters, disable_chunk_cache, enable_chunk_cache  # noqa: E402
from .errors import (  # noqa: E402
    IncompatibleTorch,
    NothingToReplace,
    NoTorch,
    PyFrameShimError,
    TooLate,
    UnknownTorch,
    UnsupportedPlatform,
)
from .interpose import bound_symbols, install  # noqa: E402
from .paths import get_cmake_dir, get_include, get_library  # noqa: E402

__all__ = [
    "IncompatibleTorch",
    "NoTorch",
    "NothingToReplace",
    "PyFrameShimError",
    "TooLate",
    "UnknownTorch",
    "UnsupportedPlatform",
    "__version__",
    "bound_symbols",
    "chunk_cache_stats",
    "counters",
    "disable_chunk_cache",
    "enable_chunk_cache",
    "get_cmake_dir",
    "get_include",
    "get_library",
    "install",
]
