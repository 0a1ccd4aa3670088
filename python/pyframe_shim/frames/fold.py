"""Recursion in short: of many frames of one function, side by side in one chunk, the first few and the last are shown."""

import itertools
from dataclasses import dataclass

FIRST, LAST = 3, 2


@dataclass(frozen=True)
class Folded:
    """Frames that are left out."""

    name: str
    count: int


def fold(frames):
    """The frames, with what is left out in between."""
    for (name, _, _), same in itertools.groupby(frames, key=lambda frame: (frame.name, frame.file, frame.place and frame.place.chunk)):
        same = list(same)
        if len(same) > FIRST + 1 + LAST:
            yield from same[:FIRST]
            yield Folded(name, len(same) - FIRST - LAST)
            same = same[-LAST:]
        yield from same
