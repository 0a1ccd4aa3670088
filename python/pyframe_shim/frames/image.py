"""Images of frames: what was there when they were taken, as text and numbers."""

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """An object, as it is shown."""

    #: The name of its type.
    type: str
    #: What it says of itself, in short. Only types of CPython's own are asked.
    text: str
    #: Where it lies in memory.
    address: int
    #: How many references there were to it; None if it is immortal, and they are not counted.
    references: int | None


@dataclass(frozen=True)
class Slot:
    """A slot of a frame: an argument's, a local variable's, a cell's or a free variable's."""

    name: str
    #: "argument", "argument, cell", "local", "hidden local", "cell" or "free variable".
    kind: str
    #: The bits of the slot: an address, from 3.14 on with a tag in the lowest bits.
    word: int
    #: What the variable holds, with cells seen through; None if it is unbound.
    value: Value | None
    #: The cell, if the variable has one, and it has been made.
    cell: Value | None


@dataclass(frozen=True)
class Item:
    """What lies on the value stack, which the evaluator computes with."""

    #: The bits.
    word: int
    #: The object; None for a NULL, or a number that is no object.
    value: Value | None


@dataclass(frozen=True)
class Place:
    """Where a frame lies on the data stack of its thread."""

    #: The number of the chunk: 0 for the first.
    chunk: int
    #: The word in the chunk at which the frame begins.
    word: int
    #: How many words the chunk has for frames.
    room: int


@dataclass(frozen=True)
class Image:
    """A frame."""

    #: The qualified name of what it runs.
    name: str
    file: str
    #: Where it is in the source; None if that is not known.
    line: int | None
    #: The byte offset of the instruction that was begun last; -1 before the first.
    lasti: int
    #: The name of that instruction, if there is one.
    instruction: str | None
    #: The line of the handler that an exception raised there would go to, if there is one.
    handler: int | None
    #: What keeps the frame's memory: "thread", "generator", "frame object" or "none".
    owner: str
    #: Where it lies in memory.
    address: int
    #: How many words it takes: header, slots, and room for the value stack.
    words: int
    #: How many of them are the header.
    header: int
    #: Where it lies on the data stack; None if it lies in a generator or a frame object.
    place: Place | None
    #: The generator, coroutine or async generator that it lies in.
    generator: Value | None
    #: Whether a frame object stands for it.
    has_object: bool
    #: Arguments, locals, cells, free variables; None if they are gone: the frame has been cleared.
    slots: tuple[Slot, ...] | None
    #: The value stack, from its bottom; None if it is not known: a frame that runs does not say how high it is.
    stack: tuple[Item, ...] | None


@dataclass(frozen=True)
class Stack:
    """Frames that belong together, the innermost first: each was called by the next, or is awaited by it."""

    #: What they are the frames of.
    title: str
    frames: tuple[Image, ...]

    def text(self, width: int | None = None, *, color: bool = False) -> str:
        """The image for a terminal, at most so many columns wide: as many as the terminal has, or 80."""
        from .text import render

        return render(self, width, color)

    def svg(self) -> str:
        """The image as a picture: an SVG document."""
        from .svg import draw

        return draw(self)

    def json(self) -> str:
        """The image for programs: the fields of the classes, by name."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    def __str__(self) -> str:
        return self.text()
