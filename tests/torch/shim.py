"""The library in a process that runs torch: installed before torch is imported, its counters, and who answers torch's calls."""


def install(way):
    """Put the library in the place of torch's own functions, unless the way is `plain`; only before `import torch`."""
    if way != "plain":
        import pyframe_shim

        pyframe_shim.install()


def account():
    """What there is to tell when torch has been used: the library's file, torch's slots by symbol, and the calls."""
    import pyframe_shim
    from pyframe_shim import dropin

    return {"library": dropin.PATH, "bound": pyframe_shim.bound_symbols(), "counters": pyframe_shim.counters()}
