"""torch.export, torch._dynamo.export and explain, and what runs beside compile: stances, run-only, disable."""

import torch
from harness import program
from torch import nn
from torch._dynamo import graph_break


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x, scale=2.0):
        if x.shape[0] > 1:
            x = x * scale
        return self.linear(x).relu()


@program("eager")
def export_a_module(compile):
    net = Net()
    exported = torch.export.export(net, (torch.ones(2, 3),))
    compiled = compile(net)
    return exported.module()(torch.ones(2, 3)), compiled(torch.ones(2, 3)), len(exported.graph.nodes)


@program("eager")
def export_with_dynamic_shapes(compile):
    net = Net()
    batch = torch.export.Dim("batch", min=2, max=64)
    exported = torch.export.export(net, (torch.ones(4, 3),), dynamic_shapes={"x": {0: batch}})
    results = [exported.module()(torch.ones(n, 3)) for n in (2, 5, 9)]
    return results, compile(net)(torch.ones(2, 3))


@program("eager")
def export_refuses_a_graph_break(compile):
    class Broken(nn.Module):
        def forward(self, x):
            y = x + 1
            graph_break()
            return y

    try:
        torch.export.export(Broken(), (torch.ones(2),), strict=True)
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0], compile(Broken())(torch.ones(2))


@program("eager")
def dynamo_export(compile):
    def use(x, y):
        return x.sin() + y * 2, [x - 1]

    graph, guards = torch._dynamo.export(use)(torch.ones(2), torch.ones(2))
    return graph(torch.ones(2), torch.zeros(2)), len(graph.graph.nodes), compile(use)(torch.ones(2), torch.ones(2))


@program("eager")
def explain(compile):
    def use(x):
        y = x + 1
        graph_break()
        z = y * 2
        graph_break()
        return z - 1

    told = torch._dynamo.explain(use)(torch.ones(2))
    torch._dynamo.reset()
    return told.graph_count, told.graph_break_count, told.op_count, compile(use)(torch.ones(2))


@program("eager")
def run_only_and_disable(compile):
    def use(x):
        y = x + 1
        graph_break()
        return y * 2

    compiled = compile(use)
    first = compiled(torch.ones(2))
    again = torch._dynamo.run(compiled)(torch.ones(2))
    other = torch._dynamo.run(compiled)(torch.ones(3))
    return first, again, other, torch._dynamo.disable(use)(torch.ones(2))


@program("eager", "aot_eager")
def functional_transforms(compile):
    def loss(w, x):
        return (w * x).sin().sum()

    def use(w, x):
        gradient = torch.func.grad(loss)(w, x)
        graph_break()
        return gradient, torch.func.vmap(lambda row: row.sum() * 2)(x.reshape(2, 2))

    return compile(use)(torch.ones(4), torch.arange(4.0))


@program("eager", "aot_eager")
def control_flow_operators(compile):
    def use(x):
        return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))

    compiled = compile(use)
    return compiled(torch.ones(2)), compiled(-torch.ones(2))


@program("eager")
def allowed_in_graph(compile):
    @torch._dynamo.allow_in_graph
    def opaque(x):
        return x * 3

    def use(x):
        y = opaque(x)
        graph_break()
        return opaque(y)

    return compile(use)(torch.ones(2))
