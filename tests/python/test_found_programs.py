"""Programs in programs/, locals by every route against the interpreter's own answer: hand-picked ones, and what
`make hypothesis` has found. tests/hypothesis/compare.py says how they are run."""

import pathlib
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "hypothesis"))

import compare  # noqa: E402


class FoundPrograms(unittest.TestCase):
    """One test for each program."""

    def check(self, path):
        source = path.read_text()
        if source.startswith(compare.FROM_312) and sys.version_info < (3, 12):
            self.skipTest("syntax of 3.12")
        answer = compare.compare_apart(source)
        if answer.problems:
            self.fail("\n".join(answer.problems))
        self.assertGreater(answer.stops, 0, "the program stops nowhere")
        self.assertGreater(answer.entries, 0, "no entry has been seen")


def add(path):
    def test(self):
        self.check(path)

    setattr(FoundPrograms, f"test_{path.stem}", test)


for program in sorted((FOLDER / "programs").glob("*.py")):
    add(program)
