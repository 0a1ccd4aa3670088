"""Frames with many slots: locals, cells, free variables and arguments, so that what is moved lies where it should."""

import torch
from define import define
from harness import program
from torch._dynamo import graph_break


def define_here(name, lines):
    return define(name, lines, graph_break=graph_break)


@program("eager", "aot_eager", "inductor")
def thirty_locals_and_ten_cells(compile):
    lines = ["def wide(x):"]
    lines += [f"    v{n} = x + {n}" for n in range(30)]
    lines += [f"    c{n} = x * {n}" for n in range(10)]
    lines += ["    def read():", "        return " + " + ".join(f"c{n}" for n in range(10))]
    lines += ["    graph_break()", "    c3 = c3 + v7", "    graph_break()"]
    lines += ["    return read() + " + " + ".join(f"v{n}" for n in range(30))]
    return compile(define_here("wide", lines))(torch.ones(2))


@program("eager", "aot_eager")
def three_hundred_and_twenty_locals(compile):
    """More than 255 slots: the instructions need EXTENDED_ARG."""
    lines = ["def wide(x, n):"]
    lines += [f"    v{k} = n + {k}" for k in range(320)]
    lines += ["    y = x + v0", "    graph_break()", "    y = y + v319", "    graph_break()"]
    lines += ["    return y, [" + ", ".join(f"v{k}" for k in range(320)) + "]"]
    return compile(define_here("wide", lines))(torch.ones(2), 5)


@program("eager")
def two_hundred_cells(compile):
    """More than 255 end torch 2.4 (crashes/many_free_variables.py)."""
    lines = ["def wide(x):"]
    lines += [f"    c{k} = {k}" for k in range(200)]
    lines += ["    y = x + 1", "    graph_break()"]
    lines += ["    def read():", "        return [" + ", ".join(f"c{k}" for k in range(200)) + "]"]
    lines += ["    return y, read()"]
    return compile(define_here("wide", lines))(torch.ones(2))


@program("eager")
def two_hundred_and_fifty_free_variables(compile):
    lines = ["def outer():"]
    lines += [f"    c{k} = {k}" for k in range(250)]
    lines += ["    def inner(x):", "        y = x + c0", "        graph_break()"]
    lines += ["        return y * (" + " + ".join(f"c{k}" for k in range(250)) + ")"]
    lines += ["    return inner"]
    compiled = compile(define_here("outer", lines)())
    return [compiled(torch.ones(2)) for _ in range(3)]


@program("eager")
def two_hundred_arguments(compile):
    names = [f"a{n}" for n in range(200)]
    lines = [f"def many({', '.join(names)}):", "    graph_break()", f"    return {' + '.join(names)}"]
    return compile(define_here("many", lines))(*(torch.full((2,), float(n)) for n in range(200)))


@program("eager", "aot_eager")
def locals_that_are_unset_at_the_break(compile):
    def use(x, which):
        if which == 0:
            a = x + 1
        elif which == 1:
            b = x + 2
        else:
            c = x + 3
        graph_break()
        if which == 0:
            return a
        return b if which == 1 else c

    compiled = compile(use)
    return [compiled(torch.ones(2), which) for which in range(3)]


@program("eager")
def deleted_locals_and_arguments(compile):
    def use(x, y):
        z = x + y
        del x
        graph_break()
        del y
        x = z * 2
        graph_break()
        return x, sorted(locals())

    return compile(use)(torch.ones(2), torch.ones(2))


@program("eager")
def a_comprehension_variable_beside_a_local(compile):
    def use(x):
        k = x + 100
        values = [k for k in range(3)]
        graph_break()
        nested = [[k * j for k in range(2)] for j in range(2)]
        graph_break()
        return k, values, nested

    return compile(use)(torch.ones(2))


@program("eager", "aot_eager")
def every_kind_of_argument(compile):
    def use(a, /, b, c=3, *args, d, e=5, **kwargs):
        total = a + b * c
        graph_break()

        def cell():
            return total * d + e + len(args)

        graph_break()
        return cell(), args, kwargs

    compiled, x = compile(use), torch.ones(2)
    return [
        compiled(x, x, d=x),
        compiled(x, b=x, d=2, e=7),
        compiled(x, x, 4, 5, 6, d=x, f=8, g=9),
        compiled(x, *[x, 1], **{"d": 1, "z": 0}),
    ]


@program("eager", "aot_eager")
def defaults_that_change(compile):
    def use(x, history=[], *, step=1):
        history.append(len(history))
        graph_break()
        return x * len(history) + step

    compiled = compile(use)
    results = [compiled(torch.ones(2)) for _ in range(3)]
    use.__defaults__, use.__kwdefaults__ = (["fresh"],), {"step": 10}
    return results, compiled(torch.ones(2)), use.__defaults__


@program("eager")
def decorators(compile):
    import functools

    def doubling(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            graph_break()
            return function(*args, **kwargs) * 2

        return wrapper

    @doubling
    @doubling
    def use(x, y=1):
        """Docstring."""
        graph_break()
        return x + y

    partial = functools.partial(use, y=5)
    compiled = compile(use)
    return compiled(torch.ones(2)), compile(lambda x: partial(x))(torch.ones(2)), compiled.__name__, compiled.__doc__


@program("eager")
def attributes_of_a_compiled_function(compile):
    def use(x: torch.Tensor, y: int = 2) -> torch.Tensor:
        use.calls = getattr(use, "calls", 0) + 1
        graph_break()
        return x * y

    compiled = compile(use)
    compiled(torch.ones(2))
    compiled(torch.ones(2), 3)
    return use.calls, use.__annotations__["y"] is int, use.__qualname__.rpartition(".")[2]
