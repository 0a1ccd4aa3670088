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
    """A finder that finds nothing, but installs the library when `import torch` looks for it."""

    def __init__(self, strict):
        self.strict, self.waiting = strict, True

    def find_spec(self, name, path=None, target=None):
        if name == "torch" and self.waiting:
            # It stays on sys.meta_path, which is being gone through: what is removed from it now makes others be left out.
            self.waiting, settled = False, False
            try:
                settled = self.install()
            finally:
                self.waiting = not settled
        return None

    def install(self):
        """Whether that is settled: somebody may only have asked whether there is a PyTorch, and make one known later."""
        try:
            import pyframe_shim
        except Exception:
            if self.strict:
                raise
            return True
        try:
            return pyframe_shim.install()
        except pyframe_shim.NoTorch:
            return False
        except Exception:
            if self.strict:
                raise
            return False


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
        sys.meta_path.insert(0, BeforeTorch(strict=main))
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
