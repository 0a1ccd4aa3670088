"""Other people's finders and loaders around torch: they do what they do without us, and the library is there all the same."""

import json

from support import MINOR, PYTHON, SITE, PackageTest, clean_environment, fake_torch, process

# What each program tells at its end, if it says nothing else.
TELL = """
import json, sys
def tell(*said):
    import torch
    spec = torch.__spec__
    loaders = [type(torch.__loader__).__name__, type(spec.loader).__name__, sorted(vars(spec.loader)), type(spec).__name__]
    print(json.dumps([said, loaders, spec.loader is torch.__loader__, spec.origin, torch.__file__]))
"""
# Said after everything else.
LIBRARY = """
import pyframe_shim
print(json.dumps(["the library", set((pyframe_shim.bound_symbols() or {}).values()) == {pyframe_shim._native.__file__}]))
"""

WRAPT = """
import wrapt
seen = []
wrapt.register_post_import_hook(lambda module: seen.append([module.__name__, hasattr(module, "library")]), "torch")
"""

# A finder of others' that wraps a loader, as import hooks do: by asking the finders behind it, or Python's own.
FINDER = """
import importlib.abc, importlib.machinery, importlib.util, sys
seen = []
class Wrapper(importlib.abc.Loader):
    def __init__(self, loader):
        self.loader = loader
    def create_module(self, spec):
        seen.append("create")
        return self.loader.create_module(spec)
    def exec_module(self, module):
        seen.append("exec")
        self.loader.exec_module(module)
        seen.append(sorted(vars(self.loader)))
        module.__loader__ = module.__spec__.loader = self.loader
def behind(finder, name, path, target):
    for other in sys.meta_path[sys.meta_path.index(finder) + 1 :]:
        spec = other.find_spec(name, path, target)
        if spec is not None:
            return spec
class Wraps:
    find = staticmethod(behind)
    wrapper = Wrapper
    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        spec = self.find(self, name, path, target)
        if spec is not None:
            spec.loader = self.wrapper(spec.loader)
        return spec
"""
LAZY = FINDER + "Wraps.wrapper = importlib.util.LazyLoader\n"
ITSELF = "Wraps.find = staticmethod(lambda finder, name, path, target: importlib.machinery.PathFinder.find_spec(name, path, target))\n"
FRONT, BEHIND = "sys.meta_path.insert(0, Wraps())\n", "sys.meta_path.insert(len(sys.meta_path) - 1, Wraps())\n"
# Real torch imports its modules before its library.
INIT = """
import torch.version
import ctypes, os
library = ctypes.PyDLL(os.path.join(os.path.dirname(__file__), "lib", "libtorch_python.so"))
"""


class LoaderTest(PackageTest):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.environment = self.torch(init=INIT)

    def ways(self, program, before=""):
        """What a program says plain, under `run`, in a child, and with install() before or behind what it sets up."""
        install = "import pyframe_shim; pyframe_shim.install()\n"
        start = {**self.environment, "PYFRAME_SHIM_START": str(SITE)}
        return {
            "plain": self.ran(before + program),
            "run": self.ran(before + program, "-m", "pyframe_shim", "run"),
            "a child": self.ran(before + program, env=start),
            "install() first": self.ran(install + before + program),
            "install() last": self.ran(before + install + program),
            "run and install()": self.ran(before + install + program, "-m", "pyframe_shim", "run"),
        }

    def ran(self, text, *words, env=None):
        self.write("program.py", TELL + text + LIBRARY)
        done = process([PYTHON, *words, "program.py"], cwd=self.folder, env=env or self.environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""), text)
        *said, library = map(json.loads, done.stdout.splitlines())
        return said, library

    def check(self, program, before=""):
        """The same in every way, and the library in all but the plain one; what was said."""
        answers = self.ways(program, before)
        plain, library = answers.pop("plain")
        self.assertEqual(library, ["the library", False])
        for way, answer in answers.items():
            with self.subTest(way=way):
                self.assertEqual(answer, (plain, ["the library", True]))
        return plain


