"""An environment with a release of torch, for one interpreter: target/torch/<release>-<minor>/venv.

PyPI's wheels for Linux are the CUDA builds, and torch does not load without NVIDIA's libraries. uv stores each package once
and links to it, so that a second interpreter costs no more than torch itself. triton compiles for GPUs only, and is left out.
"""

import os
import shutil
import subprocess

import uv
from builds import ROOT
from console import Failure, Step, run

FOLDER = ROOT / "target" / "torch"
# Beside torch: numpy, which it warns without; setuptools, which inductor needs on 3.12 and newer.
PACKAGES = ("numpy", "setuptools")
LEFT_OUT = "triton; sys_platform == 'never'\n"
GIGABYTES = 8
WARM_UP = """
import torch
for backend in ("eager", "aot_eager", "inductor"):
    torch._dynamo.reset()
    torch.compile(lambda x: x.sin() + 1, backend=backend)(torch.ones(2, requires_grad=True))
"""


class Environment:
    """Where one release of torch is installed for one interpreter."""

    def __init__(self, python, release):
        self.folder = FOLDER / f"{release}-{python.minor}"
        self.release, self.python = release, python
        self.name = f"torch {release} on CPython {python.name}"
        self.executable = str(self.folder / "venv" / "bin" / "python")
        self.done = self.folder / "installed"

    def ensure(self):
        """Install what is missing; a finished environment of this very interpreter is taken as it is."""
        wanted = f"{self.python.path} {self.python.version}"
        if self.done.exists() and self.done.read_text() == wanted:
            return self
        self.done.unlink(missing_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < GIGABYTES << 30:
            raise Failure(f"torch needs {GIGABYTES} GB of disk, and {self.folder} has less; rm -r {FOLDER} removes all of them")
        overrides = self.folder / "overrides.txt"
        overrides.write_text(LEFT_OUT)
        cache = {} if "UV_CACHE_DIR" in os.environ else {"UV_CACHE_DIR": str(FOLDER / "cache")}
        with Step(f"installing torch {self.release} (into {self.folder.relative_to(ROOT)})"):
            uv.environment(self.python.path, self.folder / "venv", **cache)
            try:
                uv.install(self.executable, "--override", str(overrides), f"torch=={self.release}", *PACKAGES, **cache)
            except Failure as failure:
                raise Failure(f"{failure}\n\nTORCH=... names a release that has a wheel for CPython {self.python.minor}") from None
            # Where its modules are compiled while a program runs, Dynamo has been seen to decide otherwise.
            run([self.executable, "-c", WARM_UP], "the first torch.compile", env=self.variables())
        self.done.write_text(wanted)
        return self

    def install(self, wheel):
        """Put the Python package there; torch is not touched."""
        uv.install(self.executable, "--no-deps", "--reinstall", str(wheel))

    def variables(self, **more):
        """What every process with torch gets: the same hashes, one thread, no pool of compilers, and caches below target/."""
        return {
            **{name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "PYTHONPATH")},
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "TORCHINDUCTOR_CACHE_DIR": str(self.folder / "inductor"),
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
            **self.python.header_variables(self.folder / "headers"),
            **more,
        }

    def run(self, arguments, timeout, **variables):
        """Run a program there: exit code (None if it took too long), and what it wrote to stdout and stderr."""
        try:
            done = subprocess.run(
                [self.executable, *arguments],
                env=self.variables(**variables),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return None, "", f"not done after {timeout} s"
        return done.returncode, done.stdout, done.stderr
