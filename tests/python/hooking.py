"""Hooks of the API for the length of a `with`: what a callback is asked, and what it answers."""

import contextlib

import api

NEVER_SHADOW, ALWAYS_SHADOW, LOCALS_MERGED = 2, 4, 1


@contextlib.contextmanager
def hooked(callback, install=api.install):
    """`callback(frame)` for every frame but its own: None, (code, function, flags), [result] or "default"."""
    hook = install(callback)
    try:
        yield hook
    finally:
        api.remove(hook)


class Seen:
    """How many frames there were. Nothing is kept of them, so that what is left behind can be measured."""

    count = 0

    def __len__(self):
        return self.count


@contextlib.contextmanager
def answered(function, answer):
    """The same for the frames of one function or code: `answer` is what the hook answers, or is called with the frame for it."""
    code = getattr(function, "__code__", function)
    seen = Seen()

    def callback(frame):
        if api.code(frame) is not code:
            return None
        seen.count += 1
        return answer(frame) if callable(answer) else answer

    with hooked(callback):
        yield seen


def call_with(function, replacement, *arguments, own=None, flags=0, **keywords):
    """What comes of a call of `function` with the code of `replacement` in its frame's place."""
    code = getattr(replacement, "__code__", replacement)
    with answered(function, (code, own, flags)) as seen:
        result = function(*arguments, **keywords)
    assert seen, "the hook has not seen the frame"
    return result


@contextlib.contextmanager
def everything(make=None, flags=0):
    """Every fresh frame taken over: with its own code, or what `make(code)` returns. Yields the counts, filled at the end."""
    counts = {}
    api.take_over_everything(make, flags)
    try:
        yield counts
    finally:
        api.stop()
        counts.update(api.counts())


@contextlib.contextmanager
def watched():
    """A hook that passes every frame on."""
    api.watch_everything()
    try:
        yield
    finally:
        api.stop()
