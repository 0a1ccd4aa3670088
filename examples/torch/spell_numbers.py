"""A small recurrent network learns to spell numbers, then spells: Python decides letter by letter when to stop.

python -m pyframe_shim run --stats examples/torch/spell_numbers.py
"""

import torch
from torch import nn

WORDS = "zero one two three four five six seven eight nine".split()
LETTERS = "." + "".join(sorted(set("".join(WORDS))))


class Speller(nn.Module):
    def __init__(self, size=24):
        super().__init__()
        self.number = nn.Embedding(len(WORDS), size)
        self.letter = nn.Embedding(len(LETTERS), size)
        self.cell = nn.GRUCell(size, size)
        self.head = nn.Linear(size, len(LETTERS))

    def step(self, letter, state):
        state = self.cell(self.letter(letter), state)
        return self.head(state), state

    def spell(self, number, longest=8):
        """Letters until the network says that the word has ended."""
        state, letter, word = self.number(number), torch.zeros(1, dtype=torch.long), ""
        while len(word) < longest:
            scores, state = self.step(letter, state)
            letter = scores.argmax(1)
            if letter == 0:
                break
            word += LETTERS[letter]
        return word


def loss_of(net, number, letters):
    """How badly the network goes on with each letter of the words, all words at once."""
    state, loss, before = net.number(number), 0.0, torch.zeros(len(number), dtype=torch.long)
    for after in letters.T:
        scores, state = net.step(before, state)
        loss = loss + nn.functional.cross_entropy(scores, after)
        before = after
    return loss


def main():
    torch.manual_seed(3)
    net = Speller()
    longest = max(map(len, WORDS)) + 1
    letters = torch.tensor([[LETTERS.index(letter) for letter in word.ljust(longest, ".")] for word in WORDS])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    compiled_loss = torch.compile(loss_of, backend="aot_eager")
    for step in range(121):
        optimizer.zero_grad()
        loss = compiled_loss(net, torch.arange(len(WORDS)), letters)
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            print(f"step {step:>3}: loss {loss.item():.3f}")
    spell = torch.compile(net.spell, backend="eager")
    with torch.no_grad():
        print(" ".join(spell(torch.tensor([number])) for number in range(len(WORDS))))


if __name__ == "__main__":
    main()
