"""What --stats prints when the program has ended."""

from . import dropin
from .interpose import bound_symbols, installed
from .torch_release import MINOR


def lines():
    bound = bound_symbols()
    if bound is None:
        yield "pyframe_shim: the program did not import torch"
    elif not installed():
        yield "pyframe_shim: not installed, torch was imported past it"
    else:
        ours = sum(path == dropin.PATH for path in bound.values())
        later = sum(path is None for path in bound.values())
        yield (
            f"pyframe_shim {dropin.VERSION}, CPython {MINOR}: {ours} of {len(bound)} symbols of PyTorch are bound to it"
            f"{f', {later} have not been called' if later else ''}"
        )
    for symbol, calls in dropin.counters().items():
        # What this release has no call for need not be told; what it has and does not make, it does.
        if calls or symbol in (bound or {}):
            yield f"  {symbol:<42}{calls:>14,}"
    cache = dropin.chunk_cache_stats()
    if cache["capacity"]:
        yield f"  chunk cache of {cache['capacity']}: {cache['hits']:,} hits, {cache['misses']:,} misses"
    else:
        yield "  chunk cache: off"
