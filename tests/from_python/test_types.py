"""The stub of the module that is written in Rust says what the module has."""

import ast
import inspect
import pathlib
import unittest

import pyframe_shim
from pyframe_shim import _native

STUB = ast.parse((pathlib.Path(pyframe_shim.__file__).parent / "_native.pyi").read_text())


def public(names):
    return {name for name in names if not name.startswith("_")}


def parameters(function):
    """What a stub's function takes besides self, or cls."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


class Stub(unittest.TestCase):
    def test_names(self):
        functions = {node.name for node in STUB.body if isinstance(node, ast.FunctionDef)}
        classes = {node.name for node in STUB.body if isinstance(node, ast.ClassDef)} - {"Slot"}  # which comes out of Frame.slots
        self.assertEqual(functions | classes, public(vars(_native)))

    def test_members(self):
        for node in STUB.body:
            if isinstance(node, ast.ClassDef) and node.name != "Slot":
                declared = {member.name for member in node.body}
                self.assertEqual(public(declared), public(vars(getattr(_native, node.name))), node.name)

    def test_parameters(self):
        for node in STUB.body:
            # From 3.13 on CPython makes up a signature for a function that says none.
            if isinstance(node, ast.FunctionDef) and getattr(_native, node.name).__doc__:
                self.assertEqual(parameters(node), list(inspect.signature(getattr(_native, node.name)).parameters), node.name)
        (hook,) = (node for node in STUB.body if isinstance(node, ast.ClassDef) and node.name == "Hook")
        (new,) = (member for member in hook.body if member.name == "__new__")
        self.assertEqual(parameters(new), list(inspect.signature(_native.Hook).parameters))

    def test_it_is_said_to_be_typed(self):
        self.assertTrue((pathlib.Path(pyframe_shim.__file__).parent / "py.typed").is_file())
