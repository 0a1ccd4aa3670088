"""The time of calls of compiled functions, in batches that the other end of a pipe asks for.

    python latency.py plain|shim

Each line of input names a function; the answer is the nanoseconds that one call of it took, on average over a batch.
"""

import sys
import time

import shim

BATCH_SECONDS = 0.02


def wide_source():
    """Thirty locals and ten cells."""
    lines = ["def wide(x, " + ", ".join(f"a{n}=1" for n in range(20)) + "):"]
    lines += [f"    v{n} = a{n} + 1" for n in range(9)]
    lines += [f"    c{n} = a{n}" for n in range(10)]
    lines += ["    def read():", "        return " + " + ".join(f"c{n}" for n in range(10))]
    lines += ["    return x + v0 + read()"]
    return "\n".join(lines)


def functions(torch):
    scope = {}
    exec(wide_source(), scope)
    code = scope["wide"].__code__
    assert (code.co_nlocals, len(code.co_cellvars)) == (31, 10), (code.co_nlocals, code.co_cellvars)

    def tiny(x):
        return x + 1

    def broken(x):
        y = x + 1
        torch._dynamo.graph_break()
        return y + 1

    return {"tiny": tiny, "broken": broken, "wide": scope["wide"]}


def calls(compiled, x, count):
    clock, before = time.perf_counter_ns, 0
    before = clock()
    for _ in range(count):
        compiled(x)
    return (clock() - before) / count


def main():
    shim.install(sys.argv[1])
    import torch
    import torch._dynamo

    torch.set_num_threads(1)
    x = torch.ones(2)
    compiled, counts = {}, {}
    for name, function in functions(torch).items():
        compiled[name] = torch.compile(function, backend="eager")
        for _ in range(200):
            compiled[name](x)
        counts[name] = max(1, int(BATCH_SECONDS * 1e9 / calls(compiled[name], x, 500)))
    print("ready", flush=True)
    for line in sys.stdin:
        name = line.strip()
        print(calls(compiled[name], x, counts[name]), flush=True)


if __name__ == "__main__":
    main()
