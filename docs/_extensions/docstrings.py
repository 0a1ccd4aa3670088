"""Docstrings of the Python package as Sphinx wants them: they are written to be read with `help()`.

There a name stands in single backticks, and what is laid out stands apart, indented or in columns.
"""

import re

from header import COLUMNS

CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def paragraph(text):
    if text.startswith(">>>"):
        return text
    if text.startswith("    ") or COLUMNS.search(text):
        return "::\n\n" + "\n".join(f"    {line}" for line in text.splitlines())
    return CODE.sub(r"``\1``", text)


def rewrite(app, what, name, thing, options, lines):
    lines[:] = "\n\n".join(map(paragraph, "\n".join(lines).strip().split("\n\n"))).splitlines()


def setup(app):
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True}
