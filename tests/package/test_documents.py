"""What docs/python.md tells a reader to type, in a clone and a virtual environment."""

import os
import pathlib
import re
import shutil
import textwrap

from support import MINOR, PACKAGE, PYTHON, ROOT, SITE, PackageTest, clean_environment, process, succeed

TEXT = (ROOT / "docs" / "python.md").read_text()


def commands(text):
    """What is indented."""
    return textwrap.dedent("".join(re.findall(r"^    .*\n", text, re.MULTILINE)))


class Documents(PackageTest):
    def environment(self, with_package=False):
        """A new environment that has what the one under test has, the package only if asked for: nothing of others' is fetched again."""
        place = self.folder / "environment"
        succeed([PACKAGE["base"], "-m", "venv", "--without-pip", place])
        (site,) = place.glob("lib/python*/site-packages")
        for path in SITE.iterdir():
            if with_package or "pyframe_shim" not in path.name:
                (site / path.name).symlink_to(path)
        pip = self.write("environment/bin/pip", '#!/bin/sh\nexec python -m pip "$@"\n')
        pip.chmod(0o755)
        path = os.pathsep.join([str(place / "bin"), str(pathlib.Path(PYTHON).parent), os.environ["PATH"]])
        return clean_environment(PATH=path, VIRTUAL_ENV=place)

    def test_the_example_clients(self):
        script = commands(TEXT.partition("## For extensions: the SDK")[2].partition("\n## ")[0])
        self.assertEqual(re.findall(r"^pip install", script, re.MULTILINE), ["pip install"] * 2)
        for client, name in (("setuptools", "first_locals"), ("abi3", "swap_code")):
            for left in ("build", f"{name}.egg-info"):
                self.addCleanup(shutil.rmtree, ROOT / "examples" / "clients" / client / left, ignore_errors=True)
        environment = self.environment()
        succeed(["sh", "-ec", script], cwd=ROOT, env=environment, timeout=600)
        code = "import evalframe, first_locals, call_log, swap_code\n"
        code += "print(first_locals.of(lambda a: a, 1), len(call_log.record(lambda: 1)))"
        self.assertEqual(succeed(["python", "-c", code], cwd=self.folder, env=environment), "{'a': 1} 1\n")

    def test_a_hook_in_cpp(self):
        """The commands of the page, but for the first, whose installation is the one under test."""
        text = (ROOT / "docs" / "first-hook-cpp.md").read_text()
        script = commands(text[text.index("    pip install .") :]).splitlines()
        self.assertTrue(script[0].startswith("pip install . "))
        (shown,) = (line for line in script if line.startswith("["))
        environment = self.environment(with_package=True)
        printed = succeed(["sh", "-ec", "\n".join(script[1 : script.index(shown)])], cwd=ROOT, env=environment, timeout=600)
        self.assertEqual(printed.splitlines()[-1], shown)

    def test_a_new_client(self):
        """What new-client writes is built, and its test passes as it stands."""
        environment = self.environment(with_package=True)
        for language, suffix in (("c", ".abi3"), ("cpp", ".cpython-")):
            name = f"my_{language}_hook"
            told = succeed(["python", "-m", "pyframe_shim", "new-client", name, "--language", language], cwd=self.folder, env=environment)
            self.assertIn(f"pip install --no-build-isolation ./{name}", told)
            succeed(["pip", "install", "--no-build-isolation", "--no-deps", f"./{name}"], cwd=self.folder, env=environment, timeout=600)
            code = f"import sys; sys.path.insert(0, '{name}'); import test_{name} as test; test.test_calls(); print(test.{name}.__file__)"
            self.assertIn(f"{name}{suffix}", succeed(["python", "-P", "-c", code], cwd=self.folder, env=environment))

    def test_a_new_client_in_rust(self):
        """The same, with a clone of the crate. It is built in a folder that stays, so that what it needs is not built each time."""
        place = ROOT / "target" / "new-client" / MINOR
        shutil.rmtree(place / "my_rust_hook", ignore_errors=True)
        place.mkdir(parents=True, exist_ok=True)
        environment = self.environment(with_package=True) | {"CARGO_TARGET_DIR": str(place / "cargo")}
        environment["LIBCLANG_PATH"] = succeed(["python", str(ROOT / "tools" / "libclang.py")], env=environment).strip()
        command = ["python", "-m", "pyframe_shim", "new-client", "my_rust_hook", "--language", "rust", "--crate", str(ROOT)]
        told = succeed(command, cwd=place, env=environment)
        self.assertIn(f"export LIBCLANG_PATH=$(python {ROOT}/tools/libclang.py)", told)
        self.assertIn("pip install --no-build-isolation ./my_rust_hook", told)
        # The versions that the example has been tested with.
        shutil.copy(ROOT / "examples" / "clients" / "rust" / "Cargo.lock", place / "my_rust_hook")
        succeed(["pip", "install", "--no-build-isolation", "--no-deps", "./my_rust_hook"], cwd=place, env=environment, timeout=600)
        code = "import sys; sys.path.insert(0, 'my_rust_hook'); import test_my_rust_hook as test; test.test_calls()"
        succeed(["python", "-P", "-c", code], cwd=place, env=environment)

    def test_what_cannot_be_a_new_client(self):
        (self.folder / "there").mkdir()
        for arguments, said in (
            (["there"], "File exists"),
            (["my-hook"], "cannot be a module's name"),
            (["my_hook", "--language", "rust"], "--crate DIR"),
            (["my_hook", "--crate", str(ROOT)], "--crate DIR"),
            (["my_hook", "--language", "rust", "--crate", "there"], "no clone of pyframe-shim"),
        ):
            done = process([PYTHON, "-m", "pyframe_shim", "new-client", *arguments], cwd=self.folder, env=clean_environment())
            self.assertEqual((done.returncode, done.stdout), (1, ""), arguments)
            self.assertIn(said, done.stderr)
            self.assertFalse((self.folder / "my_hook").exists())

    def test_the_package(self):
        """The commands that say what there is; the installation is the one under test."""
        script = commands(TEXT).replace('--startup)"\n', '--startup)"\ntest -e "$PYFRAME_SHIM_START/pyframe_shim_start.pth"\n')
        (startup,) = re.findall(r"^export .*\ntest .*\n", script, re.MULTILINE)
        environment = clean_environment(PATH=os.pathsep.join([str(pathlib.Path(PYTHON).parent), os.environ["PATH"]]))
        succeed(["sh", "-ec", startup], env=environment)
        (folder,) = re.findall(r"-DPyFrameShim_DIR=\$\((.*?)\)", TEXT)
        self.assertTrue((pathlib.Path(succeed(["sh", "-ec", folder], env=environment).strip()) / "PyFrameShimConfig.cmake").exists())
