"""What docs/frames.md shows: its commands are run, and their output is put behind them."""

import os
import re
import shlex
import subprocess

from builds import ROOT
from console import Failure

PAGE, PICTURES = ROOT / "docs" / "frames.md", ROOT / "docs" / "frames"
# Frames differ from minor to minor, and so would the pictures.
MINOR = "3.13"
BLOCK = re.compile(r"^```console\n\$ (?P<command>.*)\n(?P<output>(?:(?!```).*\n)*)```$", re.MULTILINE)


def shown(text):
    """The names of the pictures that the page shows."""
    return re.findall(rf"^!\[[^]]+\]\({PICTURES.name}/(.*)\)$", text, re.MULTILINE)


def made(text, python, environment, folder):
    """The page's text with what its commands print now. Their pictures go to a folder."""

    def block(found):
        return f"```console\n$ {found['command']}\n{printed(found['command'], python, environment, folder)}```"

    return BLOCK.sub(block, text)


def printed(command, python, environment, folder):
    words = shlex.split(command)
    if words[0] != "python":
        raise Failure(f"{PAGE.name}: only Python is run: {command}")
    here = str(PICTURES.relative_to(ROOT))
    words = [word.replace(here, str(folder), 1) if word.startswith(here) else word for word in words[1:]]
    # Its exit code says nothing: one of the programs fails, which is what it shows.
    variables = {**os.environ, **environment, "COLUMNS": "80", "PYTHON_COLORS": "0"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    return subprocess.run([python, *words], cwd=ROOT, env=variables, timeout=300, **options).stdout
