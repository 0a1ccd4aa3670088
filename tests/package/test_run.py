"""`python -m pyframe_shim run`: what a program sees and prints is what it would under `python`, but the library is there."""

import json
import signal
import subprocess
import time

from support import COUNT, MINOR, PYTHON, SITE, PackageTest, clean_environment, fake_torch, process, succeed

# What a program can see of how it was started.
LOOK = """
import json, os, sys
main = sys.modules["__main__"]
spec = getattr(main, "__spec__", None)
print(json.dumps({
    "name": __name__, "file": __file__, "spec": spec and spec.name, "package": __package__, "argv": sys.argv,
    "orig_argv": sys.orig_argv[1:], "path": sys.path, "same": main.__dict__ is globals(), "flags": list(sys.flags),
    "modules": sorted(name for name in sys.modules if "pyframe" in name), "names": sorted(globals()),
    "environment": sorted(name for name in os.environ if name.startswith("PYFRAME")),
}))
"""


class RunTest(PackageTest):
    def setUp(self):
        super().setUp()
        self.environment = self.torch()

    def both(self, words, flags=(), options=(), **how):
        """The same program under `python`, and under `python -m pyframe_shim run`."""
        how = {"cwd": self.folder, "env": self.environment, **how}
        plain = process([PYTHON, *flags, *words], **how)
        ours = process([PYTHON, *flags, "-m", "pyframe_shim", "run", *options, *words], **how)
        return plain, ours

    def same(self, words, **how):
        """Assert that output, errors and exit code are the same; the plain one's."""
        plain, ours = self.both(words, **how)
        self.assertEqual((ours.stdout, ours.stderr, ours.returncode), (plain.stdout, plain.stderr, plain.returncode))
        return plain


