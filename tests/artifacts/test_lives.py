"""A program that starts the interpreter again: what the library keeps ends with each of its lives."""

import os
import pathlib
import tempfile
import unittest

from support import BUILDS, ROOT, WARNINGS, compiler, python_includes, run

LIVES = 5
SOURCE = """
import sys
import templates

def names(a, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11):
    return sys._getframe()

for value in range(5):
    frame = names([value])
    for read in (templates.mapping, templates.merged):
        answer = read(frame)
        assert list(answer) == list(names.__code__.co_varnames), answer
        assert answer["a"] == [value] and answer["k"] == 11, answer
blocks = templates.measured(frame, False)[1]
print(len(blocks), flush=True)
"""


class Lives(unittest.TestCase):
    def test_locals_in_every_life(self):
        for build in BUILDS:
            if not build.python.shared:
                print(f"not with {build.python.name}: it has no shared libpython to link a program with")
                continue
            with self.subTest(python=build.python.name), tempfile.TemporaryDirectory() as folder:
                program = pathlib.Path(folder) / "lives"
                ask = "import sysconfig as s; print(s.get_config_var('LIBDIR'), s.get_config_var('LDVERSION'), s.get_config_var('prefix'))"
                libraries, version, prefix = run([build.python.path, "-c", ask]).split()
                run(
                    [*compiler("CC", "cc", "gcc", "clang"), "-std=c11", *WARNINGS, *python_includes(build)]
                    + [ROOT / "tests" / "clients" / "lives.c", f"-L{libraries}", f"-lpython{version}"]
                    + [f"-Wl,-rpath,{libraries}", "-o", program]
                )
                environment = {**os.environ, "PYTHONHOME": prefix, "PYTHONPATH": str(build.out)}
                copied = run([program, str(LIVES), SOURCE], env=environment).split()
                self.assertEqual(copied, ["1"] * LIVES, "a copied dict takes one block, in the first life as in the last")
