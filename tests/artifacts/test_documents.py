"""What the documents tell a reader to type works in a clone, as it stands there but for whose interpreter it is."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

import formatters
import seen
import site_of_docs
from support import BUILDS, ROOT, outside_of_make, run

DOCS = ROOT / "docs"
# A folder that stays: the path of a crate's dependency is part of what cargo knows it by.
PLACE = ROOT / "target" / "documents"
CRATE = """
[package]
name = "reader"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

"""
MODULE = """
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "my_extension", NULL, -1, NULL, NULL, NULL, NULL, NULL};
"""


def page(path):
    return (ROOT / path).read_text()


def fenced(text, language):
    """The blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text):
    """What is indented."""
    return textwrap.dedent("".join(re.findall(r"^    .*\n", text, re.MULTILINE)))


def documents():
    return formatters.tracked("*.md")


def config_of(build):
    """The python-config beside an interpreter."""
    python = pathlib.Path(build.python.path)
    places = [python.parent / f"{name}-config" for name in (python.name, f"python{build.python.label}")]
    return next((path for path in places if path.exists()), None)


def typed(script, build, home):
    """What a reader would type for this interpreter, with the clone as the current folder."""
    python = shlex.quote(build.python.path)
    script = script.replace("PYTHON=python3.12", f"PYTHON={python}").replace("python3.12-config", str(config_of(build)))
    script = script.replace("shim-3.12", f"shim-{build.python.label}").replace("python3.12 -c", f"{python} -c")
    keep = {"CARGO_HOME": "~/.cargo", "RUSTUP_HOME": "~/.rustup"}
    keep = {name: os.environ.get(name) or os.path.expanduser(place) for name, place in keep.items()}
    environment = {**outside_of_make(), **keep, "HOME": home, "TOOLS_PYTHON": sys.executable, "PYTHONPATH": home}
    return run(["sh", "-ec", script], cwd=ROOT, env=environment)


