"""What a Python process does first if its torch is to run on the library: it waits for `import torch`.

pyframe_shim_start.pth calls begin(): in the program of `python -m pyframe_shim run`, which is told so by an option of
Python's (-X), and in whatever Python of this installation is started with PYFRAME_SHIM_START, its folder. Nothing is done
before torch is imported, so that a child without PyTorch pays next to nothing; and only by then is the search path complete.
"""

import os
import sys

OPTION, START, CHUNKS = "pyframe_shim", "PYFRAME_SHIM_START", "PYFRAME_SHIM_CHUNK_CACHE"

# Whether this process runs the program of `run`.
main = False
_begun = False
# Whether what is done before torch is imported has been done.
_settled = False


def _before(spec):
    """What is done before torch is imported, which may refuse that by raising: see watch()."""


def _after():
    """What is done when it has been imported."""


def watch(before, after):
    """Have before(spec) called when torch is about to be imported, and after() when it has been."""
    global _before, _after
    _before, _after = before, after
    if not any(type(finder) is Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


class Finder:
    """A finder of what others find, for torch alone: it puts us around what is done when it is imported.

    Nothing is done when it is looked for: that may be to know whether it is there; and finders are called under a lock that
    every import of every thread needs, so that one that imports may wait for ever.
    """

    def find_spec(self, name, path=None, target=None):
        torch = None
        if name.startswith("torch.") and not _settled:
            # A finder in front has found torch by itself. But its modules are imported before its library, and through us.
            torch = getattr(sys.modules.get("torch"), "__spec__", None)
        if self not in sys.meta_path or not (name == "torch" or getattr(torch, "origin", None)):
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = ask(finder, name, path, target)
            if spec is not None:
                if spec.loader is not None and type(spec.loader) is not Around:
                    Around(spec, torch or spec).place()
                return spec
        return None


def ask(finder, name, path, target):
    """What Python asks a finder."""
    if hasattr(finder, "find_spec"):
        return finder.find_spec(name, path, target)
    if sys.version_info < (3, 12) and hasattr(finder, "find_module"):
        import importlib.util

        loader = finder.find_module(name, path)
        return loader and importlib.util.spec_from_loader(name, loader)
    return None


class Around:
    """The methods of a loader that load a module, with ours around them.

    They are put into the loader itself, which stays where and what it is: who wraps it, keeps it or looks at it finds what
    is there without us. When the module is loaded they are gone. A loader that takes no attributes (a class, a proxy, one
    with slots) is stood in for until then.
    """

    def __init__(self, spec, torch):
        self.loader, self.spec, self.torch = spec.loader, spec, torch
        self.begun = self.inside = False
        names = ("create_module", "exec_module") if hasattr(spec.loader, "exec_module") else ("load_module",)
        self.own = {name: getattr(spec.loader, name) for name in names if hasattr(spec.loader, name)}
        # A loader has only some of these, and so has what stands in for it.
        for name in self.own:
            setattr(self, name, getattr(self, f"around_{name}"))

    def __getattr__(self, name):
        if name == "loader" or name.startswith("__"):  # while it is copied, or asked how
            raise AttributeError(name)
        return getattr(self.loader, name)

    def place(self):
        try:
            attributes = vars(self.loader)
            if any(type(getattr(attributes.get(name), "__self__", None)) is Around for name in self.own):
                return  # it has been looked for before, and the loader is the same
            self.before = {name: attributes[name] for name in self.own if name in attributes}
            attributes.update({name: getattr(self, name) for name in self.own})
            self.inside = True
            if all(getattr(self.loader, name) == getattr(self, name) for name in self.own):
                return
            self.leave(None)
        except (TypeError, AttributeError):  # no attributes, or those of a class
            pass
        self.inside, self.spec.loader = False, self

    def leave(self, module):
        """Be nowhere to be found."""
        if self.inside:
            attributes = vars(self.loader)
            for name in self.own:
                if attributes.get(name) == getattr(self, name):
                    del attributes[name]
                    attributes.update({name: self.before[name]} if name in self.before else {})
            return
        for holder, name in ((self.spec, "loader"), (module, "__loader__"), (getattr(module, "__spec__", None), "loader")):
            if getattr(holder, name, None) is self:
                setattr(holder, name, self.loader)

    def begin(self):
        global _settled
        if not self.begun:
            _before(self.torch)
            self.begun = _settled = True

    def around_create_module(self, spec):
        if spec.name == self.spec.name:
            self.begin()
        return self.own["create_module"](spec)

    def around_exec_module(self, module):
        return self.load("exec_module", module, module.__name__)

    def around_load_module(self, name):
        return self.load("load_module", name, name)

    def load(self, how, argument, name):
        if name != self.spec.name:  # of a loader that loads others too
            return self.own[how](argument)
        self.begin()
        self.leave(argument)
        loaded = self.own[how](argument)
        if name == "torch":
            try:
                _after()
            except Exception:
                if how == "load_module":  # Python leaves it there, imported
                    sys.modules.pop(name, None)
                raise
        return loaded


def preparation(strict):
    """The action that installs the library; if that cannot be done, the import fails or, if not `strict`, goes on."""

    def prepare(torch):
        try:
            from pyframe_shim import interpose
        except Exception:
            if strict:
                raise
        else:
            interpose.prepare(torch, strict)

    return prepare


def from_run():
    """What `run` wants, and nobody else needs to see: whether there are statistics, the chunk cache, the installation."""
    value = sys._xoptions.pop(OPTION)
    words = ["-X", f"{OPTION}={value}"]
    for index in range(len(sys.orig_argv) - 1):
        if sys.orig_argv[index : index + 2] == words:
            del sys.orig_argv[index : index + 2]
            break
    if value is True or value.count(",") < 2:
        raise RuntimeError(f"-X {OPTION} is what `python -m pyframe_shim run` gives to Python; use that")
    return value.split(",", 2)


def at_exit(process, statistics):
    """The last word of a program that was run on the library; not of a child that it has forked."""
    if os.getpid() != process or sys.__stderr__ is None:
        return
    interpose = sys.modules.get("pyframe_shim.interpose")
    if statistics:
        from pyframe_shim import stats

        print(*stats.lines(), sep="\n", file=sys.__stderr__, flush=True)
    elif sys.modules.get("torch") is not None and not (interpose and interpose.installed()):
        from pyframe_shim import _native

        if _native.loaded(b"libtorch_python.so"):
            what = "torch ran without it: what the program imports with did not ask the finders of sys.meta_path"
            print(f"pyframe_shim: {what}", file=sys.__stderr__, flush=True)


def begin():
    """Called by the start-up file."""
    global _begun, main
    if _begun:  # Python reads a virtual environment's start-up files twice
        return
    _begun = True
    main = OPTION in sys._xoptions
    try:
        statistics, chunks, start = from_run() if main else ("", os.environ.get(CHUNKS), os.environ.get(START))
        here = os.path.realpath(os.path.dirname(__file__))
        if start != here:
            if main:
                raise RuntimeError(f"Python finds another pyframe_shim when it starts, in {here}, not that in {start}; uninstall one")
            return  # started by a program of another installation
        if main:
            require_no_torch()
        watch(preparation(strict=main), _after)
        if chunks:
            from pyframe_shim import _native

            _native.enable_chunk_cache(int(chunks))
        if main:
            import atexit

            if statistics:
                from pyframe_shim import stats  # noqa: F401  (while it can be found)
            atexit.register(at_exit, os.getpid(), bool(statistics))
    except Exception as problem:
        if main:  # Python would print it, and run the program all the same
            print(f"error: {problem}", file=sys.stderr, flush=True)
            os._exit(1)


def require_no_torch():
    """Raise if another start-up file has imported torch: Python reads those in the order of their names."""
    torch = sys.modules.get("torch")
    if torch is not None:
        raise RuntimeError(
            f"torch ({getattr(torch, '__file__', None)}) was imported by another start-up file (.pth) before pyframe_shim could wait for "
            f"it, and is bound to its own functions; `{sys.executable} -X importtime -c pass` shows after which; rename or remove that one"
        )
