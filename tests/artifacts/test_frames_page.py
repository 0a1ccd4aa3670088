"""docs/frames.md shows what CPython does: its pictures and its printed lines are made again, and compared."""

import pathlib
import re
import tempfile
import unittest

import for_python
import seen
from support import BUILDS, ROOT

TEXT = seen.PAGE.read_text()
PROGRAMS = ROOT / "examples" / "frames"


class FramesPage(unittest.TestCase):
    def test_made_again(self):
        build = next((build for build in BUILDS if build.python.minor == seen.MINOR and not build.python.debug), None)
        if build is None:
            self.skipTest(f"the pictures are made by CPython {seen.MINOR}, which is not found")
        with tempfile.TemporaryDirectory() as folder:
            made = seen.made(TEXT, build.python.path, for_python.environment(build), pathlib.Path(folder))
            self.assertEqual(made, TEXT, "make docs")
            pictures = {path.name: path.read_text() for path in pathlib.Path(folder).iterdir()}
        kept = {path.name: path.read_text() for path in seen.PICTURES.iterdir()}
        self.assertEqual(pictures.keys(), kept.keys(), "make docs")
        self.assertEqual([name for name in kept if kept[name] != pictures[name]], [], "make docs")

    def test_pictures_are_shown(self):
        shown = set(seen.shown(TEXT))
        left_out = {"handlers-0.svg"}  # before try: nothing to see
        self.assertEqual(shown | left_out, {path.name for path in seen.PICTURES.iterdir()})

    def test_programs(self):
        """What the page quotes stands in a program, and each program is run."""
        programs = {path.name: path.read_text() for path in PROGRAMS.glob("*.py")}
        for quoted in re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL):
            self.assertTrue(any(quoted in text for text in programs.values()), quoted)
        commands = [found["command"] for found in seen.BLOCK.finditer(TEXT)]
        self.assertEqual({name for name in programs if any(name in command for command in commands)}, programs.keys())