class Wrapped(LoaderTest):
    def test_nobody(self):
        ((_, loaders, *_),) = self.check("tell()\n")
        self.assertEqual(loaders, ["SourceFileLoader"] * 2 + [["name", "path"], "ModuleSpec"])

    def test_wrapt(self):
        """The real one, which tracers hook imports with."""
        ((said, loaders, *_),) = self.check("import torch\ntell(seen)\n", before=WRAPT)
        self.assertEqual(said, [[["torch", True]]])
        self.assertEqual(loaders[:2], ["SourceFileLoader"] * 2)

    def test_wrappers(self):
        """Which keep the loader, and look at it when it has loaded."""
        for place in (FRONT, BEHIND, ITSELF + FRONT):
            with self.subTest(place=place):
                ((said, loaders, *_),) = self.check("import torch\ntell(seen)\n", before=FINDER + place)
                self.assertEqual(said, [["create", "exec", ["name", "path"]]])
                self.assertEqual(loaders[:2], ["SourceFileLoader"] * 2)

    def test_wrappers_that_have_attributes_for_methods(self):
        before = (
            FINDER + "init = Wrapper.__init__\ndef more(self, loader):\n    init(self, loader)\n"
            "    self.create_module, self.exec_module = self.create_module, self.exec_module\nWrapper.__init__ = more\n"
        )
        for place in (FRONT, BEHIND):
            with self.subTest(place=place):
                ((said, *_),) = self.check("import torch\ntell(seen)\n", before=before + place)
                self.assertEqual(said, [["create", "exec", ["name", "path"]]])

    def test_lazy(self):
        program = (
            "import torch\nearly = type(torch).__name__, 'torch.version' in sys.modules\ntorch.library\ntell(early, type(torch).__name__)\n"
        )
        for place in (FRONT, BEHIND, ITSELF + FRONT):
            with self.subTest(place=place):
                ((said, *_),) = self.check(program, before=LAZY + place)
                self.assertEqual(said, [["_LazyModule", False], "module"])


# Loaders that are not Python's: what each kind is, and a finder that has torch loaded by it.
KINDS = {
    "slots": """
class Kind:
    __slots__ = ()
    def create_module(self, spec):
        return real.create_module(spec)
    def exec_module(self, module):
        said.append([module.__spec__.loader is module.__loader__, type(module.__loader__).__name__])
        real.exec_module(module)
loader = Kind()
""",
    "a class": """
class loader:
    create_module = classmethod(lambda cls, spec: None)
    exec_module = classmethod(lambda cls, module: (said.append(module.__loader__ is loader), real.exec_module(module))[1])
""",
    "of several modules": """
class Kind:
    def create_module(self, spec):
        pass
    def exec_module(self, module):
        said.append([module.__name__, sorted(vars(self))])
        if module.__name__ == "torch":
            real.exec_module(module)
loader = Kind()
""",
    "old": """
class Kind:
    def load_module(self, name):
        import types
        module = sys.modules[name] = types.ModuleType(name)
        module.__file__, module.__path__, module.__spec__, module.__loader__ = real.path, [folder], spec(name), self
        said.append(hasattr(importlib.util.find_spec("torch").loader, "exec_module"))
        exec(real.get_code(name), module.__dict__)
        return module
loader = Kind()
""",
}
KINDS["old, slots"] = KINDS["old"].replace("class Kind:", "class Kind:\n    __slots__ = ()")
FINDS = """
import importlib.machinery, importlib.util, sys, warnings
warnings.simplefilter("ignore", ImportWarning)
real = importlib.machinery.PathFinder.find_spec("torch").loader
folder = real.path.rpartition("/")[0]
said = []
def spec(name):
    if name == "torch":
        return importlib.util.spec_from_file_location(name, real.path, loader=loader, submodule_search_locations=[folder])
class Finds:
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, loader) if name == "other" else spec(name)
sys.meta_path.insert(len(sys.meta_path) - 1, Finds())
"""
LOOK = """
found = importlib.util.find_spec("torch")
has = [hasattr(found.loader, name) for name in ("create_module", "exec_module", "load_module", "nonsense")]
{load}
print(json.dumps([said, has, torch.__spec__.loader is loader, torch.__loader__ is loader]))
"""
IMPORT = LOOK.format(load="import torch")


