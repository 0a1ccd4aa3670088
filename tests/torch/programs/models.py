"""Three models, trained for some steps: losses and parameters the same to the last bit."""

import torch
from harness import program
from torch import nn
from torch._dynamo import graph_break
from torch.nn import functional as F


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(12, 24), nn.Linear(24, 24), nn.Linear(24, 5)])
        self.norm = nn.LayerNorm(24)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.gelu(layer(x))
        graph_break()
        return self.layers[-1](self.norm(x))


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 8, 3, stride=2)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(8, 5)

    def features(self, x):
        x = self.norm(self.first(x)).relu()
        return F.max_pool2d(x, 2)

    def forward(self, x):
        x = self.features(x)
        if x.mean() > 100:
            x = x / 2
        x = self.second(x).relu()
        return self.head(x.mean((2, 3)))


class Encoder(nn.Module):
    """A transformer encoder of two layers, with a graph break between them."""

    def __init__(self, size=16, heads=4, words=20):
        super().__init__()
        self.embedding = nn.Embedding(words, size)
        self.layers = nn.ModuleList(Layer(size, heads) for _ in range(2))
        self.head = nn.Linear(size, 5)

    def forward(self, tokens):
        x = self.embedding(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1))


class Layer(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(size, heads, batch_first=True)
        self.forward_net = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(2))

    def forward(self, x):
        normed = self.norms[0](x)
        attended, _ = self.attention(normed, normed, normed, need_weights=False)
        x = x + attended
        graph_break()
        return x + self.forward_net(self.norms[1](x))


def train(compile, net, batches, optimizer):
    """The losses of some steps, and the parameters after them."""
    compiled, losses = compile(net), []
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(compiled(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        answers = compiled(batches[0][0])
    assert losses[-1] < losses[0], f"nothing was learned: {losses}"
    return losses, answers, {name: value.double().sum().item() for name, value in net.state_dict().items()}, list(net.parameters())


def batches_of(make, count=6):
    """The same batch several times, so that the loss falls."""
    inputs = make()
    return [(inputs, torch.randint(0, 5, (len(inputs),)))] * count


@program("eager", "aot_eager", "inductor")
def classifier(compile):
    net = Classifier()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    return train(compile, net, batches_of(lambda: torch.randn(16, 12)), optimizer)


@program("eager", "aot_eager", "inductor")
def convolutional(compile):
    net = Convolutional()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    return train(compile, net, batches_of(lambda: torch.randn(8, 1, 8, 8)), optimizer)


@program("eager", "aot_eager")
def encoder(compile):
    net = Encoder()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    return train(compile, net, batches_of(lambda: torch.randint(0, 20, (8, 6))), optimizer)


@program("eager")
def whole_training_step_compiled(compile):
    net = Classifier()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    inputs, targets = torch.randn(16, 12), torch.randint(0, 5, (16,))

    def step(inputs, targets):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss.detach()

    compiled = compile(step)
    losses = [compiled(inputs, targets) for _ in range(5)]
    return losses, list(net.parameters())
