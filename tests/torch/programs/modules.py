"""nn.Module: hooks, containers, parameters that change, subclasses of tensors, modes."""

import torch
from harness import program
from torch import nn
from torch._dynamo import graph_break


class Block(nn.Module):
    def __init__(self, size, broken=False):
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.broken = broken
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        y = self.linear(x)
        if self.broken:
            graph_break()
        self.calls += 1
        return y.relu()


@program("eager", "aot_eager", "inductor")
def forward_hooks(compile):
    block, trail = Block(3, broken=True), []

    def before(module, arguments):
        trail.append("before")
        return (arguments[0] + 1,)

    def after(module, arguments, output):
        graph_break()
        trail.append(tuple(output.shape))
        return output * 2

    block.register_forward_pre_hook(before)
    handle = block.register_forward_hook(after)
    compiled = compile(block)
    results = [compiled(torch.ones(2, 3))]
    handle.remove()
    results.append(compiled(torch.ones(2, 3)))
    return results, trail, block.calls


@program("eager", "aot_eager")
def backward_hooks(compile):
    block, trail = Block(2, broken=True), []
    block.register_full_backward_hook(lambda module, inputs, outputs: trail.append([g.shape for g in outputs]))
    block.linear.weight.register_hook(lambda gradient: gradient * 2)
    loss = compile(block)(torch.ones(1, 2)).sum()
    loss.backward()
    return loss, trail, block.linear.weight.grad


@program("eager")
def hook_that_raises(compile):
    block = Block(2)

    def after(module, arguments, output):
        graph_break()
        raise ValueError("in a hook")

    block.register_forward_hook(after)
    try:
        compile(block)(torch.ones(1, 2))
    except ValueError as error:
        return error


@program("eager", "aot_eager")
def containers(compile):
    net = nn.Sequential(Block(2), nn.ModuleList([Block(2, broken=True), Block(2)])[0], nn.Dropout(0.0))
    table = nn.ModuleDict({"a": Block(2), "b": Block(2, broken=True)})

    def use(x):
        for name, module in table.items():
            x = module(x) + len(name)
        return net(x)

    return compile(use)(torch.ones(1, 2))


@program("eager")
def train_and_eval(compile):
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    compiled, x = compile(net), torch.arange(8.0).reshape(4, 2)
    results = []
    for mode in (True, False, True):
        net.train(mode)
        torch.manual_seed(3)
        results.append(compiled(x))
    return results, net[1].running_mean


@program("eager", "aot_eager")
def state_dict_saved_and_loaded(compile):
    one, other = Block(2, broken=True), Block(2, broken=True)
    compiled_one, compiled_other = compile(one), compile(other)
    before = compiled_other(torch.ones(1, 2))
    compiled_one(torch.ones(1, 2))
    other.load_state_dict(one.state_dict())
    names = sorted(compiled_one.state_dict())
    return before, compiled_one(torch.ones(1, 2)), compiled_other(torch.ones(1, 2)), names


@program("eager")
def module_changed_after_compile(compile):
    block = Block(2, broken=True)
    compiled, results = compile(block), []
    results.append(compiled(torch.ones(1, 2)))
    with torch.no_grad():
        block.linear.bias.fill_(5.0)
    results.append(compiled(torch.ones(1, 2)))
    block.linear = nn.Linear(2, 4)
    results.append(compiled(torch.ones(1, 2)))
    block.forward = lambda x: x - 1
    results.append(compile(block)(torch.ones(1, 2)))
    return results


@program("eager")
def submodule_compiled_alone(compile):
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Block(2, broken=True)
            self.fast = compile(self.inner)

        def forward(self, x):
            return self.fast(x) + self.inner(x)

    outer = Outer()
    return outer(torch.ones(1, 2)), compile(outer)(torch.ones(1, 2))


@program("eager", "aot_eager")
def tensor_subclass_and_function_mode(compile):
    class Counting(torch.overrides.TorchFunctionMode):
        calls = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            Counting.calls += 1
            return function(*args, **(kwargs or {}))

    def use(x):
        y = x.sin()
        graph_break()
        return y.cos()

    compiled = compile(use)
    first = compiled(torch.ones(2))
    with Counting():
        second = compiled(torch.ones(2))
    return first, second, Counting.calls > 0
