"""Guards and recompilation: on shapes, globals, closures, attributes, types; the limit; reset."""

import torch
from define import define
from harness import program
from torch._dynamo import graph_break

FACTOR = 2


@program("eager", "aot_eager", "inductor")
def on_shapes(compile):
    def use(x):
        graph_break()
        return x * x.shape[0]

    compiled = compile(use)
    return [compiled(torch.ones(n)) for n in (2, 3, 4, 5, 3)]


@program("eager", "aot_eager")
def with_static_and_dynamic_shapes(compile):
    def use(x):
        return x + x.shape[0]

    static, dynamic = compile(use, dynamic=False), compile(use, dynamic=True)
    return [[compiled(torch.ones(n, 2)) for n in (2, 3, 4)] for compiled in (static, dynamic)]


@program("eager")
def on_a_global(compile):
    global FACTOR

    def use(x):
        y = x * FACTOR
        graph_break()
        return y + FACTOR

    compiled, results = compile(use), []
    try:
        for FACTOR in (2, 3, 2, 5):
            results.append(compiled(torch.ones(2)))
    finally:
        FACTOR = 2
    return results


@program("eager")
def on_a_closure(compile):
    factor = 1

    def use(x):
        graph_break()
        return x * factor

    compiled, results = compile(use), []
    for factor in (1, 2, 3, 1):
        results.append(compiled(torch.ones(2)))
    return results


@program("eager")
def on_attributes_and_containers(compile):
    class Options:
        scale, table = 1, {"k": [1, 2]}

    def use(x, options):
        y = x * options.scale
        graph_break()
        return y + sum(options.table["k"])

    compiled, options, results = compile(use), Options(), []
    for scale, added in ((1, 0), (2, 3), (1, 4)):
        options.scale = scale
        options.table["k"].append(added)
        results.append(compiled(torch.ones(2), options))
    return results


@program("eager", "aot_eager")
def on_types_and_devices_of_arguments(compile):
    def use(x, by):
        return x * by

    compiled = compile(use)
    values = (2, 2.5, True, torch.tensor(3.0), torch.tensor(3))
    return [compiled(torch.ones(2, dtype=kind), by) for by in values for kind in (torch.float32, torch.float64)]


@program("eager")
def up_to_the_limit(compile):
    def use(x, key):
        graph_break()
        return x + len(key)

    compiled = compile(use, dynamic=False)
    return [compiled(torch.ones(2), "k" * n) for n in range(12)]


@program("eager", "aot_eager")
def after_reset(compile):
    def use(x):
        y = x + 1
        graph_break()
        return y * 2

    compiled, results = compile(use), []
    for _ in range(3):
        results.append(compiled(torch.ones(2)))
        torch._dynamo.reset()
    return results


@program("eager")
def reset_while_running(compile):
    def use(x):
        y = x + 1
        graph_break()
        torch._dynamo.reset()
        graph_break()
        return y * 2

    compiled = compile(use)
    return [compiled(torch.ones(2)) for _ in range(3)]


@program("eager")
def on_grad_mode_and_requires_grad(compile):
    def use(x):
        return x * 2

    compiled = compile(use)
    results = [compiled(torch.ones(2)), compiled(torch.ones(2, requires_grad=True))]
    with torch.no_grad():
        results.append(compiled(torch.ones(2, requires_grad=True)))
    return results


@program("eager")
def of_functions_that_are_replaced(compile):
    def one(x):
        return x + 1

    def two(x):
        graph_break()
        return x + 2

    table = {"function": one}

    def use(x):
        return table["function"](x) * 3

    compiled = compile(use)
    first = compiled(torch.ones(2))
    table["function"] = two
    second = compiled(torch.ones(2))

    def other(x):
        return x - table["function"](x)

    use.__code__ = other.__code__
    return first, second, compiled(torch.ones(2))


@program("eager")
def compiled_inside_compiled(compile):
    def inner(x):
        graph_break()
        return x * 2

    compiled_inner = compile(inner)

    def outer(x):
        y = compiled_inner(x)
        graph_break()
        return compiled_inner(y) + 1

    return compile(outer)(torch.ones(2)), compiled_inner(torch.ones(2))


@program("eager")
def many_functions(compile):
    """A hundred functions with code of their own, each taken over once: nothing is mixed up."""
    results = []
    for n in range(100):
        lines = [f"def f{n}(x):", f"    y{n} = x + {n}", "    graph_break()", f"    return y{n} * {n}"]
        results.append(compile(define(f"f{n}", lines, graph_break=graph_break))(torch.ones(1)))
    return results


@program("eager")
def thousand_calls(compile):
    def use(x, n):
        y = x + 1
        graph_break()
        return y * 0.5

    compiled, x = compile(use, dynamic=True), torch.zeros(2)
    for n in range(1000):
        x = compiled(x, n)
    return x
