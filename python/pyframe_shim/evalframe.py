"""Frame evaluation (PEP 523) from Python: a callback is asked about each frame that is about to run.

It sees the frame, and says what is to become of the call: let the frame run, run other code in its place, or end the call
with a value. No C is needed, and no compiler.

Watch calls:

>>> from pyframe_shim import evalframe
>>> def add(a, b=2):
...     return a + b
>>> def watch(frame):
...     print(frame.code.co_name, frame.locals)
>>> with evalframe.hook(watch):
...     add(1)
add {'a': 1, 'b': 2}
3

Run other code, with the same arguments. A compiler returns what it has made of `frame.code`:

>>> def multiply(a, b):
...     return a * b
>>> def replace(frame):
...     if frame.code is add.__code__:
...         return multiply
>>> with evalframe.hook(replace):
...     add(3, 4)
12

End calls without running them, as a cache does:

>>> known = {(10, 20): "from the cache"}
>>> def look_up(frame):
...     if frame.values in known:
...         return evalframe.Return(known[frame.values])
>>> with evalframe.hook(look_up, only=lambda code: code is add.__code__):
...     add(10, 20), add(10, 21)
('from the cache', 31)

`only` is asked once about each code object. Where it says no, a call costs next to nothing. A program that is hooked as a
whole needs it: without it, each call of a Python function is one more.

A frame is shown while the callback runs, and no longer. Copy what is to be kept:

>>> kept = []
>>> with evalframe.hook(kept.append):
...     add(1)
3
>>> kept[0].code
Traceback (most recent call last):
    ...
RuntimeError: the callback that this view was made for has returned: copy what is to be kept

What one can rely on:

- The callback is asked about each call: of functions, generators and coroutines when they are called, module and class
  bodies, comprehensions that are functions. It is not asked when a generator is resumed, nor about calls that CPython shows to
  no hook: of functions in C, and of an often called `__init__` on 3.13.
- It is not asked about frames that it makes itself, nor is another callback. Hooks that are not this module's see them.
- An exception in the callback, or in `only`, ends the call that was asked about. It is raised in the caller.
- Other code must take the same arguments, and have no free variables, or as many as the function has cells:
  `frame.why_not(code)` says what does not fit. If it does not, the call ends with ValueError.
- The hook that was installed last is asked first. If it lets the frame run, the next one is asked.
- A hook is asked about the frames of every thread of its interpreter, unless it is made with `this_thread=True`. Other
  interpreters of the process have hooks of their own.
- Tracers, profilers and debuggers do not see the callback, unless the hook is made with `traced=True`. They see the frame
  that runs, with whatever code.
- Each Python call takes room on the C stack while a hook is installed: a program recurses less deep. On 3.11 nothing stops it in
  time if `sys.setrecursionlimit` has been raised far.
- A hook that is installed stays until it is removed, or the interpreter ends: `atexit` removes what is left.
"""

from ._native import Frame, Hook, install, values
from .markers import UNBOUND, Return, Unbound

__all__ = ["UNBOUND", "Frame", "Hook", "Return", "Unbound", "hook", "install", "remove", "values"]

# Not functions of this module: a frame of theirs would be the first, or the last, that a callback is asked about.
hook = Hook
remove = Hook.remove
