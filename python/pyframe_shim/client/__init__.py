"""`python -m pyframe_shim new-client NAME`: an extension to begin with, in C, C++ or Rust, and a test of it."""

import json
import pathlib
import shlex
import sys

HERE = pathlib.Path(__file__).parent
TOOLS = {"c": "setuptools", "cpp": "scikit-build-core cmake ninja", "rust": "'maturin>=1.9.4'"}
NEXT = """{place}: an extension with a hook that counts calls, and a test of it. {where}
{first}    pip install {tools} pytest
    pip install --no-build-isolation ./{place}
    pytest {place}
"""


def make(name, language="c", crate=None):
    """Write the files into a new folder of this name; the exit code."""
    if not (name.isidentifier() and name.isascii()):
        return refuse(f"{name!r} cannot be a module's name: letters, digits and underscores, no digit first")
    if (language == "rust") != (crate is not None):
        return refuse("--crate DIR, a clone of pyframe-shim, is what an extension in Rust is built with: the crate is not published")
    if crate is not None and not (pathlib.Path(crate) / "Cargo.toml").is_file():
        return refuse(f"{crate} is no clone of pyframe-shim: there is no Cargo.toml")
    place = pathlib.Path(name)
    try:
        place.mkdir()
    except OSError as problem:
        return refuse(f"{place}: {problem.strerror}; nothing was written")
    words = {"@name@": name, "@package@": name.replace("_", "-")}
    where, first = "In a virtual environment with pyframe-shim:", ""
    if crate is not None:
        clone = pathlib.Path(crate).resolve()
        words["@crate@"] = json.dumps(str(clone), ensure_ascii=False)
        where = "In a virtual environment:"
        first = f"    export LIBCLANG_PATH=$(python {shlex.quote(str(clone / 'tools' / 'libclang.py'))})\n"
    templates = HERE / language
    for template in templates.rglob("*.in"):
        file = place / filled(str(template.relative_to(templates)).removesuffix(".in"), words)
        file.parent.mkdir(exist_ok=True)
        file.write_text(filled(template.read_text(), words))
    print(NEXT.format(place=place, where=where, first=first, tools=TOOLS[language]), end="")
    return 0


def refuse(why):
    print(f"error: {why}", file=sys.stderr)
    return 1


def filled(text, words):
    for word, what in words.items():
        text = text.replace(word, what)
    return text
