"""PyTorch's frame functions in Rust, under an installed PyTorch; and the SDK for extensions that hook frame evaluation.

    import pyframe_shim
    pyframe_shim.install()   # before `import torch`

or `python -m pyframe_shim run program.py`.
"""


def _for_another_python():
    """The error of a package without a module for this interpreter; None if there is one, which says itself what is wrong."""
    import importlib.machinery
    import pathlib
    import sys

    built = sorted(path.name for path in pathlib.Path(__file__).parent.glob("_native.*"))
    if {f"_native{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES}.intersection(built):
        return None
    version = ".".join(map(str, sys.version_info[:3]))
    return ImportError(
        f"this pyframe_shim is for another Python ({', '.join(built) or 'it has no compiled module'}) than CPython {version}; "
        f"use that Python, or build it for this one, in a clone of its sources: {sys.executable} -m pip install ."
    )


try:
    # What C extensions take from the package: PyFrameShim_Import of pyframe_shim_capsule.h.
    from ._native import _C_API  # noqa: F401
except ImportError as problem:
    if (why := _for_another_python()) is None:
        raise
    raise why from problem

# Nothing more is imported than is used: a child process may only want the chunk cache.
_PLACES = {
    "dropin": ["chunk_cache_stats", "counters", "disable_chunk_cache", "enable_chunk_cache"],
    "errors": [
        "BoundElsewhere",
        "IncompatibleTorch",
        "NoTorch",
        "NothingToReplace",
        "PyFrameShimError",
        "TooLate",
        "UnknownTorch",
        "UnsupportedPlatform",
    ],
    "interpose": ["bound_symbols", "install"],
    "paths": ["get_cmake_dir", "get_include", "get_library"],
}
__all__ = ["__version__", *(name for names in _PLACES.values() for name in names)]


def __getattr__(name):
    import importlib

    if name == "__version__":
        value = importlib.import_module(".dropin", __name__).VERSION
    else:
        place = next((place for place, names in _PLACES.items() if name in names), None)
        if place is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{place}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
