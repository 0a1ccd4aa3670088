"""Where a function can be split: its calls, and how deep the value stack is behind each."""

from dataclasses import dataclass

from bytecode import Bytecode, Instr, Label, TryBegin, TryEnd

CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")


@dataclass(frozen=True)
class Call:
    """A call in a function, as a predicate is asked about it."""

    #: The function's code.
    code: object
    #: Which of the calls of the function it is: 0 for the first in the bytecode.
    number: int
    line: int
    #: How many values lie on the stack behind it, the result among them.
    depth: int


def calls(code, body):
    """The calls that a part can end at, by their index in the instructions of the code."""
    if any(borrows_slot_of_cell(instruction, code.co_cellvars) for instruction in body):
        return {}
    depths = depths_before(body)
    found = {}
    for index, instruction in enumerate(body):
        if isinstance(instruction, Instr) and instruction.name in CALLS and index in depths:
            depth, raw = depths[index]
            # An instruction's offset, which some handlers are given, is no object on every minor: it cannot be passed on.
            if not raw:
                found[index] = Call(code, len(found), instruction.lineno or code.co_firstlineno, depth + instruction.stack_effect())
    return found


def borrows_slot_of_cell(instruction, cells):
    """Whether a comprehension keeps a variable where the function has a cell of that name: it lies on the stack meanwhile (3.12 and newer)."""
    return (
        isinstance(instruction, Instr)
        and instruction.name == "LOAD_FAST_AND_CLEAR"
        and getattr(instruction.arg, "name", instruction.arg) in cells
    )


def depths_before(body):
    """By index: how deep the stack is before the instruction, and where in it lie offsets that handlers were given."""
    labels = {instruction: index for index, instruction in enumerate(body) if isinstance(instruction, Label)}
    regions, known, waiting = regions_at(body), {}, [(0, 0, frozenset())]
    while waiting:
        index, depth, raw = waiting.pop()
        while index < len(body):
            before = known.get(index)
            raw = frozenset(place for place in raw if place < depth)
            if before is not None and raw <= before[1]:
                break
            known[index] = (depth, raw | before[1] if before else raw)
            instruction, region = body[index], regions[index]
            if isinstance(instruction, Instr):
                if region is not None:
                    bottom = region.stack_depth
                    given = raw | {bottom} if region.push_lasti else raw
                    waiting.append((labels[region.target], bottom + region.push_lasti + 1, given))
                if instruction.has_jump():
                    waiting.append((labels[instruction.arg], depth + instruction.stack_effect(jump=True), raw))
                if instruction.is_final():
                    break
                depth += instruction.stack_effect(jump=False)
            index += 1
    return known


def regions_at(body):
    """By index: the region that an instruction lies in whose exceptions are handled, or None."""
    found, region = [], None
    for instruction in body:
        if isinstance(instruction, TryBegin):
            region = instruction
        elif isinstance(instruction, TryEnd):
            region = None
        found.append(region)
    return found


def disassemble(code):
    """The instructions of the code, with how deep the stack is where an exception is handled."""
    return Bytecode.from_code(code, conserve_exception_block_stackdepth=True)
