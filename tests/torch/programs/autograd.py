"""Gradients through compiled and broken code, custom functions, checkpoints, in-place operations."""

import torch
from harness import program
from torch._dynamo import graph_break
from torch.utils.checkpoint import checkpoint


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 3 * x**2


@program("eager", "aot_eager", "inductor")
def through_a_break(compile):
    def use(x):
        y = x.sin() * x
        graph_break()
        return (y.exp() + x).sum()

    x = torch.arange(3.0, requires_grad=True)
    loss = compile(use)(x)
    loss.backward()
    return loss, x.grad


@program("eager", "aot_eager")
def custom_function(compile):
    def use(x):
        y = Cube.apply(x)
        graph_break()
        return Cube.apply(y).sum()

    x = torch.full((2,), 1.5, requires_grad=True)
    loss = compile(use)(x)
    loss.backward()
    return loss, x.grad


@program("eager")
def custom_function_with_breaks_inside(compile):
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            graph_break()
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            graph_break()
            return gradient * 5

    x = torch.ones(2, requires_grad=True)
    loss = compile(lambda x: Broken.apply(x).sum())(x)
    loss.backward()
    return loss, x.grad


@program("eager", "aot_eager")
def backward_inside(compile):
    def use(x):
        loss = (x**2).sum()
        loss.backward()
        graph_break()
        return x.grad * 2

    return compile(use)(torch.arange(3.0, requires_grad=True))


@program("eager")
def second_derivative(compile):
    def use(x):
        (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        graph_break()
        return first.sum()

    x = torch.arange(3.0, requires_grad=True)
    compile(use)(x).backward()
    return x.grad


@program("eager", "aot_eager")
def mutation(compile):
    def use(x, buffer):
        buffer.add_(x)
        graph_break()
        buffer[0] = 7
        view = buffer[1:]
        view.mul_(2)
        return buffer * x

    buffer = torch.zeros(3)
    compiled = compile(use)
    return [compiled(torch.ones(3), buffer) for _ in range(3)], buffer


@program("eager")
def checkpointed(compile):
    def block(x):
        return (x.sin() * 2).exp()

    def use(x):
        y = checkpoint(block, x, use_reentrant=False)
        graph_break()
        return y.sum()

    x = torch.arange(3.0, requires_grad=True)
    loss = compile(use)(x)
    loss.backward()
    return loss, x.grad


@program("eager")
def error_in_backward(compile):
    class Failing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            raise ArithmeticError("in backward")

    def use(x):
        graph_break()
        return Failing.apply(x).sum()

    x = torch.ones(2, requires_grad=True)
    try:
        compile(use)(x).backward()
    except ArithmeticError as error:
        return type(error).__name__, str(error)


@program("eager", "aot_eager")
def random_numbers(compile):
    def use(x):
        y = x + torch.rand(2)
        graph_break()
        return y * torch.randn(2), torch.initial_seed()

    compiled = compile(use)
    return [compiled(torch.zeros(2)) for _ in range(2)]
