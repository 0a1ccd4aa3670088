"""What every route of the shim says about a frame, against the interpreter's own answer.

Both functions yield what is wrong, in words that name the names.
"""

import ctypes
import functools
import inspect
import reprlib
import sys
import types

import probe

HAS_PROXY = sys.version_info >= (3, 13)
EMPTY = ...  # how probe.info() shows an empty slot
OF_THE_COMPILER = {"__class__", "__classdict__"}  # cells of class bodies
STALE = "a value from before"

ROUTES = {
    "THP_PyFrame_GetLocals": lambda frame: probe.get_locals(frame, False),
    "THP_PyFrame_GetLocals with hidden": lambda frame: probe.get_locals(frame, True),
    "THP_PyFrame_GetLocals without a flag": lambda frame: (probe.get_locals_quietly(frame), 0),
    "THP_PyFrame_FastToLocalsWithError": probe.fast_to_locals,
}


class Sub(dict):
    """A dict, but not exactly one."""


class Odd:
    """A mapping that is no dict at all."""

    def __init__(self, items=()):
        self.items = dict(items)

    def keys(self):
        return self.items.keys()

    def __getitem__(self, name):
        return self.items[name]

    def __setitem__(self, name, value):
        self.items[name] = value

    def __delitem__(self, name):
        del self.items[name]


def contents(mapping):
    return {name: mapping[name] for name in list(mapping.keys())}


shortener = reprlib.Repr()
shortener.maxlevel = 2
short = shortener.repr


def wrong(what, expected, found):
    """Names that are missing or too much, and values that are other objects."""
    found = contents(found)
    for name in expected.keys() - found.keys():
        yield f"{what}: {name!r} is missing, should be {short(expected[name])}"
    for name in found.keys() - expected.keys():
        yield f"{what}: {name!r} is too much, it is {short(found[name])}"
    for name in expected.keys() & found.keys():
        if expected[name] is not found[name]:
            yield f"{what}: {name!r} is {short(found[name])}, should be {short(expected[name])}"


@functools.lru_cache(maxsize=None)
def slot_names(code):
    names = []
    try:
        while True:
            names.append(code._varname_from_oparg(len(names)))
    except IndexError:
        return names


def slots(frame):
    """What lies in the slots, by name."""
    info = probe.info(probe.frame_of(frame))
    return [(name, slot[0]) for name, slot in zip(slot_names(info["code"]), info["slots"]) if slot is not EMPTY]


def proxy_misreads(frame):
    """3.13.0's proxy, and so locals(), takes whatever is in a cell's slot for a cell, and may crash.

    Of two comprehensions over one name the one that does not capture it has no cell there.
    """
    cells = frame.f_code.co_cellvars
    return HAS_PROXY and any(name in cells and not isinstance(held, types.CellType) for name, held in slots(frame))


def by_name(frame, names):
    """What PyFrame_GetVar says. Of two slots of one name it looks at the first alone: the second is a free variable's."""
    found = {}
    for name in names:
        try:
            found[name] = get_var(frame, name)
        except NameError:
            pass
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        free = {name: contents_of(cell) for name, cell in slots(frame) if name in frame.f_code.co_freevars}
        found = {**{name: value for name, value in free.items() if value is not EMPTY}, **found}
    return found


if HAS_PROXY:
    get_var = ctypes.pythonapi.PyFrame_GetVar
    get_var.argtypes, get_var.restype = [ctypes.py_object, ctypes.py_object], ctypes.py_object


def answer(frame):
    """The interpreter's own answer about a frame's locals, hidden ones with them."""
    code = frame.f_code
    if code.co_flags & inspect.CO_OPTIMIZED:
        return by_name(frame, slot_names(code)) if proxy_misreads(frame) else contents(frame.f_locals)
    if not HAS_PROXY:
        return contents(frame.f_locals)
    # Of a namespace the proxy shows other slots too, and not the namespace.
    own = f_locals(probe.frame_of(frame))
    hidden = {*code.co_varnames, *code.co_cellvars} - OF_THE_COMPILER
    return {**(contents(own) if own is not None else {}), **by_name(frame, hidden)}


def truth(what, held):
    if not held:
        yield what


def f_locals(address):
    """The frame's own mapping, or None."""
    return probe.info(address)["f_locals"]


def restore(address, mapping):
    if mapping is None:
        probe.drop_f_locals(address)
    else:
        probe.set_f_locals(address, mapping)


def running(frame, said=None):
    """A frame that runs, is suspended, or has ended. `said` is what locals() says in it."""
    address = probe.frame_of(frame)
    own = f_locals(address)
    if said is not None:
        yield from wrong("locals()", answer(frame), said)
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        try:
            yield from into_nothing(frame, address)
            yield from into_something(frame, address)
        finally:
            restore(address, own)
    elif own is None:
        yield from into_nothing(frame, address)  # it has been cleared
    else:
        yield from in_namespace(frame, address, own)


