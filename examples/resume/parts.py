"""The parts of a function: the first one, and the resume functions."""

import functools
import inspect
import sys
import threading
import types

from bytecode import CellVar, FreeVar, Instr, Label
from pyframe_shim.evalframe import UNBOUND, values

from .calls import calls, disassemble
from .emit import call, cell, constant, plain, with_free

# The compiler's, at the beginning of code: each part has a beginning of its own.
BEGINNING = ("MAKE_CELL", "COPY_FREE_VARS", "RESUME")
# What a split needs of the value stack besides its cells.
ROOM = 10


class Making(threading.local):
    """Whether the thread makes a part."""

    now = False


making = Making()


def slot_of_stack(number):
    """The name of the variable that a value of the stack is kept in."""
    return f".stack{number}"


class Parts:
    """A function's code, and what it is split into."""

    def __init__(self, code, where, made):
        self.code = code
        #: The identities of all parts, of this function and of others.
        self.made = made
        self.body = disassemble(code)
        found = calls(code, self.body)
        #: The calls to split at, by the index of their instruction.
        self.calls = {index: found[index] for index in found if where(found[index])}
        self.cells = [CellVar(name) for name in code.co_cellvars] + [FreeVar(name) for name in code.co_freevars]
        #: Resume code, by the call that it goes on behind, and the variables that are bound there.
        self.cache = {}
        #: How many resume functions have been called.
        self.resumed = 0
        #: The code that runs in the function's place, up to the first of the calls that it comes to.
        self.first = self.assemble(disassemble(code), [], self.body, self.calls) if self.calls else code

    def resume(self, index, bound):
        """The code that goes on behind a call, with these variables bound."""
        key = (index, bound)
        if key not in self.cache:
            self.cache[key] = self.make_resume(index, bound)
        return self.cache[key]

    def make_resume(self, index, bound):
        part, site, behind = disassemble(self.code), self.calls[index], Label()
        part.name = f"resume_in_{self.code.co_name}_at_{site.line}"
        part.qualname = f"{self.code.co_qualname}.{part.name}" if self.code.co_qualname else part.name
        part.argnames, part.argcount = list(bound), len(bound)
        part.posonlyargcount = part.kwonlyargcount = 0
        part.flags &= ~(inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
        # The function's own cells come from outside now, as its free variables did.
        part.cellvars, part.freevars = [], [variable.name for variable in self.cells]
        prologue = [Instr("COPY_FREE_VARS", len(self.cells))] if self.cells else []
        prologue.append(Instr("RESUME", 0))
        for name in map(slot_of_stack, range(site.depth)):
            # What is not bound was a NULL.
            prologue += [Instr("LOAD_FAST", name), Instr("DELETE_FAST", name)] if name in bound else [Instr("PUSH_NULL")]
        prologue.append(Instr("JUMP_FORWARD", behind))
        for instruction in prologue:
            instruction.lineno = site.line
        body = [*self.body[: index + 1], behind, *self.body[index + 1 :]]
        # Behind this call only: a loop would come to those before it again, and split without end.
        later = {at + 1: site for at, site in self.calls.items() if at > index}
        return self.assemble(part, prologue, body, later)

    def assemble(self, part, prologue, body, split_at):
        """Code of these instructions, which is split at those."""
        is_first = not prologue
        sites, ends, made = [], [], list(prologue)
        for at, instruction in enumerate(body):
            if not isinstance(instruction, Instr):
                made.append(instruction)
                continue
            if not is_first and instruction.name in BEGINNING:
                continue
            made += plain(instruction) if is_first else [with_free(each, self.code.co_cellvars) for each in plain(instruction)]
            if at in split_at:
                site = Site(self, split_at[at])
                label = Label()
                sites.append(site)
                # Out of line: an exception of the resume function is none of the call's.
                made.append(Instr("JUMP_FORWARD", label, lineno=instruction.lineno))
                ends += [label, *self.go_on(site, is_first)]
        part[:] = [*made, *ends]
        code = part.to_code(stacksize=self.code.co_stacksize + ROOM + len(self.cells), compute_exception_stack_depths=False)
        for site in sites:
            site.variables = code.co_varnames
        self.made.add(id(code))
        return code

    def go_on(self, site, is_first):
        """What stands at a call where a part ends: call a resume function, with what there is, and return what that returns."""
        keep = [Instr("STORE_FAST", slot_of_stack(number)) for number in reversed(range(site.call.depth))]
        variables = self.cells if is_first else [FreeVar(variable.name) for variable in self.cells]
        # No compiler builds an empty tuple, and 3.14 does not expect it.
        closure = [*map(cell, variables), Instr("BUILD_TUPLE", len(variables))] if variables else constant(())
        resume = call(constant(site.resume), call(constant(values)), closure)
        made = [*keep, *call(resume), Instr("RETURN_VALUE")]
        for instruction in made:
            instruction.lineno = site.call.line
        return made


class Site:
    """A call at which a part ends, as the part's code knows it."""

    def __init__(self, parts, found):
        self.parts, self.call = parts, found
        self.index = next(index for index, each in parts.calls.items() if each is found)
        #: The names of the part's slots, in their order.
        self.variables = ()

    def resume(self, held, cells):
        """The call of the resume function, still to be made, for what the part's slots hold."""
        shared = {variable.name for variable in self.parts.cells}
        bound = {name: value for name, value in zip(self.variables, held) if value is not UNBOUND and name not in shared}
        self.parts.resumed += 1
        before, making.now = making.now, True
        try:
            code = self.parts.resume(self.index, tuple(bound))
        finally:
            making.now = before
        function = types.FunctionType(code, sys._getframe(1).f_globals, code.co_name, None, cells or None)
        return functools.partial(function, *bound.values())
