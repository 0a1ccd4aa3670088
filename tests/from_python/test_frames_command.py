"""`python -m pyframe_shim frames`: a program runs as it would without, and its frames are shown."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = """import sys
import threading

def counts(n):
    total = 0
    for i in range(n):
        total += i
        yield total

class Worker:
    def work(self, k):
        return [x for x in counts(k)]

print(sys.argv[1:], __name__, sys.path[0])
print(Worker().work(3))
thread = threading.Thread(target=lambda: print(Worker().work(2)))
thread.start()
thread.join()
if sys.argv[1:] == ["fails"]:
    raise LookupError("of the program")
if sys.argv[1:] == ["ends"]:
    sys.exit(7)
"""


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))
        self.program = self.folder / "program.py"
        self.program.write_text(PROGRAM)

    def run_python(self, *words, **environment):
        command = [os.environ.get("TEST_PYTHON", sys.executable), *map(str, words)]
        environment = {**os.environ, "COLUMNS": "80", **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, cwd=self.folder)

    def frames(self, *words, code=0, program=("program.py",), **environment):
        """What is shown; the program's own output is what it prints without us."""
        done = self.run_python("-m", "pyframe_shim", "frames", *words, *program, **environment)
        plain = self.run_python(*program)
        self.assertEqual((done.returncode, done.stdout), (code, plain.stdout), done.stderr)
        return done.stderr

    def images(self, *words, **how):
        self.frames(*words, "--json", "images.json", **how)
        return json.loads((self.folder / "images.json").read_text())

    def test_line(self):
        text = self.frames("--at", "program.py:7")
        for said in ("thread MainThread", "╭─ counts ", "╭─ Worker.work", "╭─ <module> "):
            self.assertIn(said, text)
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), text)
        self.assertEqual(text.count("╭─ counts "), 1)

    def test_function(self):
        for name in ("work", "Worker.work", "__main__.Worker.work"):
            (stack,) = self.images("--at", name)
            self.assertEqual(stack["frames"][0]["name"], "Worker.work")
            self.assertEqual(stack["frames"][-1]["name"], "<module>")
            self.assertEqual([slot["name"] for slot in stack["frames"][0]["slots"]][:2], ["self", "k"])

    def test_count(self):
        stacks = self.images("--at", "program.py:7", "--count", "3")
        totals = [next(slot["value"]["text"] for slot in stack["frames"][0]["slots"] if slot["name"] == "i") for stack in stacks]
        self.assertEqual(totals, ["0", "1", "2"])

    def test_threads(self):
        stacks = self.images("--at", "work", "--count", "2")
        self.assertEqual(stacks[0]["title"], "thread MainThread")
        self.assertTrue(stacks[1]["title"].startswith("thread Thread-1"), stacks[1]["title"])

    def test_pictures(self):
        self.frames("--at", "work", "--svg", "pictures/one.svg")
        self.assertTrue((self.folder / "pictures" / "one.svg").read_text().startswith("<?xml"))
        self.frames("--at", "work", "--count", "2", "--svg", "more.svg")
        self.assertEqual(sorted(path.name for path in self.folder.glob("more*.svg")), ["more-001.svg", "more-002.svg"])

    def test_film(self):
        self.frames("--at", "counts", "--film", "film")
        films = sorted(path.name for path in (self.folder / "film").iterdir())
        # Each call has a line before the loop, and each round three steps: the loop's, the sum's, the yield's, whose end is one more.
        self.assertGreater(len(films), 20)
        self.assertEqual(films[0], "001.svg")
        last = (self.folder / "film" / films[-1]).read_text()
        self.assertIn("counts", last)

    def test_exception(self):
        done = self.run_python("-m", "pyframe_shim", "frames", "program.py", "fails")
        self.assertEqual(done.returncode, 1)
        self.assertIn('File "', done.stderr)
        self.assertNotIn("runpy", done.stderr)
        self.assertIn("LookupError: of the program\ntraceback of LookupError  1 frame", done.stderr)

    def test_exit_codes(self):
        self.assertIn("no exception has ended the program", self.frames(code=1))
        self.assertIn("the program did not come to nowhere", self.frames("--at", "nowhere", code=1))
        self.frames("--at", "work", code=7, program=("program.py", "ends"))

    def test_module(self):
        (stack,) = self.images("--at", "work", program=("-m", "program"))
        self.assertEqual(stack["frames"][0]["name"], "Worker.work")

    def test_another_folder(self):
        """A program that goes to another folder: files are written where they were asked for."""
        self.program.write_text("import os\nos.mkdir('sub')\nos.chdir('sub')\ndef work(): pass\nwork()\n")
        for words, made in ((("--json", "a.json"), "a.json"), (("--svg", "p/a.svg"), "p/a.svg"), (("--film", "film"), "film/001.svg")):
            done = self.run_python("-m", "pyframe_shim", "frames", "--at", "work", *words, "program.py")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue((self.folder / made).exists(), made)
            (self.folder / "sub").rmdir()

    def test_a_program_in_a_program(self):
        """The frames of both are shown."""
        (self.folder / "inner.py").write_text("def work(): pass\nwork()\n")
        self.program.write_text("import runpy\ndef outer(): runpy.run_path('inner.py')\nouter()\n")
        (stack,) = self.images("--at", "work")
        names = [frame["name"] for frame in stack["frames"]]
        self.assertEqual((names[:2], names[-2:]), (["work", "<module>"], ["outer", "<module>"]))

    def test_interrupted(self):
        self.program.write_text("def work(): pass\nwork()\nraise KeyboardInterrupt\n")
        self.assertEqual(self.run_python("-m", "pyframe_shim", "frames", "--at", "work", "program.py").returncode, 130)

    def test_wrong_words(self):
        for words, told in (
            ((), "the following arguments are required: program"),
            (("--count", "0", "program.py"), "--count must be 1 or more"),
            (("--film", "d", "program.py"), "--film needs a function"),
            (("--film", "d", "--at", "program.py:7", "program.py"), "--film needs a function"),
            (("there_is_none.py",), "there is no program there_is_none.py"),
        ):
            done = self.run_python("-m", "pyframe_shim", "frames", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(told, done.stderr)

    def test_packages_that_are_missing(self):
        """Before the program has run."""
        path = os.pathsep.join(part for part in os.environ["PYTHONPATH"].split(os.pathsep) if not part.endswith(("rich", "drawsvg")))
        for words, package in (((), "rich"), (("--svg", "x.svg"), "drawsvg")):
            done = self.run_python("-m", "pyframe_shim", "frames", "--at", "work", *words, "program.py", PYTHONPATH=path)
            if done.returncode == 0:
                self.skipTest(f"{package} is installed in this interpreter")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"needs the package {package}: pip install 'pyframe-shim[pictures]'", done.stderr)
        done = self.run_python("-m", "pyframe_shim", "frames", "--at", "work", "--json", "x.json", "program.py", PYTHONPATH=path)
        self.assertEqual(done.returncode, 0)
