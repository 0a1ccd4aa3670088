"""The example extension, switched on for a while."""

import contextlib

import shadow


def counters():
    """The counters as one flat dict."""
    flat = {}
    for key, value in shadow.counters().items():
        flat.update(value if isinstance(value, dict) else {key: value})
    return flat


def passed_on(counts):
    """How many frames were evaluated as they were."""
    return counts["started"] + counts["namespace"] + counts["no function"] + counts["callback said no"]


@contextlib.contextmanager
def switched(switch):
    """With a switch of the extension on; yields the counters, which have the difference in the end."""
    counts, before = {}, counters()
    switch(True)
    try:
        yield counts
    finally:
        switch(False)
        counts.update({key: value - before[key] for key, value in counters().items()})


def everything():
    """Every frame that can be is taken over."""
    return switched(shadow.run_all)


def watched():
    """Every frame is seen and evaluated as it is. A hook alone has the interpreter call without inlining, which shows
    in f_lasti and in what a trace function is told of generators."""
    return switched(shadow.watch)


@contextlib.contextmanager
def asked(code, answer, merge_locals=False):
    """The answer is called with the view of each frame of the code; other frames are evaluated as they are."""
    counts, before = {}, counters()
    shadow.set_callback(lambda view: answer(view) if view.code is code else None, merge_locals)
    try:
        yield counts
    finally:
        shadow.set_callback(None)
        counts.update({key: value - before[key] for key, value in counters().items()})
