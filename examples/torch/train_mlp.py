"""A classifier learns to tell two spirals apart, compiled, with a graph break in each forward pass.

python -m pyframe_shim run --stats examples/torch/train_mlp.py
"""

import math

import torch
from torch import nn


def spirals(points):
    """Points on two spirals, and which of them each lies on."""
    label = torch.arange(points) % 2
    radius = torch.rand(points).sqrt()
    angle = radius * 3 * math.pi + label * math.pi
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1), label


class Classifier(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        hidden = self.layers(x)
        # What is done next depends on data: the compiler ends a graph here, and resumes behind it.
        if hidden.abs().mean() > 0.999:
            raise ArithmeticError("saturated: no gradient is left")
        return self.head(hidden)


def main():
    torch.manual_seed(7)
    net = Classifier()
    compiled = torch.compile(net, backend="aot_eager")
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    x, label = spirals(400)
    for step in range(151):
        optimizer.zero_grad()
        answer = compiled(x)
        loss = nn.functional.cross_entropy(answer, label)
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            right = (answer.argmax(1) == label).float().mean().item()
            print(f"step {step:>3}: loss {loss.item():.3f}, {right:.0%} right")


if __name__ == "__main__":
    main()