class Kinds(LoaderTest):
    """Loaders that are not Python's."""

    def test_kinds(self):
        for kind, text in KINDS.items():
            if MINOR == "3.15" and "load_module" in text:
                continue  # Python calls no load_module any more
            said, *_, in_spec, in_module = self.check(IMPORT, before=FINDS + text)[0]
            with self.subTest(kind=kind):
                self.assertTrue(said)
                self.assertEqual((in_spec, in_module), (True, True))

    def test_a_loader_of_several_modules(self):
        look = "importlib.util.find_spec('torch')\nimport other\nimport torch\nsaid.append(sorted(vars(loader)))"
        # While it loads the other one, ours is still there.
        kind = KINDS["of several modules"].replace("sorted(vars(self))", "module.__name__ == 'torch' and sorted(vars(self))")
        self.check(LOOK.format(load=look), before=FINDS + kind)

    def test_a_finder_of_the_old_kind(self):
        """Behind ours, it is asked as Python asks it."""
        if MINOR != "3.11":
            self.skipTest(f"CPython {MINOR} asks no finder for find_module")
        finder = """
class Found:
    def find_module(self, name, path=None):
        return loader if name == "torch" else None
sys.meta_path.insert(len(sys.meta_path) - 1, Found())
"""
        kind = KINDS["old"].replace("spec(name), self", "importlib.util.spec_from_loader(name, self), self")
        said, *_ = self.check(IMPORT, before=FINDS.replace("sys.meta_path.insert", "0 and sys.meta_path.insert") + kind + finder)[0]
        self.assertEqual(said, [False])

    def test_a_package_without_a_file(self):
        """A folder of that name, which is all that Python finds."""
        (self.folder / "torch").mkdir()
        code = "import torch\nprint(json.dumps([type(torch.__loader__).__name__, torch.__spec__.origin]))\n"
        answers = {words: self.ran(code, *words, env=clean_environment()) for words in ((), ("-m", "pyframe_shim", "run"))}
        self.assertEqual(len({json.dumps(answer) for answer in answers.values()}), 1, answers)


