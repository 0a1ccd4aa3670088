"""Other code that does what a code object does: copies, and bigger ones whose slots lie elsewhere."""

import dis
import inspect

MORE_LOCALS = tuple(f"_local{number}" for number in range(5))
MORE_CELLS = tuple(f"_cell{number}" for number in range(2))
MORE_STACK = 9

EXTENDED_ARG = dis.opmap["EXTENDED_ARG"]
# What takes a slot for its argument.
SLOTS = {*dis.haslocal, *dis.hasfree, dis.opmap["MAKE_CELL"]}
# Two slots of four bits each (3.13 and newer).
PAIRED = ("LOAD_FAST_BORROW_LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST")
PAIRS = {dis.opmap[name] for name in PAIRED if name in dis.opmap}


def caches(opcode):
    """How many inline cache code units lie behind an opcode."""
    entries = dis._inline_cache_entries
    return entries.get(dis.opname[opcode], 0) if hasattr(entries, "get") else entries[opcode]


def instructions(code):
    """(index of the unit, opcode, argument) of each instruction."""
    units, at = code.co_code, 0
    while at < len(units):
        yield at, units[at], units[at + 1]
        at += 2 + 2 * caches(units[at])


def copied(code):
    """The same, as another object; None of code with an opcode that there is not: `co_code` shows a 0 there, which would be another."""
    if any(opcode == 0 for _, opcode, _ in instructions(code)):
        return None
    return code.replace(co_name=code.co_name)


def with_more_stack(code, words=150):
    return code.replace(co_stacksize=code.co_stacksize + words)


def bigger(code):
    """With more locals, cells and stack, so that cells and free variables lie in other slots; copied where that is not possible."""
    if copied(code) is None:
        return None
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return with_more_stack(code, MORE_STACK)
    cells = [name for name in code.co_cellvars if name not in code.co_varnames]
    first_cell = len(code.co_varnames)
    first_free = first_cell + len(cells)

    def moved(slot):
        if slot < first_cell:
            return slot
        return slot + len(MORE_LOCALS) + (len(MORE_CELLS) if slot >= first_free else 0)

    units, extended = bytearray(code.co_code), False
    for at, opcode, argument in instructions(code):
        if opcode in PAIRS:
            if any(moved(slot) != slot for slot in (argument >> 4, argument & 15)):
                return copied(code)
        elif opcode in SLOTS:
            if extended or moved(argument) > 255:
                return copied(code)
            units[at + 1] = moved(argument)
        extended = opcode == EXTENDED_ARG
    return code.replace(
        co_code=bytes(units),
        co_varnames=code.co_varnames + MORE_LOCALS,
        co_nlocals=code.co_nlocals + len(MORE_LOCALS),
        co_cellvars=code.co_cellvars + MORE_CELLS,
        co_stacksize=code.co_stacksize + MORE_STACK,
    )
