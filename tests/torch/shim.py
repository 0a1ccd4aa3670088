"""The library in a process that runs torch: loaded, its counters, and what torch's own slots are bound to."""

import ctypes
import importlib.util
import os

NAMES = "THP_", "_PyFunction_CopyWithNewCode", "get_framelocals_mapping", "init_THPCaches"


def load(path):
    """Put the library in front of torch's own functions; only before `import torch`."""
    return ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL | os.RTLD_NOW)


class Counter(ctypes.Structure):
    _fields_ = [("symbol", ctypes.c_char_p), ("calls", ctypes.c_ulonglong)]


def counters(library):
    """Calls per symbol; empty if the library was built without counters."""
    if not hasattr(library, "PyFrameShim_GetCounters"):
        return {}
    get = library.PyFrameShim_GetCounters
    get.argtypes, get.restype = (ctypes.POINTER(Counter), ctypes.c_size_t), ctypes.c_size_t
    room = (Counter * get(None, 0))()
    get(room, len(room))
    return {counter.symbol.decode(): counter.calls for counter in room}


def mappings():
    """(start, end, offset in the file, path) of everything that this process has mapped."""
    for line in open("/proc/self/maps"):
        span, _, offset, _, _, *path = line.split(maxsplit=5)
        start, end = (int(part, 16) for part in span.split("-"))
        yield start, end, int(offset, 16), path[0].strip() if path else ""


def bound_symbols():
    """Which library each slot of libtorch_python for a frame helper points to, by symbol."""
    from elftools.elf.elffile import ELFFile

    torch = importlib.util.find_spec("torch").submodule_search_locations[0]
    path = os.path.realpath(os.path.join(torch, "lib", "libtorch_python.so"))
    mapped = list(mappings())
    base = next(start for start, _, offset, name in mapped if offset == 0 and os.path.realpath(name) == path)
    bound = {}
    with open(path, "rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".dynsym")
        for section in (".rela.plt", ".rela.dyn"):
            for relocation in elf.get_section_by_name(section).iter_relocations():
                if not relocation["r_info_sym"]:
                    continue
                name = symbols.get_symbol(relocation["r_info_sym"]).name
                if name.startswith(NAMES):
                    target = ctypes.c_void_p.from_address(base + relocation["r_offset"]).value
                    bound[name] = next((path for start, end, _, path in mapped if start <= target < end), None)
    return bound
