"""The data stack as CPython has it: push_chunk, _PyThreadState_PushFrame and _PyThreadState_PopFrame in Python."""

import sys

import probe

WORD = 8  # bytes
HEADER = 3  # words of a chunk before its data: previous, size, top
SPECIALS = 10 if sys.version_info >= (3, 14) else 9  # words of a frame before its slots (FRAME_SPECIALS_SIZE)
CHUNK = 16 * 1024  # bytes of the smallest chunk
OVERHEAD = 1000  # words of room that a new chunk has for more
LARGEST = 2**27 - OVERHEAD  # words: the largest frame that a chunk of 1 GiB is made for


def chunk_bytes(words):
    """The size of the chunk that is made for a frame of so many words."""
    size = CHUNK
    while size < WORD * (words + OVERHEAD):
        size *= 2
    return size


def slot_count(code):
    """co_nlocalsplus, which code objects do not show."""
    return len({*code.co_varnames, *code.co_cellvars}) + len(code.co_freevars)


def frame_words(code):
    return SPECIALS + slot_count(code) + code.co_stacksize


class Model:
    """A thread's data stack, from the chunk in use on: made from probe.stack() where nothing is pushed in between."""

    def __init__(self, chunk, size, top, room, count):
        self.below = count - 1
        self.chunks = [(chunk, size, top)]

    def push(self, address, words):
        """Note that `address` was given out; return the address that was expected, None if any in a new chunk."""
        chunk, size, top = self.chunks[-1]
        words = max(words, 1)
        if words < size // WORD - HEADER - top:
            self.chunks[-1] = (chunk, size, top + words)
            return chunk + (HEADER + top) * WORD
        self.chunks.append((address - HEADER * WORD, chunk_bytes(words), words))
        return None

    def pop(self, address):
        chunk, size, _ = self.chunks[-1]
        top = (address - chunk) // WORD - HEADER
        if top == 0:
            self.chunks.pop()
        else:
            self.chunks[-1] = (chunk, size, top)

    def stack(self):
        """What probe.stack() should say."""
        chunk, size, top = self.chunks[-1]
        return chunk, size, top, size // WORD - HEADER - top, self.below + len(self.chunks)


def with_pushed(words, action):
    """Run action(frame) while so many words are pushed; return its result."""
    frame = probe.push(words)
    try:
        return action(frame)
    finally:
        probe.pop(frame)
