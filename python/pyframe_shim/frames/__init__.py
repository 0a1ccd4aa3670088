"""Look at frames: images of what lies in them, as text, as JSON, and as pictures.

>>> from pyframe_shim import frames
>>> def outer(a):
...     kept = [a]
...     def inner(b):
...         return a, frames.stack()
...     return inner(a + 1)
>>> a, stack = outer(1)
>>> inner, caller = stack.frames[:2]
>>> inner.name, [(slot.name, slot.kind, slot.value.text) for slot in inner.slots]
('outer.<locals>.inner', [('b', 'argument', '2'), ('a', 'free variable', '1')])
>>> inner.slots[1].cell == caller.slots[0].cell
True

`print(stack)` shows it in a terminal, `stack.svg()` draws it, and `stack.json()` is for programs. Text needs the package rich,
and pictures need drawsvg: `pip install 'pyframe-shim[pictures]'`.

A generator shows the frame inside of it. While it is suspended, its value stack is known:

>>> def numbers(n):
...     for i in range(n):
...         yield i
>>> generator = numbers(3)
>>> next(generator)
0
>>> (frame,) = frames.of(generator).frames
>>> frame.owner, [item.value.type for item in frame.stack if item.value]
('generator', ['range_iterator'])

Images are copies, of text and numbers. Taking one changes no frame, calls no method of any object that it shows, and keeps
none alive. `python -m pyframe_shim frames program.py` shows the frames of a program.
"""

from .image import Image, Item, Place, Slot, Stack, Value
from .take import of, stack

__all__ = ["Image", "Item", "Place", "Slot", "Stack", "Value", "of", "stack"]
