"""A recursion that is too deep for the first chunk of the data stack."""


def depth(tree):
    if tree is None:
        return 0
    return 1 + depth(tree["below"])


tree = None
for _ in range(200):
    tree = {"below": tree}
print(depth(tree))
