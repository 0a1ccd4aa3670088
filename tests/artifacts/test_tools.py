"""What the commands need themselves: a Python that can run them, and others' programs, which they leave to the machine's owner."""

import contextlib
import io
import itertools
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import zipfile

from support import ROOT, console, outside_of_make, pytests, pythons, report

# Says of itself that it is 3.8, and does what it is told all the same.
OLD = """#!/bin/sh
exec {python} -c '
import os, runpy, sys
sys.version_info = (3, 8, 18, "final", 0)
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
' "$@"
"""
PACKAGE_MANAGERS = ("apt-get", "apt", "dpkg", "dnf", "yum", "apk", "pacman", "zypper", "brew", "sudo")


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))

    def program(self, name, text):
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return str(path)


class OldPython(Tools):
    def assert_refused(self, python, version):
        command = ["make", "install", f"TOOLS_PYTHON={python}", f"PREFIX={self.folder / 'prefix'}"]
        done = subprocess.run(command, cwd=ROOT, env=outside_of_make(), capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "", "nothing was begun")
        self.assertRegex(done.stderr, rf"^error: the tools need Python 3\.10 or newer, and .* is {version}: .*TOOLS_PYTHON=.*\n")
        self.assertNotIn("Traceback", done.stderr)

    def test_a_stand_in(self):
        self.assert_refused(self.program("python", OLD.format(python=shlex.quote(sys.executable))), r"3\.8")

    def test_real_ones(self):
        """They have to be able to read the file that refuses them."""
        found = []
        for minor in ("2.7", "3.5", "3.6", "3.7", "3.8", "3.9"):
            for path in pythons.candidates(minor):
                if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
                    found.append(minor)
                    self.assert_refused(path, minor)
                    break
        if not found:
            self.skipTest("no Python older than 3.10 was found")


class Pip(Tools):
    def test_its_own_advice(self):
        """Who installs the package with pip has no PYTHON=... to set."""
        python = self.program("python", f'#!/bin/sh\n{shlex.quote(sys.executable)} "$@" | sed "s/^CPython$/PyPy/"\n')
        code = f"""
import sys, types
sys.path.insert(0, {str(ROOT / "tools")!r})
maturin = sys.modules["maturin"] = types.ModuleType("maturin")
maturin.build_sdist = maturin.get_requires_for_build_sdist = None
import console, wheel_backend
sys._base_executable = {python!r}
console.main(wheel_backend.python)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("found:  PyPy 3", done.stderr)
        self.assertIn("mend:   use the pip of another one: /path/to/python3.13 -m pip install .", done.stderr)


class OthersPrograms(Tools):
    """As root on a Debian that lacks them: package managers that note down that they were called stand in for that."""

    def run_tool(self, code, **environment):
        calls = self.folder / "calls"
        for name in PACKAGE_MANAGERS:
            self.program(name, f'#!/bin/sh\necho "{name} $*" >> {calls}\n')
        kept = {name: value for name, value in os.environ.items() if name != "LIBCLANG_PATH"}
        path = os.pathsep.join([str(self.folder / "bin"), *environment.pop("path", os.environ["PATH"].split(os.pathsep))])
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r})\n{code}"]
        done = subprocess.run(command, env={**kept, "PATH": path, **environment}, capture_output=True, text=True, timeout=120)
        self.assertFalse(calls.exists(), "a package manager was called")
        return done

    def test_libclang_comes_from_pypi_into_the_project(self):
        wheels, local = self.folder / "wheels", self.folder / "tools" / "libclang"
        wheels.mkdir()
        record = "libclang-1.0.dist-info"
        with zipfile.ZipFile(wheels / "libclang-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("clang/native/libclang.so", "a stand-in")
            wheel.writestr(f"{record}/METADATA", "Metadata-Version: 2.1\nName: libclang\nVersion: 1.0\n")
            wheel.writestr(f"{record}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{record}/RECORD", "")
        code = f"import libclang, pathlib; libclang.PLACES = (); libclang.LOCAL = pathlib.Path({str(local)!r}); print(libclang.ensure())"
        done = self.run_tool(code, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], str(local / "clang" / "native"))
        self.assertEqual((local / "clang" / "native" / "libclang.so").read_text(), "a stand-in")

    def test_no_pip_to_bring_it(self):
        code = "import libclang, pypi, console; libclang.PLACES = (); pypi.has_pip = lambda path: False\n"
        code += f"import pathlib; libclang.LOCAL = pathlib.Path({str(self.folder)!r}); console.main(libclang.ensure)"
        done = self.run_tool(code)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^\nerror: no libclang found, .* LIBCLANG_PATH=.* TOOLS_PYTHON=.*\n$")

    def test_valgrind_is_not_installed(self):
        done = self.run_tool("import console, memcheck; console.main(memcheck.ensure)", path=[])
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: no valgrind found; install it with your system's packages", done.stderr)


class Reports(Tools):
    """What a long command tells while it runs, and leaves for programs."""

    def begin(self):
        self.path = self.folder / "deep" / "report.json"
        with unittest.mock.patch.dict(os.environ, JSON=str(self.path)):
            return report.Report("sort")

    def test_what_is_written(self):
        with contextlib.redirect_stdout(io.StringIO()):
            codes = self.begin().close(0), self.begin().close(2, sorted=["a", "b"])
        self.assertEqual(codes, (0, 1), "the exit codes")
        found = json.loads(self.path.read_text())
        self.assertGreaterEqual(found.pop("seconds"), 0)
        self.assertEqual(found, {"command": "sort", "failures": 2, "sorted": ["a", "b"]})

    def test_an_earlier_one_is_not_taken_for_this_one(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.begin().close(0)
        self.assertTrue(self.path.exists())
        self.begin()
        self.assertFalse(self.path.exists(), "a command that stops on the way leaves none")

    def test_where_none_can_be_written(self):
        """It is said before the work, not behind it."""
        for path in (self.folder, pathlib.Path("/proc/no/such/place.json")):
            with unittest.mock.patch.dict(os.environ, JSON=str(path)), self.assertRaisesRegex(console.Failure, "JSON=... names a file"):
                report.Report("sort")
        with unittest.mock.patch.dict(os.environ, JSON=os.devnull):
            report.Report("sort")
        self.assertTrue(os.path.exists(os.devnull))

    def test_failures_are_added_up(self):
        """Whatever else of the same name has passed."""
        tally = pytests.Tally()
        tally.add("one", failed=2, passed=1)
        tally.add("one", passed=3)
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(tally.close(self.begin()), 1)
        self.assertEqual(json.loads(self.path.read_text())["parts"], {"one": {"passed": 4, "failed": 2, "skipped": 0}})

    def test_what_is_left(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), unittest.mock.patch("time.monotonic", iter([0, 60, 360]).__next__):
            progress = console.Progress(3)
            progress.tell("one")
            progress.tell("two")
        self.assertEqual(printed.getvalue(), "  [1/3, about 2 min left] one\n  [2/3, about 3 min left] two\n")

    def test_a_step_inside_of_another(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), unittest.mock.patch("time.monotonic", itertools.repeat(0).__next__):
            with console.Step("one"), console.Step("two"):
                pass
            with console.Step("three"):
                pass
        lines = ["  one ...", "  two ... done (0.0 s)", "  one ... done (0.0 s)", "  three ... done (0.0 s)"]
        self.assertEqual(printed.getvalue().splitlines(), lines)
