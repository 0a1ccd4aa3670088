"""What `make bench` compares gives the same answers: else its figures would say nothing."""

import re
import subprocess
import unittest

from support import BUILDS, ROOT

FIGURES = re.compile(r"^(\d+) answers compared, (\d+) operations repeated, 0 problems$", re.MULTILINE)


class Bench(unittest.TestCase):
    def test_the_baseline_answers_as_the_shim(self):
        for build in BUILDS:
            with self.subTest(python=build.python.name):
                build.extension("bench")
                command, environment = build.run_python([str(ROOT / "benches" / "agree.py")])
                done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                compared, repeated = map(int, FIGURES.search(done.stdout).groups())
                self.assertGreater(compared, 100)
                self.assertGreater(repeated, 300)
