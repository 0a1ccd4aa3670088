"""`python -m pyframe_shim run`: Python starts again, as for the program alone, with the library to be installed.

Nothing of the program's surroundings is imitated: the interpreter that runs it has the program's own command line. What
installs the library is pyframe_shim_start.pth, told by an option (-X).
"""

import os
import pathlib
import re
import site
import sys

from _pyframe_shim_start import CHUNKS, OPTION, START

from . import _native
from .errors import PyFrameShimError
from .interpose import start_folder

USAGE = """usage: python -m pyframe_shim run [--stats] [--chunk-cache N] script.py [arguments]
       python -m pyframe_shim run [--stats] [--chunk-cache N] -m module [arguments]

Runs a program as `python` would, with this library in the place of PyTorch's frame functions.

  --stats          print at exit, to stderr, how often each function was called
  --chunk-cache N  keep up to N freed chunks of the data stack (1 to 64)
  --               end of these options"""


class Usage(Exception):
    """The command line is wrong."""


def parse(words):
    """The options before the program, and Python's command line for it."""
    options, words = {"stats": False, "chunk_cache": None}, list(words)
    while words and words[0].startswith("--"):
        word, equals, value = words.pop(0).partition("=")
        if word == "--" and not equals:
            break
        if word == "--stats" and not equals:
            options["stats"] = True
        elif word == "--chunk-cache" and (equals or words):
            options["chunk_cache"] = value if equals else words.pop(0)
        else:
            raise Usage(f"what is {word}{equals}{value}?")
    if not words:
        raise Usage("which program?")
    return options, words


def own_flags():
    """The interpreter's options in front of `-m pyframe_shim run`."""
    words = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv[1:])]
    # "-m pyframe_shim", "-mpyframe_shim", "-Im pyframe_shim".
    flag = words.pop().removesuffix("pyframe_shim")
    flag = (flag or words.pop()).removesuffix("m")
    return [*words, flag] if flag != "-" else words


def letters_of(program):
    """The letters of the options without a value that Python finds in front of a program."""
    letters, words = set(), list(program)
    while words and words[0].startswith("-") and words[0] not in ("-", "--"):
        word = words.pop(0)
        if word.startswith("--"):
            del words[: word == "--check-hash-based-pycs"]
            continue
        flags, valued, value = re.fullmatch(r"-([^cmWX]*)([cmWX]?)(.*)", word, re.DOTALL).groups()
        letters.update(flags)
        if valued in ("c", "m"):
            break
        del words[: bool(valued and not value)]
    return letters


def require_start_file(letters):
    """Raise if Python, with these options, would not come by pyframe_shim_start.pth."""
    user = site.ENABLE_USER_SITE and letters.isdisjoint("sI")
    folders = site.getsitepackages() + ([site.getusersitepackages()] if user else [])
    read = not sys.flags.no_site and "S" not in letters and start_folder() in map(os.path.realpath, folders)
    if not read or not (pathlib.Path(start_folder()) / "pyframe_shim_start.pth").is_file():
        raise PyFrameShimError(
            f"Python reads no start-up file (.pth) in {start_folder()}; install pyframe-shim into an environment "
            f"(`pip install .` in a clone of its sources), or call pyframe_shim.install() at the top of the program"
        )


def chunk_cache(wanted):
    """How many chunks are to be kept, as text; "" if none. Without the option it is what the environment says to children."""
    name = "--chunk-cache"
    if wanted is None:
        name, wanted = CHUNKS, "" if sys.flags.ignore_environment else os.environ.get(CHUNKS, "")
        if not wanted:
            return ""
    try:
        _native.enable_chunk_cache(int(wanted))
    except ValueError as problem:
        raise Usage(f"{name}: {problem}") from None
    os.environ[CHUNKS] = wanted
    return wanted


def run(words):
    """Does not return, but for an exit code if the program cannot be run."""
    if words[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    try:
        options, program = parse(words)
        chunks = chunk_cache(options["chunk_cache"])
    except Usage as problem:
        print(f"error: {problem}", USAGE, sep="\n\n", file=sys.stderr)
        return 2
    try:
        require_start_file(letters_of(program))
    except PyFrameShimError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    # For the program's children. The program itself is told by an option of Python's: it may be run with -I or -E, which
    # have Python ignore the environment.
    os.environ[START] = start_folder()
    order = f"{OPTION}={'stats' if options['stats'] else ''},{chunks},{start_folder()}"
    # The process stays the same, and so does its number.
    os.execv(sys.executable, [sys.executable, *own_flags(), "-X", order, *program])
