"""What is written in one way here, and in several by the compilers of CPython 3.11 to 3.15."""

import dis
import sys

from bytecode import CellVar, FreeVar, Instr

MINOR = sys.version_info[1]
# What names a variable of the function.
VARIABLES = {*dis.haslocal, *dis.hasfree}
# Two instructions in one (3.13 and newer). Whether they can be one depends on the numbers of their variables.
PAIRS = {
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}


def call(function, *arguments):
    """Call what some instructions push, with what others push."""
    null, pushed = Instr("PUSH_NULL"), [instruction for argument in arguments for instruction in argument]
    callee = [*function, null] if MINOR >= 13 else [null, *function]
    return [*callee, *pushed, *([Instr("PRECALL", len(arguments))] if MINOR == 11 else []), Instr("CALL", len(arguments))]


def constant(thing):
    return [Instr("LOAD_CONST", thing)]


def cell(variable):
    """Push the cell itself of a cell or free variable."""
    return Instr("LOAD_FAST" if MINOR >= 13 else "LOAD_CLOSURE", variable)


def plain(instruction):
    """An instruction of the compiler's as one or two that do not depend on where they stand."""
    # A reference that is lent (3.14 and newer) must not be stored: split code stores what lies on the stack.
    name, argument = instruction.name.replace("_BORROW", ""), instruction.arg
    if name in PAIRS:
        return [Instr(one, variable, location=instruction.location) for one, variable in zip(PAIRS[name], argument)]
    if name != instruction.name:
        return [Instr(name, argument, location=instruction.location)]
    if name == "GET_ITER" and MINOR >= 15:
        # A loop over a list keeps a number on the stack, which is no object: with an iterator, there is none.
        iterator = [*constant(iter), Instr("SWAP", 2), Instr("PUSH_NULL"), Instr("SWAP", 2), Instr("CALL", 1)]
        return [*(Instr(each.name, *arguments(each), location=instruction.location) for each in iterator), instruction]
    return [instruction]


def arguments(instruction):
    return [instruction.arg] if instruction.require_arg() else []


def with_free(instruction, cells):
    """The same for code whose cells come from outside. The cell of an argument has a plain name in some instructions (3.13 and newer)."""
    variable = instruction.arg
    if isinstance(variable, CellVar) or (instruction.opcode in VARIABLES and variable in cells):
        return Instr(instruction.name, FreeVar(getattr(variable, "name", variable)), location=instruction.location)
    return instruction