class AsPython(RunTest):
    def look(self, words, **how):
        """What both see: the same, but for what the library needs."""
        plain, ours = (json.loads(done.stdout) for done in self.both(words, **how))
        self.assertEqual(plain.pop("modules"), [])
        self.assertEqual(ours.pop("modules"), ["_pyframe_shim_start"])
        self.assertEqual(plain.pop("environment"), [])
        self.assertEqual(ours.pop("environment"), ["PYFRAME_SHIM_START"])
        self.assertEqual(ours, plain)
        return plain

    def test_script(self):
        self.write("scripts/look.py", LOOK)
        seen = self.look(["scripts/look.py", "--stats", "-m", "a b", ""])
        self.assertEqual(seen["argv"], ["scripts/look.py", "--stats", "-m", "a b", ""])
        self.assertEqual(seen["path"][0], str(self.folder / "scripts"))

    def test_module_and_package(self):
        self.write("package/__init__.py", "")
        self.write("package/__main__.py", LOOK)
        self.write("package/inner.py", LOOK)
        self.assertEqual(self.look(["-m", "package", "1"])["spec"], "package.__main__")
        self.assertEqual(self.look(["-m", "package.inner", "--stats"])["argv"][1:], ["--stats"])

    def test_folder(self):
        self.write("folder/__main__.py", LOOK)
        self.assertEqual(self.look(["folder", "x"])["name"], "__main__")

    def test_command(self):
        self.assertEqual(self.look(["-c", f"__file__ = None{LOOK}", "x"])["argv"], ["-c", "x"])

    def test_standard_input(self):
        self.assertEqual(self.look(["-", "x"], input=f"__file__ = None{LOOK}")["argv"], ["-", "x"])

    def test_interpreter_flags(self):
        self.write("look.py", LOOK)
        for flags in (["-O"], ["-X", "dev"], ["-W", "error", "-B"], ["-u", "-OO"]):
            with self.subTest(flags=flags):
                self.assertEqual(self.look(["look.py"], flags=flags)["orig_argv"][: len(flags)], flags)
        with self.subTest("behind `run`"):
            self.assertEqual(self.look(["-O", "look.py"])["orig_argv"], ["-O", "look.py"])

    def test_flags_and_module_in_one_word(self):
        self.write("look.py", LOOK)
        for words, flags in ((["-Om", "pyframe_shim"], ["-O"]), (["-mpyframe_shim"], []), (["-Ompyframe_shim"], ["-O"])):
            with self.subTest(words=words):
                seen = succeed([PYTHON, *words, "run", "look.py"], cwd=self.folder, env=self.environment)
                self.assertEqual(json.loads(seen)["orig_argv"], [*flags, "look.py"])

    def test_end_of_our_options(self):
        self.write("look.py", LOOK)
        for words in (
            ["look.py", "--", "-m"],
            ["-O", "look.py"],
            ["-m", "look", "--stats"],
            ["--", "look.py"],
            ["--check-hash-based-pycs", "always", "look.py"],
        ):
            with self.subTest(words=words):
                plain = json.loads(succeed([PYTHON, *words], cwd=self.folder, env=self.environment))
                ours = json.loads(succeed([PYTHON, "-m", "pyframe_shim", "run", "--", *words], cwd=self.folder, env=self.environment))
                self.assertEqual((ours["argv"], ours["orig_argv"], ours["path"]), (plain["argv"], plain["orig_argv"], plain["path"]))
        done = process([PYTHON, "-m", "pyframe_shim", "run", "--stats", "--", "look.py"], cwd=self.folder, env=self.environment)
        self.assertEqual((done.returncode, done.stderr.splitlines()[0]), (0, "pyframe_shim: the program did not import torch"))
        done = process([PYTHON, "-m", "pyframe_shim", "run", "--", "--version"], env=clean_environment())
        self.assertEqual((done.returncode, done.stdout), (0, succeed([PYTHON, "--version"])))

    def test_what_we_tell_python_is_not_to_be_seen(self):
        code = "import sys; print(sys.orig_argv[1:], sys._xoptions, sys.argv)"
        for flags in ([], ["-X", "dev"], ["-X", "other=pyframe_shim"], ["-I"], ["-E"]):
            with self.subTest(flags=flags):
                self.same(["-c", code, "-X", "pyframe_shim=stats,,/"], flags=flags)

    def test_traceback(self):
        self.write("fails.py", "def inner():\n    raise ValueError('here')\n\nprint('before')\ninner()\n")
        done = self.same(["fails.py"])
        self.assertEqual((done.stdout, done.returncode), ("before\n", 1))
        self.assertIn("ValueError: here", done.stderr)
        self.same(["-m", "fails"])
        self.write("broken.py", "def (:\n")
        self.assertIn("SyntaxError", self.same(["broken.py"]).stderr)

    def test_not_there(self):
        self.assertEqual(self.same(["missing.py"]).returncode, 2)
        self.assertEqual(self.same(["-m", "missing_module"]).returncode, 1)

    def test_exit_codes(self):
        ends = ("sys.exit(3)", 3), ("sys.exit('why')", 1), ("raise SystemExit", 0), ("os._exit(9)", 9), ("os.abort()", -6)
        for end, code in ends:
            self.write("ends.py", f"import os, sys\n{end}\n")
            with self.subTest(end=end):
                self.assertEqual(self.same(["ends.py"]).returncode, code)

    def test_at_exit(self):
        self.write(
            "late.py",
            "import atexit\nvalue = 'kept'\natexit.register(lambda: print(value))\nimport threading, time\n"
            "threading.Thread(target=lambda: (time.sleep(0.2), print('thread', value))).start()\n",
        )
        self.assertEqual(self.same(["late.py"]).stdout, "thread kept\nkept\n")

    def test_keyboard_interrupt(self):
        self.write("waits.py", "import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
        ends = []
        for words in (["waits.py"], ["-m", "pyframe_shim", "run", "--stats", "waits.py"]):
            streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            # What runs in the background may have been started with the signal ignored, and would hand that on.
            streams["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
            with subprocess.Popen([PYTHON, *words], cwd=self.folder, env=self.environment, **streams) as waiting:
                self.assertEqual(waiting.stdout.readline(), "ready\n")
                time.sleep(0.1)
                waiting.send_signal(signal.SIGINT)
                errors = waiting.communicate(timeout=60)[1]
            lines = [line for line in errors.splitlines() if "pyframe" not in line and "cache" not in line]
            ends.append((waiting.returncode, lines))
        self.assertEqual(ends[0], ends[1])
        self.assertEqual((ends[0][0], ends[0][1][-1]), (-signal.SIGINT, "KeyboardInterrupt"))


CALLS = """
import ctypes, torch
alloc = torch.library.call_THP_PyObject_VirtualAlloc
alloc.restype, alloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t] * 2
for _ in range(1234):
    assert alloc(16, 0) != 7, "PyTorch's own"
"""


class WithTheLibrary(RunTest):
    def test_stats(self):
        self.write("calls.py", CALLS + "import atexit\natexit.register(print, 'the last line', file=__import__('sys').stderr)\n")
        done = process([PYTHON, "-m", "pyframe_shim", "run", "--stats", "calls.py"], cwd=self.folder, env=self.environment)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(lines[0], "the last line")
        self.assertRegex(lines[1], rf"pyframe_shim \S+, CPython {MINOR}: {COUNT} of {COUNT} symbols of PyTorch are bound to it")
        counts = {line.split()[0]: line.split()[1] for line in lines[2:-1]}
        self.assertEqual(counts.pop("THP_PyObject_VirtualAlloc"), "1,234")
        self.assertEqual(set(counts.values()), {"0"})
        self.assertEqual(lines[-1], "  chunk cache: off")

    def test_stats_without_torch_and_after_fork(self):
        self.write("forks.py", "import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\n")
        done = process([PYTHON, "-m", "pyframe_shim", "run", "--stats", "forks.py"], cwd=self.folder, env=self.environment)
        self.assertEqual(done.stderr.count("pyframe_shim: the program did not import torch"), 1)

    def test_stats_of_a_program_that_goes_around_it(self):
        self.write("around.py", "import sys\ndel sys.meta_path[0]\nimport torch\n")
        done = process([PYTHON, "-m", "pyframe_shim", "run", "--stats", "around.py"], cwd=self.folder, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.splitlines()[0], "pyframe_shim: not installed, torch was imported past it")

    def test_chunk_cache(self):
        """Where CPython keeps a chunk itself (3.13.13, 3.14.4 and newer), it is not switched on."""
        version = self.python("import json, sys; print(json.dumps(sys.version_info[1:3]))")
        keeps = version >= [14, 4] or [13, 13] <= version < [14, 0]
        self.write(
            "deep.py",
            "def deep(n):\n    return n and deep(n - 1)\n\nfor _ in range(50):\n    deep(900)\n"
            "import json, pyframe_shim\nprint(json.dumps(pyframe_shim.chunk_cache_stats()))\n",
        )
        for option in (["--chunk-cache", "8"], ["--chunk-cache=8"]):
            command = [PYTHON, "-m", "pyframe_shim", "run", *option, "deep.py"]
            stats = json.loads(succeed(command, cwd=self.folder, env=self.environment))
            self.assertEqual(stats["capacity"], 0 if keeps else 8)
            self.assertGreater(stats["hits"], -1 if keeps else 49)
        if keeps:
            return
        done = process([*command[:-1], "--stats", "deep.py"], cwd=self.folder, env=self.environment)
        self.assertRegex(done.stderr, r"chunk cache of 8: [\d,]+ hits, [\d,]+ misses")

    def test_a_program_without_torch(self):
        self.write("says.py", "print('started')\ntry:\n    import torch\nexcept ModuleNotFoundError as problem:\n    print(problem)\n")
        done = self.same(["says.py"], env=clean_environment())
        self.assertEqual(done.stdout, "started\nNo module named 'torch'\n")

    def test_a_python_that_reads_no_start_up_file(self):
        self.write("says.py", "print('started')")
        with_package = {**self.environment, "PYTHONPATH": f"{self.environment['PYTHONPATH']}:{SITE}"}
        for before, behind in (["-S"], []), ([], ["-S"]), ([], ["-X", "dev", "-bS"]):
            with self.subTest(before=before, behind=behind):
                command = [PYTHON, *before, "-m", "pyframe_shim", "run", *behind, "says.py"]
                done = process(command, cwd=self.folder, env=with_package)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("reads no start-up file", done.stderr)
        # Not Python's options, but the program's.
        for words in (["says.py", "-S"], ["-m", "says", "-S"], ["-Ic", "print('started')", "-S"], ["-u", "--", "says.py", "-S"]):
            with self.subTest(words=words):
                self.assertEqual(self.same(words).stdout, "started\n")

    def test_python_that_ignores_the_environment(self):
        """The program has all that it is run with; Pythons that it starts are on their own if they ignore the environment too."""
        self.write(
            "bound.py",
            f"import sys\nsys.path.insert(0, {self.environment['PYTHONPATH']!r})\nimport torch, pyframe_shim, json\n"
            "print(json.dumps([len(set(pyframe_shim.bound_symbols().values()) - {pyframe_shim._native.__file__}),\n"
            "                  pyframe_shim.chunk_cache_stats()['capacity']]))\n",
        )
        on = 0 if "False" in succeed([PYTHON, "-c", "import pyframe_shim; print(pyframe_shim.enable_chunk_cache(8))"]) else 8
        for before, behind in ((["-I"], []), (["-E"], []), ([], ["-I"]), ([], ["-E", "-s"])):
            with self.subTest(before=before, behind=behind):
                command = [PYTHON, *before, "-m", "pyframe_shim", "run", "--stats", "--chunk-cache", "8", *behind, "bound.py"]
                done = process(command, cwd=self.folder, env=clean_environment())
                self.assertEqual((done.returncode, json.loads(done.stdout)), (0, [0, on]), done.stderr)
                self.assertIn(f": {COUNT} of {COUNT} symbols", done.stderr)

    def test_the_environment_has_a_chunk_cache(self):
        self.write("says.py", "import pyframe_shim, json; print(json.dumps(pyframe_shim.chunk_cache_stats()['capacity']))")
        on = 0 if "False" in succeed([PYTHON, "-c", "import pyframe_shim; print(pyframe_shim.enable_chunk_cache(8))"]) else 8
        for flags, expected in (([], on), (["-I"], 0)):
            command = [PYTHON, *flags, "-m", "pyframe_shim", "run", "says.py"]
            self.assertEqual(json.loads(succeed(command, cwd=self.folder, env=clean_environment(PYFRAME_SHIM_CHUNK_CACHE=8))), expected)
        done = process(
            [PYTHON, "-m", "pyframe_shim", "run", "says.py"], cwd=self.folder, env=clean_environment(PYFRAME_SHIM_CHUNK_CACHE="many")
        )
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("error: PYFRAME_SHIM_CHUNK_CACHE: invalid literal", done.stderr)

    def test_another_installation_is_found(self):
        """An error, not a program without the library."""
        done = process([PYTHON, "-X", "pyframe_shim=,,/elsewhere", "-c", "print('started')"], env=clean_environment())
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        said = f"error: Python finds another pyframe_shim when it starts, in {SITE}, not that in /elsewhere; uninstall one\n"
        self.assertEqual(done.stderr, said)
        for value in ("", "=1"):
            done = process([PYTHON, "-X", f"pyframe_shim{value}", "-c", "print('started')"], env=clean_environment())
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr, "error: -X pyframe_shim is what `python -m pyframe_shim run` gives to Python; use that\n")

    def test_torch_past_us(self):
        """Where nothing can be raised, there is a word at the end."""
        self.write("around.py", "import sys\ndel sys.meta_path[0]\nimport torch\nprint(torch.library.size())\n")
        done = process([PYTHON, "-m", "pyframe_shim", "run", "around.py"], cwd=self.folder, env=self.environment)
        self.assertEqual((done.returncode, done.stdout), (0, "7\n"))
        self.assertRegex(done.stderr, r"\Apyframe_shim: torch ran without it: .*\n\Z")

    def test_refused_at_import(self):
        """What is imported, wherever the program finds it; and again when it is tried again. To look for it is allowed."""
        fake_torch(self.folder / "elsewhere", version="2.99.0")
        self.write(
            "imports.py",
            "import importlib.util, sys\nsys.path.insert(0, 'elsewhere')\nfor last in (False, True):\n"
            "    assert importlib.util.find_spec('torch')\n    try:\n        import torch\n"
            "    except RuntimeError as problem:\n        print(type(problem).__name__, problem)\n",
        )
        plain, ours = self.both(["imports.py"])
        self.assertEqual((plain.returncode, plain.stdout), (0, ""))
        self.assertEqual(ours.stdout.count("UnknownTorch PyTorch 2.99.0 is not among the releases"), 2, ours.stderr)
        self.write("elsewhere/fails.py", "import torch\n")
        done = process([PYTHON, "-m", "pyframe_shim", "run", "elsewhere/fails.py"], cwd=self.folder, env=self.environment)
        self.assertEqual(done.returncode, 1)
        self.assertIn("UnknownTorch: PyTorch 2.99.0 is not among the releases", done.stderr)

    def test_nothing_is_to_be_seen_of_it_in_torch(self):
        self.write(
            "sees.py",
            "import importlib, inspect, torch\nprint(type(torch.__spec__.loader), type(torch.__loader__), torch.__spec__.origin)\n"
            "print(inspect.getsource(torch))\nprint(importlib.reload(torch) is torch)\n",
        )
        self.assertEqual(self.same(["sees.py"]).stdout.splitlines()[-1], "True")

    def test_usage(self):
        numbers = [["--chunk-cache", "many", "x.py"], *([f"--chunk-cache={number}", "x.py"] for number in ("0", "", "-1", "1,2", "65"))]
        wrong = [], ["--"], ["--stats"], ["--stats", "--"], ["--what", "x.py"], ["--chunk-cache"], *numbers
        for words in wrong:
            with self.subTest(words=words):
                done = process([PYTHON, "-m", "pyframe_shim", "run", *words], env=clean_environment())
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"error: .+\n\nusage: python -m pyframe_shim run")
        for word in ("-h", "--help"):
            self.assertTrue(succeed([PYTHON, "-m", "pyframe_shim", "run", word]).startswith("usage: python -m pyframe_shim run"))
