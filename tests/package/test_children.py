"""Processes that are started from one with the library: Python has it too where it can, and nobody else notices."""

import json
import os

from support import DATA, PACKAGE, PYTHON, SITE, PackageTest, clean_environment, fake_torch, names, process, succeed

TELL = """
import json
def tell(*_):
    import torch, pyframe_shim
    bound = set((pyframe_shim.bound_symbols() or {}).values())
    return [len(bound), bound == {pyframe_shim._native.__file__}]
"""
HERE = [1, True]
NOT_HERE = [1, False]

PARENT = (
    TELL
    + """
import multiprocessing, os, subprocess, sys
answers = {}

def main():
    if "install" in sys.argv:
        import pyframe_shim
        pyframe_shim.install()
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            answers[method] = pool.map(tell, [0])[0]
    code = "import worker; print(worker.json.dumps(worker.tell()))"
    for name, command in {"-c": ["-c", code], "-m": ["-m", "worker_main"], "-I": ["-I", "-c", "import sys; sys.path[:0] = "
                          f"{sys.path!r}; {code}"], "-S": ["-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]}.items():
        answers[name] = json.loads(subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True).stdout)
    answers["here"] = tell()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        answers["fork after import"] = pool.map(tell, [0])[0]
    print(json.dumps(answers))

if __name__ == "__main__":
    main()
"""
)


