"""A reference to the code of a compiled function that stays with every call: torch 2.10 to 2.14 on CPython 3.14.

The frame that the hook was given is cleared there, all but its code, and popped: nobody gives that reference up.
"""

import sys

import torch

CALLS = 1000


def double(x):
    return x * 2


def main():
    compiled, x = torch.compile(double, backend="eager"), torch.ones(2)
    for _ in range(10):
        compiled(x)
    before = sys.getrefcount(double.__code__)
    for _ in range(CALLS):
        compiled(x)
    left = sys.getrefcount(double.__code__) - before
    if left >= CALLS // 10:
        sys.exit(f"{CALLS:,} compiled calls have left {left:,} references to the code")
    print(f"{CALLS:,} compiled calls leave no reference to the code with each")


if __name__ == "__main__":
    main()
