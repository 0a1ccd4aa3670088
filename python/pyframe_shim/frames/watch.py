"""Running a program, and taking images of its frames at one place of it. A trace function waits there."""

import os
import runpy
import sys
import threading

from .image import Stack
from .take import OWN, stack

# What runs a program for us lies below its frames.
BELOW = runpy.run_path.__code__.co_filename
COMMAND = os.path.join(OWN, "command.py")


class Function:
    """A place: the beginning of each call of a function. Its name may be qualified, also with its module."""

    def __init__(self, name):
        self.name = name

    def is_in(self, frame):
        code = frame.f_code
        return self.name in (code.co_name, code.co_qualname, f"{frame.f_globals.get('__name__')}.{code.co_qualname}")

    def is_reached(self, frame, event):
        return event == "call"


class Line:
    """A place: a line of a file, whose path may be given from any folder on."""

    def __init__(self, path, line):
        self.path, self.line = os.path.normpath(path), line
        self.known = {}

    def is_in(self, frame):
        code = frame.f_code
        if code not in self.known:
            path = os.path.abspath(code.co_filename)
            same = path == os.path.abspath(self.path) or path.endswith(os.sep + self.path)
            self.known[code] = same and any(line == self.line for _, _, line in code.co_lines())
        return self.known[code]

    def is_reached(self, frame, event):
        return event == "line" and frame.f_lineno == self.line


class Steps(Function):
    """A place: every step of a function, a line each, and its end."""

    def is_reached(self, frame, event):
        return event in ("line", "return")


def place(text):
    """FILE:LINE or FUNCTION."""
    path, colon, line = text.rpartition(":")
    return Line(path, int(line)) if colon and line.isdecimal() else Function(text)


class Watch:
    """Has `show(stack)` called at a place, so many times, in whatever thread comes there."""

    def __init__(self, where, count, show):
        self.where, self.left, self.show = where, count, show

    def __enter__(self):
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        return self

    def __exit__(self, *exception):
        sys.settrace(None)
        threading.settrace(None)

    def trace(self, frame, event, argument):
        """What Python calls for each call, and for each line of the frames that it returns a function for."""
        if self.left <= 0:
            sys.settrace(None)
            return None
        if not self.where.is_in(frame):
            return None
        if self.where.is_reached(frame, event):
            self.left -= 1
            self.show(program_frames(stack()))
        return self.trace


def program_frames(found):
    """Without what has started the program."""
    frames = found.frames
    # The command's own frames, and what it has started the program by: a program may start another in the same way.
    end = next((number for number, frame in enumerate(frames) if frame.file == COMMAND), len(frames))
    while end and frames[end - 1].file == BELOW:
        end -= 1
    return Stack(found.title, frames[:end])