def into_nothing(frame, address):
    """The mapping is made of the slots alone."""
    probe.drop_f_locals(address)
    expected = answer(frame)
    probe.drop_f_locals(address)
    yield from wrong("get_framelocals_mapping", expected, probe.mapping(address))
    yield from truth("get_framelocals_mapping gave the frame an f_locals", f_locals(address) is None)
    for what, route in ROUTES.items():
        probe.drop_f_locals(address)
        found, copied = route(address)
        yield from wrong(what, expected, found)
        yield from truth(f"{what}: not the frame's f_locals", found is f_locals(address))
        yield from truth(f"{what}: free variables copied in a frame that runs", not copied)


def into_something(frame, address):
    """The frame has a mapping already: other names stay, and names without a value go."""
    probe.drop_f_locals(address)
    expected = {**answer(frame), "of nobody": STALE}
    before = dict.fromkeys((*slot_names(frame.f_code), "of nobody"), STALE)
    for kind in (dict, Sub, Odd):
        for what, route in ROUTES.items():
            what = f"{what}, into a {kind.__name__}"
            mapping = kind(before)
            probe.set_f_locals(address, mapping)
            found, _ = route(address)
            yield from truth(f"{what}: not the frame's f_locals", found is mapping)
            yield from wrong(what, expected, mapping)


def in_namespace(frame, address, own):
    """A module, class body or exec: its mapping is the answer, and hidden locals come on top of it where asked for."""
    with_hidden, any_hidden = answer(frame), frame.f_locals is not own
    expected = contents(own)
    found = probe.mapping(address)
    yield from wrong("get_framelocals_mapping", cells_of_a_class(frame, found), found)
    for what, route in ROUTES.items():
        found, copied = route(address)
        hidden = any_hidden and what.endswith("with hidden")
        yield from wrong(what, with_hidden if hidden else expected, found)
        yield from truth(f"{what}: {'' if hidden else 'not '}the frame's f_locals", (found is own) != hidden)
        yield from truth(f"{what}: free variables copied in a frame that runs", not copied)
        yield from wrong(f"f_locals after {what}", expected, own)
        yield from truth(f"{what}: another f_locals", f_locals(address) is own)


def cells_of_a_class(frame, found):
    """What the slots of a class body bind but for hidden and free ones: the class and (3.12+) its namespace.

    From 3.13 on the interpreter keeps both to itself, and the mapping may or may not.
    """
    cells = {}
    for name, cell in slots(frame):
        if name in OF_THE_COMPILER - {*frame.f_code.co_freevars} and (name in found or not HAS_PROXY):
            if contents_of(cell) is not EMPTY:
                cells[name] = contents_of(cell)
    return cells


def contents_of(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return EMPTY


def entry(address, arguments=None):
    """A fresh frame, before its first instruction. `arguments` are what it was called with, by parameter."""
    info = probe.info(address)
    code, function, own = info["code"], info["function"], info["f_locals"]
    free = bool(code.co_freevars)
    if own is not None:
        before = contents(own)
        yield from wrong("get_framelocals_mapping", {}, probe.mapping(address))
        for what, route in ROUTES.items():
            found, copied = route(address)
            yield from wrong(what, before, found)
            yield from truth(f"{what}: not the frame's f_locals", found is own)
            yield from truth(f"{what}: free_vars_copied is {copied}", what.endswith("a flag") or copied == free)
            free &= what.endswith("a flag")
        return
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    expected = {name: slot[0] for name, slot in zip(code.co_varnames[:count], info["slots"]) if slot is not EMPTY}
    for name, value in (arguments or {}).items():
        yield from same_argument(name, value, expected.get(name, EMPTY))
    for name, cell in zip(code.co_freevars, function.__closure__ or ()):
        if contents_of(cell) is not EMPTY:
            expected[name] = contents_of(cell)
    yield from wrong("get_framelocals_mapping", expected, probe.mapping(address))
    for what, route in ROUTES.items():
        found, copied = route(address)
        yield from wrong(what, expected, found)
        yield from truth(f"{what}: free_vars_copied is {copied}", copied == free)
        free = False
        probe.drop_f_locals(address)
    yield from wrong("get_framelocals_mapping, once copied", expected, probe.mapping(address))


def same_argument(name, passed, found):
    """*args and **kwargs are collected again; their values are the same objects."""
    if type(passed) is tuple and type(found) is tuple:
        same = [id(value) for value in passed] == [id(value) for value in found]
    elif type(passed) is dict and type(found) is dict:
        same = [(key, id(passed[key])) for key in passed] == [(key, id(found[key])) for key in found]
    else:
        same = passed is found
    yield from truth(f"argument {name!r} is {short(found)}, but {short(passed)} was passed", same)
