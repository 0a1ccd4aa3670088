"""The frames that operations are measured on: functions of a given shape, and what is in their slots."""

import types

import bench

EMPTY = ...  # as bench shows an empty slot


class Shape:
    """A function, the slots of a frame of it, and where that frame stands.

    `executed`: behind the first RESUME, as a running frame is; else before the first instruction, as a hook sees it.
    """

    def __init__(self, name, function, *, executed=False, namespace=None):
        self.name, self.function, self.executed, self.namespace = name, function, executed, namespace
        self.slots = tuple(self.values())

    def but(self, **values):
        """The same with other values in the slots of some names, in the first that bears the name."""
        other = Shape(f"{self.name}, {' and '.join(values)} otherwise", self.function, executed=self.executed, namespace=self.namespace)
        slots = list(other.slots)
        for name, value in values.items():
            slots[self.slot_names().index(name)] = value
        other.slots = tuple(slots)
        return other

    def of_another_code(self):
        """The same with a function whose code is another object."""
        function = self.function
        twin = types.FunctionType(function.__code__.replace(), function.__globals__, function.__name__, None, function.__closure__)
        return Shape(self.name, twin, executed=self.executed, namespace=self.namespace)

    def slot_names(self):
        code = self.function.__code__
        own = (name for name in code.co_cellvars if name not in code.co_varnames)
        return [*code.co_varnames, *own, *code.co_freevars]

    def world(self, existing=None, depth=1):
        """A frame of this shape; an existing f_locals is the namespace of a class body, or what is asked for."""
        if existing is None and self.namespace is not None:
            existing = dict(self.namespace)
        return bench.world(self.function, self.slots, self.executed, existing, depth)

    def values(self):
        """What is in each slot: numbers that are not immortal, and cells once MAKE_CELL and COPY_FREE_VARS have run."""
        code = self.function.__code__
        arguments = code.co_varnames[: code.co_argcount]
        for number, name in enumerate(self.slot_names()[: -len(code.co_freevars) or None]):
            value = float(number) + 0.5
            if name in code.co_cellvars and self.executed:
                yield types.CellType(value)
            else:
                yield value if name in arguments else EMPTY
        yield from self.function.__closure__ or () if self.executed else (EMPTY,) * len(code.co_freevars)


def names(letter, count):
    return [f"{letter}{number}" for number in range(count)]


def make_function(*, plain=0, cells=0, own_cells=0, free=0, unbound=0):
    """A function with so many plain arguments, arguments that are cells, other cells, free variables and plain locals."""
    arguments = names("a", plain) + names("c", cells)
    inner = names("c", cells) + names("o", own_cells)
    lines = [
        "def outer():",
        *(f"    {name} = {number}.25" for number, name in enumerate(names("f", free))),
        f"    def function({', '.join(arguments)}):",
        *(f"        {name} = 0" for name in names("u", unbound) + names("o", own_cells)),
    ]
    if inner:
        lines += ["        def inner():", f"            return ({', '.join(inner)},)"]
    lines += [f"        return ({' '.join(f'{name},' for name in names('f', free))})", "    return function"]
    namespace = {}
    exec("\n".join(lines), namespace)
    return namespace["outer"]()


def make_class_body():
    """The body of a class with a method that knows its class, eight free variables, and a comprehension."""

    def outer():
        f0 = f1 = f2 = f3 = f4 = f5 = f6 = f7 = 0.75

        class Body:
            captured = (f0, f1, f2, f3, f4, f5, f6, f7)
            doubled = [2 * number for number in captured]

            def method(self):
                return __class__

        return Body

    code = next(constant for constant in outer.__code__.co_consts if isinstance(constant, types.CodeType))
    cells = tuple(types.CellType(number + 0.75) for number in range(len(code.co_freevars)))
    return types.FunctionType(code, globals(), code.co_name, None, cells)


def make_shadowing():
    """A function with a free variable and, from 3.12 on, a comprehension's variable of the same name."""
    x = 0.25

    def function(a):
        return [x for x in (a, x)]

    return function


def bound(count):
    return Shape(f"{count} bound", make_function(plain=count))


def cells(count):
    return Shape(f"{count} cells", make_function(cells=count), executed=True)


def eight_of_each_kind(executed=True):
    return Shape("8 of each kind", make_function(plain=8, cells=8, own_cells=8, free=8), executed=executed)


def all_shapes():
    """Every shape, in the order of the tables."""
    free = make_function(free=8)
    return [
        *map(bound, (1, 4, 20, 200, 1000)),
        Shape("4 bound, 16 unbound", make_function(plain=4, unbound=16)),
        *map(cells, (8, 32, 256, 1000)),
        Shape("8 free, at entry", free),
        Shape("8 free", free, executed=True),
        eight_of_each_kind(),
        Shape("500 bound, 500 free", make_function(plain=500, free=500), executed=True),
        Shape("class body", make_class_body(), namespace={"__module__": __name__, "__qualname__": "Body"}),
    ]


def odd_shapes():
    """Shapes that are not measured, on which the answers might differ."""
    mixed = Shape("2 of each kind", make_function(plain=2, cells=2, own_cells=2, free=2), executed=True)
    shadowing = Shape("two of one name", make_shadowing(), executed=True)
    return [
        Shape("300 free, at entry", make_function(free=300)),
        Shape("300 free and cells", make_function(plain=1, cells=300, free=300), executed=True),
        Shape("3 cells, at entry", make_function(cells=3)).but(c1=types.CellType(0.5)),
        mixed.but(a1=EMPTY, c0=types.CellType(), o1=types.CellType()),
        mixed.but(f0=types.CellType(), o0=EMPTY),
        shadowing,
        shadowing.but(x=types.CellType() if shadowing.slot_names().count("x") == 1 else 1.5),
    ]
