"""The PyTorch that `import torch` would find, without importing it, and what is known of its release."""

import functools
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import re
import sys

from . import _native
from .errors import IncompatibleTorch, NothingToReplace, NoTorch, UnknownTorch

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
LIBRARY = "libtorch_python.so"


@functools.cache
def table():
    """What each release calls; tools/torch_table.py reads it from the wheels."""
    return json.loads((pathlib.Path(__file__).parent / "torch_symbols.json").read_text())


def fitting():
    """The releases that the library can be installed for on this minor, oldest first."""
    return [name for name, minors in table().items() if minors.get(MINOR, {}).get("verdict") == "fits"]


def release_of(version):
    """The release that a version is a build of ("2.6.0+cpu": "2.6.0"), or None: a development version is of none."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(\+.*)?", version)
    return match and match.group(1)


def public(version):
    """A version without what only says how it was built: a wheel's record may leave that out."""
    return version.partition("+")[0]


class Torch:
    """An installed PyTorch."""

    def __init__(self, folder):
        self.folder = folder
        self.library = folder / "lib" / LIBRARY
        self.recorded = sorted(
            distribution.version
            for distribution in importlib.metadata.distributions(name="torch", path=[str(folder.parent)])
            if distribution.metadata and distribution.version
        )
        self.version = self._version_of_the_code() or (self.recorded[0] if self.recorded else "(of an unknown version)")

    @classmethod
    def find(cls):
        """The one that would be imported."""
        try:
            spec = importlib.util.find_spec("torch")
        except ValueError:  # a module of that name without a spec
            spec = None
        if spec is None:
            raise NoTorch(
                f"no PyTorch found that {sys.executable} could import; install it there, {fitting()[0]} or newer, "
                f"or take the folder that holds it into sys.path or PYTHONPATH"
            )
        return cls.of(spec)

    @classmethod
    def of(cls, spec):
        """The one that this spec would import."""
        # A loader that wraps another need not say where that finds it.
        origin = spec.origin or getattr(importlib.machinery.PathFinder.find_spec("torch"), "origin", None)
        if origin is None:
            where = f"of {spec.loader!r}" if spec.submodule_search_locations is None else f"in {', '.join(spec.submodule_search_locations)}"
            raise NoTorch(f"`import torch` finds a module {where} that is no PyTorch, and hides it if it is installed; rename that")
        return cls(pathlib.Path(origin).parent)

    def _version_of_the_code(self):
        """What is imported, whatever an installer has noted."""
        file = self.folder / "version.py"
        try:
            text = file.read_text(errors="replace")
        except OSError:
            return None
        found = re.search(r"^__version__\s*(?::.*?)?=\s*['\"](.+?)['\"]", text, re.MULTILINE)
        return found and found.group(1)

    def _require_one_version(self):
        """Raise if an installer's record tells of another version than the code: then either may be half there."""
        others = [version for version in self.recorded if public(version) != public(self.version)]
        if others:
            raise UnknownTorch(
                f"PyTorch in {self.folder} is {self.version}, but {self.folder.parent} has the record (.dist-info) of "
                f"{', '.join(others)}: an upgrade was broken off; run `{sys.executable} -m pip uninstall torch` until it finds none, "
                f"then install PyTorch again"
            )

    def known(self):
        """The table's entry for this release on this minor."""
        self._require_one_version()
        entry = table().get(release_of(self.version), {}).get(MINOR)
        if entry is None:
            names = fitting()
            raise UnknownTorch(
                f"PyTorch {self.version} is not among the releases whose symbols on CPython {MINOR} are known; install one that "
                f"is ({names[0]} to {names[-1]}), or newer sources of pyframe-shim, if those know it"
            )
        return entry

    @functools.cached_property
    def reached(self):
        """The names that its library reaches through slots of the loader."""
        if not self.library.is_file():
            raise UnknownTorch(f"PyTorch {self.version} has no {self.library}; install it with pip, or build it with this library")
        try:
            return set(_native.references(os.fsencode(self.library)))
        except OSError as problem:
            raise UnknownTorch(f"the library of PyTorch {self.version} cannot be read: {problem}; install PyTorch again") from problem

    def require_fit(self):
        """Raise if the library cannot, or need not, answer for this PyTorch."""
        entry = self.known()
        if entry["verdict"] == "signature":
            raise IncompatibleTorch(
                f"PyTorch {self.version} calls THP_PyFrame_FastToLocalsWithError with one argument, and this library's takes two; "
                f"install PyTorch {fitting()[0]} or newer"
            )
        if entry["verdict"] == "nothing":
            raise NothingToReplace(
                f"PyTorch {self.version} on CPython {MINOR} calls none of this library's functions: use it as it is, nothing is lost"
            )
        missing = {*entry["called"], *entry["data"]} - self.reached
        if missing:
            raise UnknownTorch(
                f"this build of PyTorch {self.version} does not call {', '.join(sorted(missing))} through the loader, as the "
                f"wheels on PyPI do; install one of those, or build it with this library"
            )
