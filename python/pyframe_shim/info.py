"""`python -m pyframe_shim info`: what there is, and whether it fits."""

import contextlib
import json
import os
import platform
import sys

from . import dropin, paths
from .errors import NoTorch, PyFrameShimError
from .interpose import bound_symbols, check, install, installed
from .torch_release import Torch


def about_torch():
    """The PyTorch that is found, and the symbols that its file has slots for."""
    try:
        torch = Torch.find()
    except PyFrameShimError:
        return None
    about = {"version": torch.version, "folder": str(torch.folder), "symbols": []}
    try:
        about["symbols"] = sorted(torch.reached & dropin.symbols())
    except PyFrameShimError as problem:
        about["problem"] = str(problem)
    return about


def problem_with(work):
    """The error of a check, or of the installation, with this PyTorch; None if there is none."""
    try:
        work()
    except PyFrameShimError as error:
        return error
    return None


def sdk_problem():
    """What is missing for extensions to be built; None if nothing."""
    missing = [path for path in (paths.get_library(), paths.get_include(), paths.get_cmake_dir()) if not os.path.exists(path)]
    return f"the SDK is not complete, there is no {', '.join(missing)}: install pyframe-shim again" if missing else None


def info(load=False):
    """All of it, as data."""
    error = None if installed() else problem_with(install if load else check)
    problem = error and f"{type(error).__name__}: {error}"
    if load:
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what it prints is not ours to tell
                import torch  # noqa: F401
        except (Exception, SystemExit) as failure:  # whatever its modules raise
            problem = problem or f"import torch: {type(failure).__name__}: {failure}"
    torch, bound = about_torch(), bound_symbols()
    about = {
        "version": dropin.VERSION,
        "library": dropin.PATH,
        "built_for": dropin.BUILT_FOR,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": f"{sys.platform} {platform.machine()}",
        "sdk": str(paths.ROOT),
        "torch": torch,
        "installed": installed(),
        "bound": bound,
    }
    if isinstance(error, NoTorch) and not load:
        # Nothing that would have to fit: extensions are built without PyTorch.
        return {**about, "problem": sdk_problem(), "fits": None}
    fits = problem is None and (bound is None or set(bound.values()) <= {dropin.PATH, None})
    return {**about, "problem": problem, "fits": fits}


def text(about):
    """The same, to be read."""
    torch = about["torch"]
    yield f"pyframe-shim {about['version']}, built for CPython {about['built_for']}"
    yield f"  {about['library']}"
    yield f"CPython {about['python']} on {about['platform']}"
    yield f"  {about['executable']}"
    yield f"SDK for extensions: {about['sdk']}"
    if torch is None:
        yield "PyTorch: none found"
    else:
        yield f"PyTorch {torch['version']}"
        yield f"  {torch['folder']}"
        for symbol in torch["symbols"]:
            path = (about["bound"] or {}).get(symbol)
            where = "bound to us" if path == about["library"] else f"bound to {path}" if path else "to be bound by its first call"
            where = where if symbol in (about["bound"] or {}) else ""
            yield f"  {symbol:<42}{where}".rstrip()
    if about["bound"] is None and about["fits"]:
        yield "PyTorch is not loaded in this process: --load does it, and shows what the symbols are bound to"
    if about["fits"] is None:
        yield f"no PyTorch; {about['problem'] or 'the SDK is usable'}"
        return
    yield "it fits" if about["fits"] else f"it does not fit: {about['problem'] or 'see above what is bound elsewhere'}"


def main(as_json=False, load=False):
    about = info(load)
    print(*([json.dumps(about, indent=2)] if as_json else text(about)), sep="\n")
    return 0 if about["fits"] or (about["fits"] is None and about["problem"] is None) else 1
