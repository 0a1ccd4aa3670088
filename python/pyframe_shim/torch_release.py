"""The PyTorch that `import torch` would find, without importing it, and what is known of its release."""

import functools
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


class Torch:
    """An installed PyTorch."""

    def __init__(self, folder):
        self.folder = folder
        self.version = self._find_version()
        self.library = folder / "lib" / LIBRARY

    @classmethod
    def find(cls):
        """The one that would be imported."""
        try:
            spec = importlib.util.find_spec("torch")
        except ValueError:  # a module of that name without a spec
            spec = None
        if spec is None or spec.origin is None:
            raise NoTorch(f"no PyTorch found that {sys.executable} could import; install it there, {fitting()[0]} or newer")
        return cls(pathlib.Path(spec.origin).parent)

    def _find_version(self):
        for distribution in importlib.metadata.distributions(name="torch", path=[str(self.folder.parent)]):
            if distribution.metadata and distribution.version:
                return distribution.version
        # Built and used in one place, or installed by a system that keeps its own records.
        file = self.folder / "version.py"
        found = re.search(r"^__version__\s*=\s*['\"](.+?)['\"]", file.read_text(errors="replace"), re.MULTILINE) if file.is_file() else None
        return found.group(1) if found else "(of an unknown version)"

    def known(self):
        """The table's entry for this release on this minor."""
        entry = table().get(release_of(self.version), {}).get(MINOR)
        if entry is None:
            names = fitting()
            raise UnknownTorch(
                f"PyTorch {self.version} is not among the releases whose symbols on CPython {MINOR} are known; install one that "
                f"is ({names[0]} to {names[-1]}), or a pyframe-shim that knows it"
            )
        return entry

    @functools.cached_property
    def reached(self):
        """The names that its library reaches through slots of the loader, with their offsets."""
        if not self.library.is_file():
            raise UnknownTorch(f"PyTorch {self.version} has no {self.library}; install it with pip, or build it with this library")
        try:
            return _native.references(os.fsencode(self.library))
        except OSError as problem:
            raise UnknownTorch(f"the library of PyTorch {self.version} cannot be read: {problem}; install it anew") from problem

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
        missing = {*entry["called"], *entry["data"]} - {name for name, _ in self.reached}
        if missing:
            raise UnknownTorch(
                f"this build of PyTorch {self.version} does not call {', '.join(sorted(missing))} through the loader, as the "
                f"wheels on PyPI do; install one of those, or build it with this library"
            )
