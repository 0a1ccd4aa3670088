"""Hooks in Python (pyframe_shim.evalframe) before, around and inside of torch.compile: both do what they do alone."""

import torch
from pyframe_shim import evalframe

compiled = 0


def backend(graph, inputs):
    global compiled
    compiled += 1
    return graph.forward


def scale(x, by):
    return x * by


def double(x, by):
    return x * 2 * by


def body(x):
    y = scale(x.sin(), 3)
    torch._dynamo.graph_break()
    return scale(y, 2).sum()


x = torch.linspace(0, 1, 7)
expected = body(x)
seen = []


def note(frame):
    seen.append(frame.code.co_name)


def is_of_this_file(code):
    return code.co_filename == __file__


def run(rounds=3):
    """How often the backend was asked in so many calls of a new compiled function, which gives what the plain one gives."""
    global compiled
    torch._dynamo.reset()
    compiled = 0
    function = torch.compile(body, backend=backend)
    for _ in range(rounds):
        assert torch.equal(function(x), expected)
    return compiled


graphs = run()
assert graphs == 2

# Around all of it: compiling and running.
with evalframe.hook(note, only=is_of_this_file):
    assert run() == graphs
assert "body" in seen and run() == graphs
print("around PyTorch's hook")

# PyTorch's hook is there first, and ours comes and goes while compiled code is called.
function = torch.compile(body, backend=backend)
function(x)
seen.clear()
for _ in range(3):
    with evalframe.hook(note, only=is_of_this_file):
        assert torch.equal(function(x), expected)
    assert torch.equal(function(x), expected)
assert seen and run() == graphs
print("after it")

# Inside: a graph break installs a hook, and removes it.
hooks = []


@torch.compiler.disable
def installs():
    hooks.append(evalframe.install(note, only=is_of_this_file))


@torch.compiler.disable
def removes():
    hooks.pop().remove()


@torch.compile(backend=backend)
def with_breaks(x):
    y = x + 1
    installs()
    y = scale(y, 2)
    removes()
    return y


for _ in range(3):
    assert torch.equal(with_breaks(x), (x + 1) * 2)
assert not hooks and "installs" not in seen
print("inside of what is compiled")


# A hook that replaces what PyTorch does not compile.
@torch.compiler.disable
def apart(x):
    return scale(x, 5)


@torch.compile(backend=backend)
def calls_apart(x):
    return apart(x + 1) - 1


assert torch.equal(calls_apart(x), (x + 1) * 5 - 1)
with evalframe.hook(lambda frame: double, only=lambda code: code is scale.__code__):
    assert torch.equal(calls_apart(x), (x + 1) * 10 - 1)
assert torch.equal(calls_apart(x), (x + 1) * 5 - 1)
print("replaced, where PyTorch runs no code of its own")

with evalframe.hook(note, only=is_of_this_file, this_thread=True):
    assert run() == graphs
assert run() == graphs
print("for this thread, and removed")