class Documents(unittest.TestCase):
    def test_quoted(self):
        """What a page quotes of an example stands there."""
        clients = ROOT / "examples" / "clients"
        quoted = {
            "README.md": (("c", "watch_calls/watch_calls.c"), ("rust", "rust/src/lib.rs")),
            "docs/first-hook-c.md": (("c", "watch_calls/watch_calls.c"), ("c", "abi3/swap_code.c")),
            "docs/first-hook-cpp.md": (("cpp", "cmake/call_log.cpp"), ("cmake", "cmake/CMakeLists.txt")),
            "docs/first-hook-rust.md": (("rust", "rust/src/lib.rs"),),
        }
        for name, examples in quoted.items():
            texts = "".join((clients / file).read_text() for _, file in examples)
            for language in {language for language, _ in examples}:
                blocks = [block for block in fenced(page(name), language) if "my_extension" not in block]
                self.assertTrue(blocks)
                for block in blocks:
                    self.assertIn(block, texts, name)

    def test_a_hook_in_c(self):
        build = next((build for build in reversed(BUILDS) if config_of(build)), None)
        if build is None:
            self.skipTest("no interpreter here has a python-config beside it")
        for name in ("README.md", "docs/first-hook-c.md"):
            text = page(name)
            script = commands(
                text[text.index("    make install") : text.index("greet('all', greeting='hi ')\"") + 40].partition("\n\n")[0] + "\n"
            )
            self.assertEqual(script.split()[:2], ["make", "install"])
            with self.subTest(page=name), tempfile.TemporaryDirectory() as home:
                printed = typed(script.replace("-o watch_calls.so", f"-o {home}/watch_calls.so"), build, home).splitlines()
                calls = [re.sub(r" at 0x\w+", "", line) for line in printed if line.startswith("call ")]
                expected = ["{'name': 'you', 'greeting': 'hello'}", "{'name': 'all', 'greeting': 'hi '}"]
                self.assertEqual(calls, [f"call {number} of <function greet>: {locals_}" for number, locals_ in enumerate(expected, 1)])
                if name.startswith("docs"):
                    shown = [re.sub(r" at 0x\w+", "", line.strip()) for line in text.splitlines() if line.startswith("    call ")]
                    self.assertEqual(shown, calls)

    def test_from_c(self):
        text = page("docs/first-hook-c.md")
        text = text[text.index("An extension of your own") :]
        (source,) = fenced(text, "c")
        source = source.replace("    ...\n", "    return PyModule_Create(&module);\n")
        source = source.replace("PyMODINIT_FUNC", f"{MODULE}\nPyMODINIT_FUNC")
        script = commands(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
        self.assertEqual([line.split()[0] for line in script.splitlines() if line[0] != " "], ["cc"])
        whole = page("docs/first-hook-c.md")
        first = commands(whole[whole.index("    make install") :]).splitlines()[:2]
        self.assertEqual([line.split()[0] for line in first], ["make", "export"])
        script = "\n".join([*first, script])
        for build in BUILDS:
            with self.subTest(python=build.python.name), tempfile.TemporaryDirectory() as home:
                if config_of(build) is None:
                    self.skipTest(f"{build.python.path} has no python-config beside it")
                (pathlib.Path(home) / "my_extension.c").write_text(source)
                typed(re.sub(r"\bmy_extension[.]", f"{home}/my_extension.", script), build, home)
                run([build.python.path, "-c", "import my_extension"], cwd=home, env={**os.environ, "PYTHONPATH": home})

    def test_docs_rs(self):
        """The crate's documentation is made without an interpreter's headers, as docs.rs makes it."""
        build = BUILDS[0]
        environment = {**os.environ, "DOCS_RS": "1", "PYO3_PYTHON": build.python.path, "LIBCLANG_PATH": "/no/such/folder"}
        environment |= {"CARGO_TARGET_DIR": str(PLACE / "docs.rs"), "RUSTDOCFLAGS": "-D warnings"}
        run(["cargo", "doc", "--no-deps", "--locked", "--package", "pyframe-shim"], cwd=ROOT, env=environment)
        self.assertTrue((PLACE / "docs.rs" / "doc" / "pyframe_shim" / "hook" / "struct.Call.html").exists())

    def test_site(self):
        """Sphinx makes a site of docs, and warns of nothing: no link leads nowhere."""
        # As `make docs` does, where it can.
        build = next((build for build in BUILDS if build.python.minor == seen.MINOR and not build.python.debug), BUILDS[-1])
        with tempfile.TemporaryDirectory() as folder:
            site = site_of_docs.make(build, pathlib.Path(folder) / "site")
            for path in DOCS.rglob("*.md"):
                self.assertTrue((site / path.relative_to(DOCS)).with_suffix(".html").exists(), path)
            # Nothing is loaded from elsewhere when it is read.
            for path in site.rglob("*.html"):
                loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//[^\"]*", path.read_text())
                self.assertEqual(loaded, [], path)
            reference = (site / "reference" / "pyframe_shim.html").read_text()
            functions = re.findall(r"^[\w *]+?\b(PyFrameShim_\w+)\(", (ROOT / "include" / "pyframe_shim.h").read_text(), re.MULTILINE)
            self.assertEqual([name for name in functions if f'id="c.{name}"' not in reference], [])
            python = (site / "reference" / "python.html").read_text()
            for name in ("evalframe.Frame.why_not", "evalframe.Hook.remove", "frames.Image.slots", "install"):
                self.assertIn(f'id="pyframe_shim.{name}"', python)

    def test_from_rust(self):
        build = BUILDS[-1]
        crate = PLACE / "crate"
        (crate / "src").mkdir(parents=True, exist_ok=True)
        clone = PLACE / "pyframe-shim"
        if not clone.is_symlink():
            clone.symlink_to(ROOT)
        (crate / "Cargo.toml").write_text(CRATE + fenced(page("docs/first-hook-rust.md"), "toml")[0])
        (crate / "src" / "lib.rs").write_text(
            '#[unsafe(no_mangle)]\npub extern "C" fn minor() -> i32 {\n    pyframe_shim::runtime::BUILD.minor\n}\n'
        )
        shutil.copy(ROOT / "Cargo.lock", crate)  # or cargo would look for newer ones
        kept = {name: value for name, value in build.environment().items() if name != "CARGO_TARGET_DIR"}
        run(["cargo", "build", "--release"], cwd=crate, env=kept)
        library = crate / "target" / "release" / "libreader.so"
        code = f"import ctypes; print(ctypes.CDLL({str(library)!r}).minor())"
        self.assertEqual(f"3.{run([build.python.path, '-c', code]).strip()}", build.python.minor)

    def test_targets_of_make(self):
        """Every command that a document names is there."""
        for path in (*documents(), ROOT / "Makefile"):
            for target in sorted(set(re.findall(r"(?:`|^    |^# )(?:\w+=\S+ )*make ([a-z][\w-]*)", path.read_text(), re.MULTILINE))):
                with self.subTest(document=path.name, target=target):
                    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, env=outside_of_make(), capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_files_that_are_named(self):
        """By a link or in a command."""
        for path in documents():
            text = path.read_text()
            links = [path.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text)]
            typed = [ROOT / word for word in re.findall(r"(?<=[ `])(?:examples|tools|tests|docs)/[\w./-]*\w", text)]
            self.assertEqual([str(file) for file in (*links, *typed) if not file.exists()], [], path)
