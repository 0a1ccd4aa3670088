"""Split functions at calls, and resume them behind: what Dynamo does where it cannot go on compiling, small and readable.

    python -m examples.resume [--list] program.py [arguments]

A function is split at the calls that a predicate names. The first part of it evaluates everything up to a call, calls, and then
ends: it calls a resume function, and returns what that returns. The resume function takes what the first part had in its local
variables and on its value stack; it jumps behind the call, and goes on. It is split likewise at the calls that follow.

    def greet(name):                        def greet(name):
        text = "Hello, " + name                 text = "Hello, " + name
        shown = print(text)                     .stack0 = print(text)
        return shown, len(text)                 return resume_in_greet_at_3(name, text, .stack0)

                                            def resume_in_greet_at_3(name, text, .stack0):
                                                shown = .stack0
                                                .stack0, .stack1 = shown, len(text)
                                                return resume_in_greet_at_4(...)

This file is the door: `Splitter(where)` is a callback for `pyframe_shim.evalframe`.
"""

from .splitter import Splitter

__all__ = ["Splitter"]
