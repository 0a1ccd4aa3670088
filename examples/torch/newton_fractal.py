"""Newton's method on a grid of points, until all of them have settled: a loop that depends on data, and its generator.

python -m pyframe_shim run --stats examples/torch/newton_fractal.py
"""

import torch


def newton(x, y):
    """One step towards a root of z**3 - 1, in real numbers."""
    real, imaginary = x * x - y * y, 2 * x * y
    size = 3 * (real * real + imaginary * imaginary)
    return 2 * x / 3 + real / size, 2 * y / 3 - imaginary / size


def steps(x, y, tolerance):
    """Newton's steps until nothing moves any more."""
    while True:
        new_x, new_y = newton(x, y)
        moved = torch.maximum((new_x - x).abs(), (new_y - y).abs()).max()
        x, y = new_x, new_y
        yield x, y
        if moved < tolerance:
            return


def solve(x, y, tolerance=1e-4):
    count = 0
    for x, y in steps(x, y, tolerance):
        count += 1
        if count > 200:
            raise ArithmeticError("does not settle")
    return x, y, count


def main():
    # An even number of points, so that none is 0, where there is no next step.
    axis = torch.linspace(-1.5, 1.5, 36)
    x, y = (part.reshape(-1) for part in torch.meshgrid(axis, axis, indexing="xy"))
    x, y, count = torch.compile(solve, backend="eager")(x, y)
    root = torch.where(x > 0, 0, torch.where(y > 0, 1, 2)).reshape(36, 36)
    for row in root[::2]:
        print("".join(".oO"[value] for value in row.tolist()))
    print(f"settled after {count} steps")


if __name__ == "__main__":
    main()
