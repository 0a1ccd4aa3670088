"""A call under a trace function, and what that was told."""

import sys

import samples


def traced(function):
    """The result of a sample as text, and (name, event, line) of what its module did."""
    events = []

    def trace(frame, event, argument):
        if frame.f_code.co_filename == samples.__file__:
            events.append((frame.f_code.co_name, event, frame.f_lineno))
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        return repr(function()), events
    finally:
        sys.settrace(previous)
