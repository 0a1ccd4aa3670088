"""More than 255 free variables: the instruction that copies them has an EXTENDED_ARG before it, which torch 2.4 does not see."""

import torch

COUNT = 260


def define():
    """A function with COUNT free variables; too long to be written down."""
    lines = ["def outer():", *(f"    c{n} = {n}" for n in range(COUNT)), "    def inner(x):"]
    lines += ["        y = x + c0", "        torch._dynamo.graph_break()"]
    lines += ["        return y * (" + " + ".join(f"c{n}" for n in range(COUNT)) + ")", "    return inner"]
    scope = {"torch": torch}
    exec("\n".join(lines), scope)
    return scope["outer"]()


def main():
    compiled = torch.compile(define(), backend="eager")
    for _ in range(3):
        values = compiled(torch.ones(2)).tolist()
        assert values == [sum(range(COUNT))] * 2, values
    print("values:", values)


if __name__ == "__main__":
    main()
