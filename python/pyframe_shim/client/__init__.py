"""`python -m pyframe_shim new-client NAME`: an extension to begin with. It is in C, and one wheel of it serves every CPython."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
FILES = {"pyproject.toml.in": "pyproject.toml", "setup.py.in": "setup.py", "module.c.in": "@name@.c", "test_module.py.in": "test_@name@.py"}
NEXT = """{place}: an extension with a hook that counts calls, and a test of it. In a virtual environment with pyframe-shim:
    pip install setuptools pytest
    pip install --no-build-isolation ./{place}
    pytest {place}
"""


def make(name):
    """Write the files into a new folder of this name; the exit code."""
    if not (name.isidentifier() and name.isascii()):
        print(f"error: {name!r} cannot be a module's name: letters, digits and underscores, no digit first", file=sys.stderr)
        return 1
    place = pathlib.Path(name)
    try:
        place.mkdir()
    except OSError as problem:
        print(f"error: {place}: {problem.strerror}; nothing was written", file=sys.stderr)
        return 1
    for template, file in FILES.items():
        (place / filled(file, name)).write_text(filled((HERE / template).read_text(), name))
    print(NEXT.format(place=place), end="")
    return 0


def filled(text, name):
    return text.replace("@name@", name).replace("@package@", name.replace("_", "-"))
