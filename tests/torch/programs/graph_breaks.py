"""Graph breaks in every kind of block: the rest of the function goes on in a resume function."""

import torch
from harness import program
from torch._dynamo import graph_break


def scaled(x, by):
    """Two graphs with a break between them; Dynamo compiles it by itself where it gives up on its caller."""
    y = x * by
    graph_break()
    return y + 1


@program("eager", "aot_eager", "inductor")
def in_a_for_loop(compile):
    def loop(x):
        for step in range(4):
            x = scaled(x, 2) + step
        return x

    return compile(loop)(torch.ones(3))


@program("eager")
def in_a_loop_of_the_function_itself(compile):
    def loop(x):
        for step in range(4):
            x = x * 2 + step
            graph_break()
        return scaled(x, 2)

    return compile(loop)(torch.ones(3))


@program("eager", "aot_eager")
def in_a_while_loop_with_else(compile):
    def loop(x, limit):
        rounds = 0
        while rounds < limit:
            x = scaled(x, rounds)
            rounds += 1
        else:
            x = x - 100
        return x, rounds

    compiled = compile(loop)
    return [compiled(torch.zeros(2), limit) for limit in (0, 1, 3)]


@program("eager", "aot_eager")
def in_nested_loops(compile):
    def loops(x):
        trail = []
        for i in range(3):
            for j in range(3):
                if j == 2:
                    break
                if i == j:
                    continue
                x = scaled(x, i * 10 + j)
                trail.append((i, j))
        return x, trail

    return compile(loops)(torch.zeros(2))


@program("eager")
def in_a_loop_over_an_enumerate_and_zip(compile):
    def loop(xs, ys):
        total = torch.zeros(2)
        for n, (x, y) in enumerate(zip(xs, ys)):
            total = total + scaled(x * y, n)
        return total

    return compile(loop)([torch.ones(2), torch.full((2,), 2.0)], [torch.full((2,), 3.0), torch.full((2,), 5.0)])


@program("eager", "aot_eager")
def in_try(compile):
    def guarded(x):
        try:
            y = scaled(x, 3)
            graph_break()
            y = y * scaled(y, 2)
        except ValueError:
            y = x - 1
        return y

    return compile(guarded)(torch.ones(2))


@program("eager", "aot_eager")
def in_except_and_finally(compile):
    def guarded(x, trail):
        try:
            x = x.sin()
            raise KeyError("first")
        except KeyError as error:
            graph_break()
            trail.append(repr(error))
            x = scaled(x.cos(), 2)
        finally:
            graph_break()
            trail.append("finally")
            x = x + 1
        return x

    trail = []
    return compile(guarded)(torch.ones(2), trail), trail


@program("eager")
def in_a_finally_that_returns(compile):
    def guarded(x):
        try:
            graph_break()
            return x + 1
        finally:
            x = scaled(x, 2)
            graph_break()
            return x

    return compile(guarded)(torch.ones(2))


class Manager:
    def __init__(self, trail):
        self.trail = trail

    def __enter__(self):
        self.trail.append("enter")
        return self

    def __exit__(self, kind, error, traceback):
        self.trail.append(kind.__name__ if kind else "exit")
        return kind is LookupError


@program("eager", "aot_eager")
def in_with(compile):
    def managed(x, trail):
        with Manager(trail) as manager:
            x = x + len(manager.trail)
            graph_break()
            x = scaled(x, 2)
        return x

    trail = []
    return compile(managed)(torch.ones(2), trail), trail


@program("eager")
def in_nested_with_and_a_swallowed_exception(compile):
    def managed(x, trail):
        with Manager(trail), Manager(trail):
            x = scaled(x, 2)
            with Manager(trail):
                x = scaled(x, 3)
                raise LookupError("swallowed")
            x = scaled(x, 4)
        return x

    trail = []
    return compile(managed)(torch.ones(2), trail), trail


@program("eager", "aot_eager", "inductor")
def under_no_grad(compile):
    def frozen(x, w):
        y = w * x
        with torch.no_grad():
            z = y.sum()
            graph_break()
            z = z + torch.is_grad_enabled()
        graph_break()
        return y.sum() + z, torch.is_grad_enabled()

    w = torch.ones(3, requires_grad=True)
    loss, enabled = compile(frozen)(torch.arange(3.0), w)
    loss.backward()
    return loss, enabled, w.grad


@program("eager")
def under_contexts_of_torch(compile):
    def contexts(x):
        with torch.enable_grad():
            y = x @ x
            graph_break()
            with torch.no_grad():
                z = y @ x
                graph_break()
                flag = torch.is_grad_enabled()
        return y, z, flag, torch.is_grad_enabled()

    return compile(contexts)(torch.eye(3))


@program("eager", "aot_eager")
def in_a_nested_function(compile):
    def outer(x):
        def inner(y):
            y = y + 1
            graph_break()
            return y * 2

        return inner(x) + inner(x + 1)

    return compile(outer)(torch.ones(2))


@program("eager", "aot_eager")
def on_a_condition_of_data(compile):
    def branch(x):
        if x.sum() > 0:
            return x + 1
        y = x * 2
        if y.min() < -5:
            return y - 1
        return y

    compiled = compile(branch)
    return [compiled(torch.full((2,), value)) for value in (1.0, -1.0, -10.0)]


@program("eager")
def in_an_expression_with_values_on_the_stack(compile):
    def one(x):
        graph_break()
        return x + 1

    def expression(x, y):
        return (x + y, [x, one(x), {"k": one(y) * (x - one(x + y))}], str(one(x).sum().item()))

    return compile(expression)(torch.ones(2), torch.full((2,), 4.0))


@program("eager")
def with_print_and_item(compile):
    def chatty(x):
        y = x + 1
        count = int(y.sum().item())
        print(end="")
        values = y.tolist()
        return y * count, values

    return compile(chatty)(torch.arange(4.0))


@program("eager")
def in_a_disabled_function(compile):
    @torch._dynamo.disable
    def not_compiled(x):
        return x + 1

    def calls(x):
        return not_compiled(x * 2) + not_compiled(x)

    return compile(calls)(torch.ones(2))


@program("eager", "aot_eager")
def many_in_a_row(compile):
    def chain(x):
        a = x + 1
        graph_break()
        b = a + x
        graph_break()
        c = b + a
        graph_break()
        d = c * b - a
        graph_break()
        e = scaled(d, 3) + a
        graph_break()
        f = scaled(e, 4) * b
        graph_break()
        g = [scaled(v, 5) for v in (a, b, f)]
        graph_break()
        h = g[0] + g[1]
        graph_break()
        return a, b, c, d, e, f, g, h

    return compile(chain)(torch.full((2,), 0.5))


@program("eager")
def in_a_match_statement(compile):
    def matching(x, shape):
        match shape:
            case ("square", side):
                graph_break()
                return x * side * side
            case _:
                graph_break()
                return x - 1

    compiled = compile(matching)
    return [compiled(torch.ones(2), shape) for shape in (("square", 3), ("round", 3), None)]
