"""The programs, how each is run, and what is counted while it runs."""

import importlib
import random

import torch
import torch._dynamo
import torch._inductor.config
from describe import describe, describe_exception
from torch._dynamo.convert_frame import register_bytecode_hook

BACKENDS = ("eager", "aot_eager", "inductor")
# Those of Dynamo's own counters that do not depend on what is in a cache.
COUNTERS = ("frames", "stats", "graph_break", "unimplemented")

programs = []


def program(*backends):
    """A program of the suite: called with a function like torch.compile, for each of these backends."""
    assert set(backends) <= set(BACKENDS) and backends, backends

    def add(function):
        module = function.__module__.rpartition(".")[2]
        programs.extend((f"{module}.{function.__name__}[{backend}]", function, backend) for backend in backends)
        return function

    return add


def load(modules):
    for module in modules:
        importlib.import_module(f"programs.{module}")
    return programs


class Watch:
    """The graphs that a backend was given, and the code that Dynamo made while a program ran."""

    def __init__(self, backend):
        self.backend = torch._dynamo.lookup_backend(backend)
        self.graphs = []
        self.codes = []

    def compile_graph(self, graph, inputs, **options):
        self.graphs.append(sum(node.op.startswith("call_") for node in graph.graph.nodes))
        return self.backend(graph, inputs, **options)

    def bytecode(self, old, new):
        self.codes.append(old)

    def compile(self, function=None, **options):
        """torch.compile, with the counting backend."""
        if function is None:
            return lambda function: self.compile(function, **options)
        return torch.compile(function, backend=self.compile_graph, **options)

    def report(self):
        counters = torch._dynamo.utils.counters
        return {
            "graphs": self.graphs,
            "codes": [code.co_name for code in self.codes],
            "recompiles": len(self.codes) - len(set(self.codes)),
            "counters": {name: {describe(str(key)): count for key, count in counters[name].items()} for name in COUNTERS},
        }


def run_program(function, backend):
    """Run a program from a clean start, and tell everything of it that can be compared."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    torch.manual_seed(1)
    random.seed(1)
    watch = Watch(backend)
    handle = register_bytecode_hook(watch.bytecode)
    try:
        outcome = {"result": describe(function(watch.compile))}
    except Exception as error:
        outcome = {"error": describe_exception(error)}
    finally:
        handle.remove()
    return {**outcome, **watch.report()}


def prepare():
    """One thread, so that sums come out the same to the last bit; and no vector code, which takes much longer to compile."""
    torch.set_num_threads(1)
    torch._inductor.config.cpp.simdlen = 1
