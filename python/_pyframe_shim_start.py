"""What a Python process does first if PYFRAME_SHIM_START names the folder that this file is in.

pyframe_shim_start.pth calls it, in every process that has this installation: the program of `python -m pyframe_shim run`,
and whatever children are started with its environment. It only waits for `import torch`, so that a child without PyTorch
pays next to nothing; and only by then is the search path complete.
"""

import os
import sys

START, RUN, CHUNKS = "PYFRAME_SHIM_START", "PYFRAME_SHIM_RUN", "PYFRAME_SHIM_CHUNK_CACHE"

_begun = False


class BeforeTorch:
    """A finder of what others find, for torch alone: with an action before it is imported, which may refuse that.

    Not when it is looked for: somebody may only want to know whether it is there; and finders are called under a lock
    that every import of every thread needs, so that one that imports may wait for ever.
    """

    def __init__(self, action):
        self.action = action

    def find_spec(self, name, path=None, target=None):
        if name != "torch" or self not in sys.meta_path:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = Loader(spec.loader, self.action)
                return spec
        return None


class Loader:
    """Another loader, whose place it gives back when the action has been done."""

    def __init__(self, loader, action):
        self.loader, self.action = loader, action

    def create_module(self, spec):
        self.action(spec)
        spec.loader = self.loader
        return self.loader.create_module(spec)

    def __getattr__(self, name):
        return getattr(self.loader, name)


def installer(strict):
    """The action that installs the library; if that cannot be done, the import fails or, if not `strict`, goes on."""

    def install(spec):
        try:
            import pyframe_shim

            pyframe_shim.install()
        except Exception:
            if strict:
                raise

    return install


def begin():
    global _begun
    if _begun:  # Python reads a virtual environment's start-up files twice
        return
    _begun = True
    # The options of the program itself: its process id, then what to do. Never left to its children.
    process, *options = os.environ.pop(RUN, "").split() or [""]
    main = process == str(os.getpid())
    try:
        if os.environ[START] != os.path.realpath(os.path.dirname(__file__)):
            return  # started by a program of another installation
        sys.meta_path.insert(0, BeforeTorch(installer(strict=main)))
        if os.environ.get(CHUNKS):
            import pyframe_shim

            pyframe_shim.enable_chunk_cache(int(os.environ[CHUNKS]))
        if main and "stats" in options:
            import atexit

            from pyframe_shim import stats

            atexit.register(stats.show, os.getpid())
    except Exception:
        if main:
            raise
