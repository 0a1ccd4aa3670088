"""Why the library cannot be put in the place of PyTorch's functions; each message says what to do instead."""


class PyFrameShimError(RuntimeError):
    """The library was not installed, and PyTorch works as it would without it; or it was, for another PyTorch."""


class UnsupportedPlatform(PyFrameShimError):
    """The loader of this system does not let one library answer for another."""


class TooLate(PyFrameShimError):
    """PyTorch is loaded, and its calls are bound."""


class BoundElsewhere(PyFrameShimError):
    """PyTorch was imported, and its calls are bound to other functions."""


class NoTorch(PyFrameShimError):
    """There is no PyTorch that could be imported."""


class UnknownTorch(PyFrameShimError):
    """A release, or a build, whose symbols are not known."""


class IncompatibleTorch(PyFrameShimError):
    """A release whose calls do not fit the library's functions."""


class NothingToReplace(PyFrameShimError):
    """A release that calls none of the library's functions."""
