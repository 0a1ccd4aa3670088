"""What is said of every interpreter that the library cannot be built for: what was found, what is needed, what to do.

The interpreters are stand-ins: the real one, with some of its answers changed on the way.
"""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import BUILDS, ROOT, outside_of_make, pythons

TARGET = ROOT / "target" / "refusals"
PYENV = """pyenv: {0}: command not found

The `{0}' command exists in these Python versions:
  3.99.1

Note: See 'pyenv help global' for tips on allowing multiple
      Python versions to be found at the same time.
"""
CHOOSE = "PYO3_PYTHON=/path/to/python3.13 cargo build --release"


def cargo(python, **changes):
    """What cargo says to an interpreter, and its target folder."""
    environment = {**BUILDS[0].environment(), "CARGO_TARGET_DIR": str(TARGET), "PYO3_PYTHON": python, **changes}
    command = ["cargo", "build", "--release", "--locked"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900), TARGET


class Refusals(unittest.TestCase):
    """What the tests below share."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def interpreter(self, *changes):
        """An interpreter that answers like the real one, but for these sed commands."""
        real = shlex.quote(BUILDS[0].python.path)
        edits = " ".join(f"-e {shlex.quote(change)}" for change in changes)
        path = self.folder / "python"
        path.write_text(f'#!/bin/sh\nanswer=$({real} "$@") || exit\nprintf "%s\\n" "$answer" | sed {edits}\n')
        path.chmod(0o755)
        return str(path)

    def assert_refused(self, result, found, needed, mend):
        self.assertNotEqual(result.returncode, 0)
        message = result.stderr
        self.assertEqual(message.count("pyframe-shim cannot be built here."), 1, message)
        self.assertRegex(message, f"(?s)found:  [^\n]*{found}")
        self.assertRegex(message, f"(?s)needed: [^\n]*{needed}")
        self.assertRegex(message, f"(?s)mend:   [^\n]*{mend}")
        self.assertNotIn("panicked", message)


class CargoRefusals(Refusals):
    """From build/main.rs."""

    def cargo(self, python, **changes):
        return cargo(python, **changes)[0]

    def assert_version_refused(self, found, *changes):
        self.assert_refused(self.cargo(self.interpreter(*changes)), found, "CPython 3.11 to 3.15", CHOOSE)

    def test_too_new(self):
        self.assert_version_refused("CPython 3.16", "s/^version_minor .*/version_minor 16/")

    def test_far_too_new(self):
        self.assert_version_refused("CPython 3.21", "s/^version_minor .*/version_minor 21/")

    def test_pypy(self):
        self.assert_version_refused("PyPy 3.11", "s/^implementation .*/implementation PyPy/", "s/^version_minor .*/version_minor 11/")

    def test_free_threaded(self):
        self.assert_version_refused(
            "free-threaded build of CPython 3.13", "s/^gil_disabled .*/gil_disabled 1/", "s/^version_minor .*/version_minor 13/"
        )

    def test_trace_refs(self):
        """The build that links all objects, the library's too: it has no code for that chain."""
        self.assert_version_refused("Py_TRACE_REFS build of CPython 3", "s/^trace_refs .*/trace_refs 1/")

    def test_stackref_debug(self):
        """Its frames hold numbers where others have pointers (3.14 and newer)."""
        self.assert_version_refused("Py_STACKREF_DEBUG build of CPython 3", "s/^stackref_debug .*/stackref_debug 1/")

    def test_another_than_pyo3_is_configured_for(self):
        """By PYO3_CONFIG_FILE, say: one minor's layout would be built from another's headers."""
        result = self.cargo(self.interpreter("s/^version 3[.].*/version 3.99.1/"))
        self.assert_refused(result, "it is 3.99.1, and pyo3 is configured for 3.1", "CPython 3.11 to 3.15", CHOOSE)

    def test_no_headers(self):
        minor = BUILDS[0].python.minor
        result = self.cargo(self.interpreter("s#^include .*#include /no/such/folder#"))
        self.assert_refused(result, "no /no/such/folder/Python.h", f"headers of CPython {minor}", f"apt-get install python{minor}-dev")

    def test_no_internal_headers(self):
        (self.folder / "Python.h").touch()
        result = self.cargo(self.interpreter(f"s#^include .*#include {self.folder}#"))
        self.assert_refused(result, f"no {self.folder}/internal/pycore_frame.h", "internal ones", "apt-get install")

    def test_headers_that_cannot_be_read(self):
        (self.folder / "internal").mkdir()
        (self.folder / "Python.h").write_text("#error not what you think\n")
        (self.folder / "pyconfig.h").touch()
        (self.folder / "internal" / "pycore_frame.h").touch()
        result = self.cargo(self.interpreter(f"s#^include .*#include {self.folder}#"))
        self.assert_refused(result, "not what you think", "headers that belong to the interpreter", "apt-get install")

    def test_no_libclang(self):
        result = self.cargo(BUILDS[0].python.path, LIBCLANG_PATH="/no/such/folder")
        self.assert_refused(result, "no libclang", "libclang 6", "apt-get install libclang-dev")

    def test_interpreter_does_not_answer(self):
        # pyo3 asks first and is answered; the build's own questions are not.
        real = shlex.quote(BUILDS[0].python.path)
        path = self.folder / "python"
        path.write_text(f'#!/bin/sh\ncase "$*" in *trace_refs*) echo "out of order" >&2; exit 1;; esac\nexec {real} "$@"\n')
        path.chmod(0o755)
        self.assert_refused(self.cargo(str(path)), "did not answer as it should: out of order", "CPython 3.11", CHOOSE)