class Spec(LoaderTest):
    """What is found but not imported is what is found without us, for all that can be done with it."""

    def test_looking_does_nothing(self):
        code = """
import importlib.util, pkgutil, inspect
spec = importlib.util.find_spec("torch")
loader = spec.loader
answers = [type(loader).__name__, spec.origin, loader.is_package("torch"), loader.get_filename("torch"), len(loader.get_data(spec.origin)),
           loader.get_source("torch"), loader.get_code("torch").co_filename, type(loader.get_resource_reader("torch")).__name__,
           isinstance(loader, importlib.machinery.SourceFileLoader),
           [module.name for module in pkgutil.iter_modules(spec.submodule_search_locations)],
           loader == importlib.machinery.SourceFileLoader("x", "y"), repr(spec), "torch" in sys.modules]
print(json.dumps(answers).replace(hex(id(loader)), "here"))
import torch
tell()
"""
        self.check(code)
        code = (
            "import importlib.util, sys; importlib.util.find_spec('torch'); "
            "print([name for name in sys.modules if name.startswith('pyframe_shim')])"
        )
        for words in (("-m", "pyframe_shim", "run", "-c", code), ("-c", code)):
            done = process([PYTHON, *words], env={**self.environment, "PYFRAME_SHIM_START": str(SITE)})
            self.assertEqual((done.stdout, done.stderr), ("[]\n", ""))

    def test_copies(self):
        """They load as the one that they were made from; a pickle in another process too."""
        for make in ("copy.copy", "copy.deepcopy", "(lambda spec: pickle.loads(pickle.dumps(spec)))"):
            code = f"""
import copy, importlib.util, pickle, sys
spec = {make}(importlib.util.find_spec("torch"))
module = sys.modules["torch"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
tell(type(spec.loader).__name__, sorted(vars(spec.loader)))
"""
            with self.subTest(make=make):
                ((said, *_),) = self.check(code)
                self.assertEqual(said, ["SourceFileLoader", ["name", "path"]])
        pickled = "import importlib.util, pickle, sys; sys.stdout.buffer.write(pickle.dumps(importlib.util.find_spec('torch')))"
        self.write("dump.py", pickled)
        load = (
            "import pickle, subprocess, sys; out = subprocess.run([sys.executable, *{words}, 'dump.py'], stdout=-1).stdout\n"
            "spec = pickle.loads(out)\nimport importlib.util\nmodule = importlib.util.module_from_spec(spec)\n"
            "spec.loader.exec_module(module)\nprint(module.library.size())"
        )
        self.write("load.py", load.format(words=["-m", "pyframe_shim", "run"]))
        done = process([PYTHON, "load.py"], cwd=self.folder, env=self.environment)
        self.assertEqual((done.stdout, done.stderr), ("7\n", ""))

    def test_copies_of_what_stands_in(self):
        for make in ("copy.copy", "copy.deepcopy"):
            load = (
                f"import copy\ncopied = {make}(found)\ntorch = sys.modules['torch'] = importlib.util.module_from_spec(copied)\n"
                "copied.loader.exec_module(torch)"
            )
            itself = "\n    __copy__ = lambda self: self\n    __deepcopy__ = lambda self, _: self"
            kind = KINDS["slots"].replace("__slots__ = ()", f"__slots__ = (){itself}")
            with self.subTest(make=make):
                self.check(LOOK.format(load=load), before=FINDS + kind)

    def test_reload_and_again(self):
        self.check(
            "import importlib, torch\nassert importlib.reload(torch) is torch\ntell()\n"
            "del sys.modules['torch']\nimport torch as again\nassert again is not torch\nimportlib.reload(again)\ntell()\n"
        )

    def test_an_import_that_fails_is_made_again(self):
        once = "import os\nif os.environ.pop('FAIL', None):\n    raise ImportError('once')\n"
        (self.folder / "found" / "torch" / "__init__.py").write_text(once + INIT)
        self.environment["FAIL"] = "1"
        self.check("try:\n    import torch\nexcept ImportError as problem:\n    print(json.dumps(str(problem)))\nimport torch\ntell()\n")

    def test_threads(self):
        self.check(
            "import threading\nthreads = [threading.Thread(target=__import__, args=('torch',)) for _ in range(8)]\n"
            "[thread.start() for thread in threads]\n[thread.join() for thread in threads]\ntell()\n"
        )


class Refused(LoaderTest):
    def test_wrapped_or_not(self):
        """One that does not fit is refused however it is loaded."""
        fake_torch(self.folder / "newer", version="2.99.0", init=INIT)
        shapes = {
            "plain": "",
            "wrapt": WRAPT,
            "lazy": LAZY + FRONT,
            "itself": LAZY + ITSELF + FRONT,
            "slots": FINDS + KINDS["slots"],
            "old": FINDS + KINDS["old"],
        }
        if MINOR == "3.15":
            del shapes["old"]  # Python calls no load_module any more
        for shape, before in shapes.items():
            self.write(
                "program.py",
                before
                + """
import sys
for _ in range(2):
    try:
        import torch
        torch.library
    except RuntimeError as problem:
        print(type(problem).__name__)
    sys.modules.pop("torch", None)
""",
            )
            done = process(
                [PYTHON, "-m", "pyframe_shim", "run", "program.py"],
                cwd=self.folder,
                env={**self.environment, "PYTHONPATH": str(self.folder / "newer"), "PYTHONWARNINGS": "ignore"},
            )
            with self.subTest(shape=shape):
                self.assertEqual((done.stdout, done.stderr), ("UnknownTorch\n" * 2, ""))
