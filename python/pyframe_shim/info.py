"""`python -m pyframe_shim info`: what there is, and whether it fits."""

import json
import platform
import sys

from . import dropin
from .errors import PyFrameShimError
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
        about["symbols"] = sorted({name for name, _ in torch.reached} & dropin.symbols())
    except PyFrameShimError as problem:
        about["problem"] = str(problem)
    return about


def problem_with(work):
    """What a check, or the installation, says against this PyTorch; None if nothing."""
    try:
        work()
    except PyFrameShimError as error:
        return f"{type(error).__name__}: {error}"
    return None


def info(load=False):
    """All of it, as data."""
    problem = None if installed() else problem_with(install if load else check)
    if load:
        try:
            import torch  # noqa: F401
        except (ImportError, OSError) as error:
            problem = problem or f"import torch: {error}"
    bound = bound_symbols()
    return {
        "version": dropin.VERSION,
        "library": dropin.PATH,
        "built_for": dropin.BUILT_FOR,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": f"{sys.platform} {platform.machine()}",
        "torch": about_torch(),
        "installed": installed(),
        "bound": bound,
        "problem": problem,
        "fits": problem is None and (bound is None or set(bound.values()) == {dropin.PATH}),
    }


def text(about):
    """The same, to be read."""
    torch = about["torch"]
    yield f"pyframe-shim {about['version']}, built for CPython {about['built_for']}"
    yield f"  {about['library']}"
    yield f"CPython {about['python']} on {about['platform']}"
    yield f"  {about['executable']}"
    if torch is None:
        yield "PyTorch: none found"
    else:
        yield f"PyTorch {torch['version']}"
        yield f"  {torch['folder']}"
        for symbol in torch["symbols"]:
            path = (about["bound"] or {}).get(symbol)
            where = "" if about["bound"] is None else "bound to us" if path == about["library"] else f"bound to {path}"
            yield f"  {symbol:<42}{where}".rstrip()
    if about["bound"] is None and about["fits"]:
        yield "PyTorch is not loaded in this process: --load does it, and shows what the symbols are bound to"
    yield "it fits" if about["fits"] else f"it does not fit: {about['problem'] or 'see above what is bound elsewhere'}"


def main(as_json=False, load=False):
    about = info(load)
    print(*([json.dumps(about, indent=2)] if as_json else text(about)), sep="\n")
    return 0 if about["fits"] else 1