class CommandRefusals(Refusals):
    """The same from the commands, which ask before cargo does.

    Two cases have a message of ours only here: for a Python below 3.9, or none at all, pyo3-ffi's build script stops
    cargo before ours is run.
    """

    def make(self, *arguments, root=ROOT, **changes):
        command = ["make", f"TOOLS_PYTHON={sys.executable}", *arguments]
        # What is not refused, though it should be, must not be installed on this machine.
        environment = {**outside_of_make(), "PREFIX": str(self.folder / "prefix"), **changes}
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)

    def assert_command_refuses(self, python, found):
        for arguments in (["install", f"PYTHON={python}"], ["demo", f"PYTHONS={python}"], ["test", f"PYTHONS={python}"]):
            with self.subTest(arguments=arguments):
                self.assert_refused(self.make(*arguments), found, "CPython 3.11 to 3.15", "PYTHON=/path/to/python3.13")

    def test_too_old(self):
        self.assert_command_refuses(self.interpreter("s/^3[.]1[1-5][.].*/3.8.18/"), "CPython 3.8.18")

    def test_too_new(self):
        self.assert_command_refuses(self.interpreter("s/^3[.]1[1-5][.].*/3.16.1/"), "CPython 3.16.1")

    def test_pypy(self):
        self.assert_command_refuses(self.interpreter("s/^CPython/PyPy/"), "PyPy 3")

    def test_free_threaded(self):
        self.assert_command_refuses(self.interpreter("s/^0 0 /0 1 /"), "free-threaded build of CPython 3")

    def test_trace_refs(self):
        self.assert_command_refuses(self.interpreter("s/^\\(0 0 [01]\\) 0 0$/\\1 1 0/"), "Py_TRACE_REFS build of CPython 3")

    def test_stackref_debug(self):
        self.assert_command_refuses(self.interpreter("s/^\\(0 0 [01]\\) 0 0$/\\1 0 1/"), "Py_STACKREF_DEBUG build of CPython 3")

    def test_no_such_interpreter(self):
        self.assert_command_refuses("/no/such/python", "no /no/such/python")

    def test_no_such_minor(self):
        self.assert_command_refuses("3.16", "no CPython 3[.]16 on PATH")

    def test_a_minor(self):
        """It stands for the interpreter that would be found."""
        minor = BUILDS[0].python.minor
        self.assertEqual(pythons.use(minor).minor, minor)

    def test_interpreter_does_not_answer(self):
        self.assert_command_refuses("false", "did not answer")

    def pyenv(self, name):
        """A folder with a shim of pyenv, for an interpreter that is there and not chosen; it speaks of it in many lines."""
        shim = self.folder / "shims" / name
        shim.parent.mkdir()
        shim.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{PYENV.format(name)}END\nexit 127\n")
        shim.chmod(0o755)
        return f"{shim.parent}{os.pathsep}{os.environ['PATH']}"

    def test_a_shim_of_pyenv(self):
        """All that it says is shown, and the interpreter of that name that can be used."""
        real = pathlib.Path(BUILDS[0].python.path)
        name = f"python{BUILDS[0].python.minor}"
        place = self.folder / "pyenv" / "versions" / f"{BUILDS[0].python.minor}.99" / "bin" / name
        place.parent.mkdir(parents=True)
        place.write_text(f'#!/bin/sh\nexec {shlex.quote(str(real))} "$@"\n')
        place.chmod(0o755)
        path = os.pathsep.join([self.pyenv(name).split(os.pathsep)[0], self.path_without_python()])
        for variable, command in (("PYTHON", "install"), ("PYTHONS", "demo")):
            result = self.make(command, f"{variable}={name}", PATH=path, PYENV_ROOT=str(self.folder / "pyenv"), HOME=str(self.folder))
            self.assert_refused(result, f"shims/{name}, which did not answer: pyenv: {name}: command", "CPython 3.11", f"PYTHON={place}")
            self.assertIn("command exists in these Python versions:\n            3.99.1\n", result.stderr)
            self.assertIn("Python versions to be found at the same time.\n", result.stderr)

    def test_a_traceback(self):
        """Of a Python that breaks off: its last line says why."""
        python = self.folder / "python"
        python.write_text("#!/bin/sh\nprintf 'Traceback (most recent call last):\\n  File x\\nImportError: no sysconfig\\n' >&2; exit 1\n")
        python.chmod(0o755)
        self.assert_command_refuses(str(python), "which did not answer: ImportError: no sysconfig\n")

    def test_no_headers(self):
        minor = BUILDS[0].python.minor
        python = self.interpreter("s#^/.*/include/.*#/no/such/folder#")
        self.assert_refused(
            self.make("install", f"PYTHON={python}"),
            "no /no/such/folder/internal/pycore_frame.h",
            "internal ones",
            f"apt-get install python{minor}-dev",
        )

    def test_no_interpreter(self):
        # A copy of the commands has no interpreters of its own beside it.
        copy = self.folder / "copy"
        shutil.copytree(ROOT / "tools", copy / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Makefile", copy)
        result = self.make("demo", root=copy, PATH=self.path_without_python(), HOME=str(self.folder), PYENV_ROOT=str(self.folder))
        self.assert_refused(result, "no Python interpreter", "CPython 3.11 to 3.15", "apt-get install python3-dev")
        for minor in ("3.11", "3.12", "3.13", "3.14", "3.15"):
            self.assertIn(f"CPython {minor}: not found", result.stdout)

    def test_required_interpreter_is_missing(self):
        python = BUILDS[0].python
        result = self.make("demo", f"PYTHONS={python.path}", f"REQUIRE={python.minor} 3.99")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("REQUIRE asks for CPython 3.99", result.stderr)

    def path_without_python(self):
        """A PATH with everything that there is but interpreters."""
        place = self.folder / "bin"
        place.mkdir()
        for folder in reversed(os.environ["PATH"].split(os.pathsep)):
            for tool in pathlib.Path(folder).glob("*") if folder else ():
                if not tool.name.startswith(("python", "pypy", "uv")):
                    (place / tool.name).unlink(missing_ok=True)
                    (place / tool.name).symlink_to(tool)
        return str(place)