class Children(PackageTest):
    def setUp(self):
        super().setUp()
        self.environment = self.torch()
        self.write("worker.py", TELL)
        self.write("worker_main.py", TELL + "print(json.dumps(tell()))\n")
        self.write("parent.py", PARENT)

    def tell(self, command=("-m", "worker_main"), python=PYTHON, **changes):
        """What a child with this environment says of itself; nothing on stderr."""
        done = process([python, *command], cwd=self.folder, env={**self.environment, **changes})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_every_kind_of_python_child(self):
        for words in (["-m", "pyframe_shim", "run", "parent.py"], ["parent.py", "install"]):
            with self.subTest(words=words):
                answers = json.loads(succeed([PYTHON, *words], cwd=self.folder, env=self.environment))
                # Without the site module there is no start-up file, and under -I no environment that is heeded.
                self.assertEqual([answers.pop("-S"), answers.pop("-I")], [NOT_HERE] * 2)
                self.assertEqual(set(answers), {"fork", "spawn", "forkserver", "-c", "-m", "here", "fork after import"})
                self.assertEqual(answers, dict.fromkeys(answers, HERE))

    def test_no_child_asked_for(self):
        child = "subprocess.run([sys.executable, '-m', 'worker_main'])"
        code = f"import pyframe_shim, subprocess, sys; pyframe_shim.install(children=False); {child}"
        self.assertEqual(self.tell(("-c", code)), NOT_HERE)

    def test_by_environment(self):
        """Without `run`, for programs that are started by others."""
        start = succeed([PYTHON, "-m", "pyframe_shim", "--startup"]).strip()
        self.assertEqual(start, str(SITE))
        self.assertEqual(self.tell(PYFRAME_SHIM_START=start), HERE)
        self.assertEqual(self.tell(), NOT_HERE)

    def test_another_installation(self):
        self.assertEqual(self.tell(PYFRAME_SHIM_START=str(self.folder)), NOT_HERE)

    def test_a_child_that_cannot_goes_on(self):
        """Quietly: a torch that does not fit, none at all, a package that is broken, a chunk cache that is refused."""
        start = {"PYFRAME_SHIM_START": str(SITE)}
        fake_torch(self.folder / "newer", version="2.99.0")
        self.assertEqual(self.tell(PYTHONPATH=str(self.folder / "newer"), **start), NOT_HERE)
        broken = self.write("broken/pyframe_shim/__init__.py", "raise OSError('unreadable')\n").parent.parent
        code = "import torch; print(torch.library.size())"
        path = f"{broken}:{self.environment['PYTHONPATH']}"
        self.assertEqual(self.tell(("-c", code), PYTHONPATH=path, **start), 7)
        self.assertEqual(self.tell(PYFRAME_SHIM_CHUNK_CACHE="many", **start), HERE)
        done, plain = (process([PYTHON, "-c", "import torch"], env=clean_environment(**more)) for more in (start, {}))
        self.assertIn("ModuleNotFoundError: No module named 'torch'", done.stderr)
        self.assertEqual(done.stderr, plain.stderr)

    def test_options_of_the_program_are_not_its_childrens(self):
        """Neither those of Pythons that it starts, nor those of itself when it starts again."""
        self.write(
            "starts.py",
            "import subprocess, sys, os\nsubprocess.run([sys.executable, '-m', 'worker_main'], check=True)\n"
            "sys.stdout.flush()\nif len(sys.argv) < 2:\n"
            "    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], 'again'])\n",
        )
        done = process([PYTHON, "-m", "pyframe_shim", "run", "--stats", "starts.py"], cwd=self.folder, env=self.environment)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "[1, true]\n" * 2, ""))

    def test_python_that_is_to_ignore_the_environment(self):
        start = {"PYFRAME_SHIM_START": str(SITE), "PYFRAME_SHIM_CHUNK_CACHE": "8"}
        code = f"""
import sys
sys.path[:0] = {[str(self.folder), self.environment["PYTHONPATH"]]!r}
names = set(sys.modules)
import json, worker, pyframe_shim
print(json.dumps([worker.tell(), pyframe_shim.chunk_cache_stats()["capacity"], "_pyframe_shim_start" in names]))
"""
        on = 0 if self.tell(("-c", "import json, pyframe_shim; print(json.dumps(not pyframe_shim.enable_chunk_cache(1)))")) else 8
        self.assertEqual(self.tell(("-c", code), **start), [HERE, on, True])
        for flag in ("-E", "-I", "-Es"):
            with self.subTest(flag=flag):
                self.assertEqual(self.tell((flag, "-c", code), **start), [NOT_HERE, 0, False])

    def test_a_chunk_cache_costs_a_child_little(self):
        """It is for every child, with torch or without: nothing is imported for it but the compiled module."""
        code = "import sys; names = sorted(sys.modules); import json; print(json.dumps(names))"
        plain = set(self.tell(("-c", code)))
        more = set(self.tell(("-c", code), PYFRAME_SHIM_START=str(SITE), PYFRAME_SHIM_CHUNK_CACHE="8")) - plain
        self.assertEqual(more, {"_pyframe_shim_start", "pyframe_shim", "pyframe_shim._native"})
        more = set(self.tell(("-c", code), PYFRAME_SHIM_START=str(SITE))) - plain
        self.assertEqual(more, {"_pyframe_shim_start"})

    def test_other_pythons(self):
        code = "import sys; print('[', len([n for n in sys.modules if 'pyframe' in n]), ']')"
        for python in (PACKAGE["base"], *(other["base"] for other in PACKAGE["others"])):
            self.assertEqual(self.tell(("-c", code), python=python, PYFRAME_SHIM_START=str(SITE)), [0])
        for other in PACKAGE["others"]:
            # It has a pyframe_shim of its own, which this one's program does not concern.
            code = "import sys, torch; print('[', len([n for n in sys.modules if n == 'pyframe_shim']), ']')"
            self.assertEqual(self.tell(("-c", code), python=other["pythons"][0], PYFRAME_SHIM_START=str(SITE)), [0])

    def test_somebody_asks_before_the_path_is_complete(self):
        """Looking for torch is not importing it."""
        folder = self.environment["PYTHONPATH"]
        code = (
            f"import importlib.util as u, sys; assert u.find_spec('torch') is None; sys.path.append({str(folder)!r}); "
            "import json, worker; print(json.dumps(worker.tell()))"
        )
        self.assertEqual(self.tell(("-c", code), PYTHONPATH="", PYFRAME_SHIM_START=str(SITE)), HERE)
        self.assertEqual(self.tell(("-c", code), PYTHONPATH=""), NOT_HERE)

    def test_imports_of_other_threads(self):
        """Another thread is in the middle of importing what the installation needs too: neither waits for ever."""
        for name, inner in (("pyframe_shim", "_native"), ("pyframe_shim.interpose", "dropin")):
            self.write(
                "threads.py",
                f"""
import sys, threading, time
met = threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "pyframe_shim.{inner}":
            met.set()
            time.sleep(0.5)

sys.meta_path.insert(0, Slow())
other = threading.Thread(target=__import__, args=("{name}",))
other.start()
assert met.wait(60)
import worker
print(worker.json.dumps(worker.tell()))
""",
            )
            with self.subTest(name=name):
                self.assertEqual(self.tell(("threads.py",), PYFRAME_SHIM_START=str(SITE)), HERE)

    def test_nothing_is_preloaded(self):
        lists = "subprocess.run(['/bin/ls', '/bin/ls'], check=True)"
        self.write("lists.py", f"import os, subprocess\n{lists}\nprint(os.environ.get('LD_PRELOAD'))\n")
        out = succeed([PYTHON, "-m", "pyframe_shim", "run", "lists.py"], cwd=self.folder, env=self.environment)
        self.assertEqual(out, "/bin/ls\nNone\n")

    def test_why_not_preloaded(self):
        """The library takes data from the process; the loader refuses every program that has none of it."""
        library = SITE / "pyframe_shim" / "sdk" / "lib" / f"libpyframe_shim-{PACKAGE['minor']}.so"
        done = process(["/bin/ls", "/bin/ls"], env=clean_environment(LD_PRELOAD=library))
        self.assertEqual((done.returncode, done.stdout), (127, ""))
        self.assertRegex(done.stderr, r"symbol lookup error: .*libpyframe_shim-3[.]\d+[.]so: undefined symbol: _?Py")

    def test_the_stand_in_has_all_symbols(self):
        """Or HERE would say little."""
        code = "import json, pyframe_shim, torch; print(json.dumps(list(pyframe_shim.bound_symbols())))"
        functions, data = names()
        self.assertEqual(sorted(self.tell(("-c", code))), sorted([*functions, *data]))
        self.assertEqual(sorted(data), sorted(DATA))
        self.assertTrue(os.path.exists(SITE / "_pyframe_shim_start.py"))
