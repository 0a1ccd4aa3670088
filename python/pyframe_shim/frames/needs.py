"""The packages that text and pictures are made with: the library itself needs none."""

import importlib


class MissingPackage(ImportError):
    """A package that an image is shown with is not installed."""


def need(name, what):
    """Import a package, or say how it is installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as problem:
        if problem.name != name.partition(".")[0]:
            raise
        raise MissingPackage(
            f"{what} needs the package {problem.name}: pip install 'pyframe-shim[pictures]'; json() needs nothing", name=name
        ) from None
