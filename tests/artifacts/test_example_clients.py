"""The clients under examples/clients that need nothing but a compiler, or cargo: built as their README says, and run."""

import os
import pathlib
import re
import subprocess
import tempfile
import textwrap

from support import BUILDS, ROOT, WARNINGS, InstalledTest, compiler, module_name, python_includes, run

EXAMPLES = ROOT / "examples" / "clients"
CONDITION = re.compile(r"^\s*#\s*if.*(PY_VERSION|Py_3|3\.1[0-9])|internal/|Py_BUILD_CORE", re.MULTILINE)

WATCH = """
import watch_calls
def function(a, *rest, b=2):
    return a
function(0)
watch_calls.watch(function.__code__)
function(1), function(2, 3, b=4)
"""
FRAMES = """
import print_frames
def generator(argument):
    kept = [argument]
    def inner():
        print_frames.show()
        return kept
    yield inner()
for value in generator(7):
    pass
"""
SWAP = """
import gc, swap
def own(a): return "own", a
def other(a): return "other", a
answers = [own(1)]
swapped = swap.Swap(own.__code__, other.__code__)
answers += [own(2), own(3)]
calls = swapped.calls
del swapped
answers.append(own(4))
print(answers, calls)
"""


class ExampleClients(InstalledTest):
    def compiled(self, build, source, folder, kind):
        module = pathlib.Path(folder) / module_name(build, source.stem)
        command = [*compiler("CC", "cc", "gcc", "clang"), "-std=c11", *WARNINGS, "-fPIC", "-shared", *self.flags(build, "--cflags")]
        run([*command, *python_includes(build), source, *self.flags(build, "--libs", kind=kind), "-o", module])

    def output(self, build, name, code, kind="shared"):
        with tempfile.TemporaryDirectory() as folder:
            for source in (EXAMPLES / name).glob("*.c"):
                self.compiled(build, source, folder, kind)
            return run([build.python.path, "-c", code], env={**os.environ, "PYTHONPATH": folder})

    def test_watch_calls(self):
        for build in BUILDS:
            for kind in ("shared", "static"):
                lines = self.output(build, "watch_calls", WATCH, kind).splitlines()
                lines = [re.sub(r" at 0x\w+", "", line) for line in lines]
                self.assertEqual(
                    lines,
                    [
                        "call 1 of <function function>: {'a': 1, 'b': 2, 'rest': ()}",
                        "call 2 of <function function>: {'a': 2, 'b': 4, 'rest': (3,)}",
                    ],
                )

    def test_print_frames(self):
        texts = set()
        for build in BUILDS:
            text = self.output(build, "print_frames", FRAMES, "static")
            # Which instruction it is differs, and what is on the stack: the names and values do not.
            text = re.sub(r", instruction \d+|\n    stack .*|at 0x\w+", "", text)
            texts.add(text)
            for line in (
                "generator.<locals>.inner, line 6, kept by: thread",
                "    0 kept, free = [7]",
                "generator, line 8, kept by: generator",
            ):
                self.assertIn(line, text)
            self.assertIn("    0 argument, argument = 7", text)
        self.assertEqual(len(texts), 1)

    def test_resume(self):
        for build in BUILDS:
            with tempfile.TemporaryDirectory() as folder:
                self.compiled(build, EXAMPLES / "resume" / "frame_compiler.c", folder, "static")
                text = run([build.python.path, EXAMPLES / "resume" / "resume.py"], env={**os.environ, "PYTHONPATH": folder})
            ran = ["total", "total_resume_1", "total_resume_2", "total_resume_3"]
            self.assertEqual(text.splitlines(), ["goods 30"] * 3 + [f"45.0 [45.0, 45.0] {ran * 2}"])

    def test_rust_client(self):
        for build in BUILDS:
            if build.python.debug:
                continue
            target = build.cargo_target / "client"
            environment = {**build.environment(), "CARGO_TARGET_DIR": str(target)}
            run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=EXAMPLES / "rust", env=environment)
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / module_name(build, "swap")).symlink_to(target / "release" / "libswap.so")
                text = run([build.python.path, "-c", SWAP], env={**os.environ, "PYTHONPATH": folder})
            self.assertEqual(text.strip(), "[('own', 1), ('other', 2), ('other', 3), ('own', 4)] [{'a': 2}, {'a': 3}]")

    def test_rust_page(self):
        """The page's last command prints what stands below it; test_rust_client has built the example."""
        text = (ROOT / "docs" / "first-hook-rust.md").read_text()
        (program, shown) = re.search(r'^    python3\.12 -c "\n(.*?)"\n\nIt prints:\n\n    (.*?)\n', text, re.MULTILINE | re.DOTALL).groups()
        build = next(build for build in BUILDS if not build.python.debug)
        target = build.cargo_target / "client"
        environment = {**build.environment(), "CARGO_TARGET_DIR": str(target)}
        run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=EXAMPLES / "rust", env=environment)
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "swap.so").symlink_to(target / "release" / "libswap.so")
            printed = run([build.python.path, "-c", textwrap.dedent(program)], env={**os.environ, "PYTHONPATH": folder})
        self.assertEqual(printed.strip(), shown)

    def test_no_client_knows_a_version(self):
        sources = [path for path in ROOT.glob("examples/**/*") if path.suffix in (".c", ".cpp", ".h", ".rs") and "target" not in path.parts]
        self.assertGreater(len(sources), 8)
        for source in sources:
            self.assertIsNone(CONDITION.search(source.read_text()), source)

    def test_warnings_of_the_headers(self):
        """C11 and C++17, for the limited API and with the capsule: not a warning, and no internal header."""
        text = "#include <pyframe_shim.h>\nPyObject *use(PyFrameShim_Frame *frame);\nPyObject *use(PyFrameShim_Frame *frame) { %s }\n"
        bodies = {"": "return PyFrameShim_GetLocals(frame, 0);"}
        bodies["-DPYFRAME_SHIM_USE_CAPSULE"] = "return PyFrameShim_Import() < 0 ? NULL : PyFrameShim_GetLocals(frame, 0);"
        for build in BUILDS:
            for define, body in bodies.items():
                for limited in ([], ["-DPy_LIMITED_API=0x030B0000"]):
                    for variable, names, options in (
                        ("CC", ("cc", "gcc"), ["-std=c11", "-xc"]),
                        ("CXX", ("c++", "g++"), ["-std=c++17", "-xc++"]),
                    ):
                        command = [
                            *compiler(variable, *names),
                            *options,
                            *WARNINGS,
                            "-fsyntax-only",
                            *([define] if define else []),
                            *limited,
                        ]
                        command += ["-I", ROOT / "include", *python_includes(build), "-"]
                        done = subprocess.run(list(map(str, command)), input=text % body, capture_output=True, text=True)
                        self.assertEqual((done.returncode, done.stderr), (0, ""))
