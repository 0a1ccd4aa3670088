"""Which kinds of child process have the library's functions under their PyTorch: a line of JSON, kind by kind.

A child compiles a function of its own and runs it, so that the library is not only bound there but called.
"""

import json
import os
import subprocess
import sys

import pyframe_shim
import torch
from torch.utils.data import DataLoader, Dataset

SCRIPT = "import sys; sys.path[:] = {path!r}; import children; print(children.compiled_here())"


def ours(bound):
    """Whether each of torch's slots for a function of the set leads to the library."""
    return bool(bound) and set(bound.values()) == {pyframe_shim._native.__file__}


def compiled_here():
    before = pyframe_shim.counters()["_PyFunction_CopyWithNewCode"]
    assert torch.compile(lambda x: x.sin() + 1, backend="eager")(torch.zeros(2)).tolist() == [1, 1]
    return ours(pyframe_shim.bound_symbols()) and pyframe_shim.counters()["_PyFunction_CopyWithNewCode"] > before


class Answers(Dataset):
    """Data that a DataLoader's worker has to compute."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        assert torch.utils.data.get_worker_info() is not None
        return int(compiled_here())


def loaded_by(method):
    return all(batch.tolist() == [1] for batch in DataLoader(Answers(), num_workers=2, multiprocessing_context=method))


def compile_worker():
    """One of inductor's processes for compiling; it takes jobs, but none of this file's."""
    from torch._inductor import config

    try:
        from torch._inductor.async_compile import AsyncCompile
    except ImportError:  # before 2.4
        from torch._inductor.codecache import AsyncCompile
    assert config.compile_threads > 1, config.compile_threads
    pool = AsyncCompile.process_pool()
    bound, worker = pool.submit(pyframe_shim.bound_symbols).result(300), pool.submit(os.getpid).result(300)
    assert worker != os.getpid()
    return ours(bound)


def command():
    script = SCRIPT.format(path=[os.path.dirname(os.path.abspath(__file__)), *sys.path])
    return subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "True"


def main():
    found = {f"DataLoader, {method}": loaded_by(method) for method in ("fork", "spawn", "forkserver")}
    found |= {"inductor's compile worker": compile_worker(), "sys.executable -c": command(), "the program itself": compiled_here()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
