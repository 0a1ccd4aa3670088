"""The programs in Python that the documents show print what stands there."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def printed(program):
    command = [os.environ.get("TEST_PYTHON", sys.executable), "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout


class Documents(unittest.TestCase):
    def test_evalframe(self):
        text = (ROOT / "docs" / "evalframe.md").read_text()
        (program,) = PROGRAM.findall(text)
        self.assertIn(f"```text\n{printed(program)}```", text)

    def test_readme(self):
        text = (ROOT / "README.md").read_text()
        (program,) = PROGRAM.findall(text[text.index("## In Python") : text.index("## Two commands")])
        self.assertIn(f"# {printed(program).strip()}\n", program)
