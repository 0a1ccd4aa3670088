"""A generator whose frame Dynamo does not run, since its callback raises: torch's own THP_PyFrame_Clear aborts from 3.12 on.

Under the stance `fail_on_recompile` the callback raises for all code that has not been compiled yet. A compiled function
resumes a generator that is new to Dynamo: the hook has to get rid of a frame that belongs to a generator.
"""

import sys

import torch


def known(x):
    yield x * 2


def unknown(x):
    try:
        yield x * 3
    finally:
        print("never begun, so nothing to finish")


def first_plus_one(generator):
    return next(generator) + 1


def main():
    if not hasattr(torch.compiler, "set_stance"):
        print(f"torch {torch.__version__} has no stances")
        sys.exit(5)
    compiled = torch.compile(first_plus_one, backend="eager")
    print("known:", compiled(known(torch.ones(2))))
    generator = unknown(torch.ones(2))
    with torch.compiler.set_stance("fail_on_recompile"):
        try:
            print("unknown:", compiled(generator))
        except RuntimeError as error:
            print("RuntimeError:", error)
            # The frame was refused, and its generator is at its end: nothing of it runs any more.
            assert generator.gi_frame is None and not list(generator), generator
    print("what is left of the generator:", [value.tolist() for value in generator])


if __name__ == "__main__":
    main()
