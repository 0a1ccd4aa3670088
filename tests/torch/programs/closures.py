"""Cells and free variables: captured across a break, written with nonlocal, shared between functions, and unbound."""

import torch
from harness import program
from torch._dynamo import graph_break


@program("eager", "aot_eager", "inductor")
def captured_across_a_break(compile):
    def outer(x):
        scale = x.sum()

        def inner(y):
            return y * scale

        graph_break()
        scale = scale + 1
        graph_break()
        return inner(x) + inner(x + 1)

    return compile(outer)(torch.ones(3))


@program("eager", "aot_eager")
def written_with_nonlocal(compile):
    count, total = 0, torch.zeros(2)

    def add(x):
        nonlocal count, total
        count += 1
        total = total + x
        graph_break()
        count += 10
        return total * count

    compiled = compile(add)
    return [compiled(torch.ones(2)) for _ in range(4)], count, total


@program("eager", "aot_eager")
def argument_that_is_a_cell(compile):
    def outer(x, y, *rest, key=2):
        def inner():
            nonlocal x
            x = x + y + sum(rest) * key
            return x

        graph_break()
        inner()
        graph_break()
        inner()
        return x

    return compile(outer)(torch.ones(2), 2, 3, 4, key=5)


@program("eager")
def argument_whose_value_is_a_cell_object(compile):
    def make():
        value = 7

        def read():
            return value

        return read.__closure__[0]

    def outer(x, cell):
        def inner():
            return cell.cell_contents

        graph_break()
        return x * inner()

    return compile(outer)(torch.ones(2), make())


@program("eager", "aot_eager")
def function_that_escapes(compile):
    def outer(x):
        kept = x * 2

        def later(y):
            nonlocal kept
            kept = kept + y
            return kept

        graph_break()
        return later

    later = compile(outer)(torch.ones(2))
    return later(1), later(torch.ones(2)), [cell.cell_contents for cell in later.__closure__]


@program("eager")
def two_functions_sharing_a_cell(compile):
    def pair():
        value = torch.zeros(2)

        def get():
            return value + 0

        def put(x):
            nonlocal value
            value = x
            graph_break()
            return value * 2

        return get, put

    get, put = pair()
    get_compiled, put_compiled = compile(get), compile(put)
    seen = [get_compiled()]
    for n in range(3):
        seen += [put_compiled(torch.full((2,), float(n))), get_compiled(), get()]
    return seen


@program("eager", "aot_eager")
def three_levels(compile):
    def outer(x):
        a = x + 1

        def middle():
            b = a * 2

            def inner():
                nonlocal a
                a = a + b
                graph_break()
                return a - b

            graph_break()
            return inner() + b

        return middle() + a

    return compile(outer)(torch.ones(2))


@program("eager")
def unbound_free_variable(compile):
    def outer(x, bind):
        def inner():
            return missing

        if bind:
            missing = x + 1
        graph_break()
        try:
            return inner()
        except NameError as error:
            return error

    compiled = compile(outer)
    return compiled(torch.ones(2), True), compiled(torch.ones(2), False)


@program("eager")
def deleted_cell(compile):
    def outer(x):
        value = x + 1

        def inner():
            return value

        graph_break()
        first = inner()
        del value
        graph_break()
        try:
            return inner()
        except NameError as error:
            return first, str(error)

    return compile(outer)(torch.ones(2))


@program("eager", "aot_eager")
def lambdas_and_comprehensions(compile):
    def outer(x, n):
        functions = [lambda y, k=k: y * k + n for k in range(n)]
        graph_break()
        table = {k: function(x) for k, function in enumerate(functions)}
        graph_break()
        return [functions[k](table[k]) for k in table], {str(v.sum().item()) for v in table.values()}

    return compile(outer)(torch.ones(2), 3)


@program("eager")
def comprehension_that_captures_its_variable(compile):
    def outer(x):
        k = 100
        graph_break()
        functions = [lambda: x + k for k in range(3)]
        graph_break()
        return [function() for function in functions], k

    return compile(outer)(torch.ones(2))


@program("eager", "aot_eager")
def resume_with_many_cells(compile):
    def outer(x):
        a, b, c, d, e, f = (x + n for n in range(6))

        def first():
            nonlocal a, c, e
            a, c, e = b, d, f

        def second():
            nonlocal b, d, f
            b, d, f = a * 2, c * 2, e * 2

        graph_break()
        first()
        graph_break()
        second()
        graph_break()
        return a, b, c, d, e, f

    return compile(outer)(torch.ones(2))


@program("eager")
def recursive_closure(compile):
    def outer(x, depth):
        seen = []

        def down(y, n):
            if n == 0:
                return y
            graph_break()
            seen.append(n)
            return down(y * 2, n - 1) + n

        return down(x, depth), seen

    return compile(outer)(torch.ones(2), 5)


@program("eager")
def closure_cell_replaced_from_outside(compile):
    def outer():
        factor = 2

        def inner(x):
            graph_break()
            return x * factor

        return inner

    inner = outer()
    compiled = compile(inner)
    seen = []
    for factor in (2, 3, 3, 2.5):
        inner.__closure__[0].cell_contents = factor
        seen.append(compiled(torch.ones(2)))
    return seen
