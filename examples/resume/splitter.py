"""A callback for `pyframe_shim.evalframe` that splits functions."""

import inspect

from .parts import Parts, making

# Generators are suspended, and cannot be left by a call.
SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def can_be_split(code):
    """Whether code is a function's that a resume function can go on with."""
    if not code.co_flags & inspect.CO_OPTIMIZED or code.co_flags & SUSPENDED:
        return False
    # super() looks for the first argument in the first slot: a resume function has it in a cell.
    takes_self = code.co_argcount and code.co_varnames[0] in code.co_cellvars
    return not (takes_self and "super" in code.co_names and "__class__" in code.co_freevars)


class Splitter:
    """Splits each function at the calls that `where(call)` names; `only(code)` says which functions.

    It is both arguments of a hook: `evalframe.hook(splitter, only=splitter.wants)`.
    """

    def __init__(self, where=lambda call: True, only=lambda code: True):
        self.where, self.only = where, only
        #: What has been split, by the identity of its code: codes that are equal have constants of their own.
        self.parts = {}
        #: The identities of the parts, which are split already.
        self.made = set()

    def wants(self, code):
        """Whether the frames of this code are run in parts."""
        if id(code) in self.made or not can_be_split(code) or not self.only(code):
            return False
        parts = Parts(code, self.where, self.made)
        if parts.calls:
            self.parts[id(code)] = parts
        return bool(parts.calls)

    def __call__(self, frame):
        """The first part of a function; None while a part is made: what that takes is not split."""
        return None if making.now else self.parts[id(frame.code)].first
