"""What a program gave, as JSON that can be compared: results to the last bit, exceptions with every line of their traceback."""

import linecache
import os
import re
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
TORCH = os.path.dirname(os.path.dirname(os.path.abspath(torch.__file__)))
# Addresses, ids of objects, and names of temporary files: no two processes have the same.
PASSING = (
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0x..."),
    (re.compile(r"\b\d{12,}\b"), "(id)"),
    (re.compile(r"/tmp/[\w./-]+"), "(temporary)"),
)


def text(value):
    value = str(value).replace(HERE, "(tests)").replace(TORCH, "(torch)")
    for pattern, stand_in in PASSING:
        value = pattern.sub(stand_in, value)
    return value


def describe_tensor(tensor):
    plain = tensor.detach().contiguous()
    values = plain.reshape(-1).tolist()
    shown = [value.hex() if isinstance(value, float) else str(value) for value in values]
    return {"tensor": str(plain.dtype), "shape": list(plain.shape), "grad": tensor.requires_grad, "values": shown}


def describe(value):
    """Anything that a program returns; what has no description of its own is told by its type."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, torch.Tensor):
        return describe_tensor(value)
    if isinstance(value, BaseException):
        return describe_exception(value)
    if isinstance(value, dict):
        return {"dict": [[describe(key), describe(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [describe(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {type(value).__name__: sorted(str(describe(item)) for item in value)}
    return {"a": f"{type(value).__module__}.{type(value).__qualname__}"}


def describe_traceback(traceback):
    """File, function, line, source text and instruction of each frame, outermost first."""
    lines = []
    while traceback:
        code, line = traceback.tb_frame.f_code, traceback.tb_lineno
        source = linecache.getline(code.co_filename, line or 0, traceback.tb_frame.f_globals).strip()
        lines.append([text(code.co_filename), code.co_name, line, source, traceback.tb_lasti])
        traceback = traceback.tb_next
    return lines


def describe_exception(error, seen=()):
    if error is None or error in seen:
        return None
    seen = (*seen, error)
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "text": text(error),
        "notes": [text(note) for note in getattr(error, "__notes__", ())],
        "traceback": describe_traceback(error.__traceback__),
        "cause": describe_exception(error.__cause__, seen),
        "context": describe_exception(error.__context__, seen),
    }


def frame_names(frame, outermost="run_program"):
    """The functions of a frame and its callers, up to the one that runs the program."""
    names = []
    while frame and frame.f_code.co_name != outermost:
        names.append([frame.f_code.co_name, frame.f_lineno])
        frame = frame.f_back
    return names


def caller_frame():
    """The caller's frame. This is a function, since Dynamo knows sys._getframe by name."""
    return sys._getframe(1)
