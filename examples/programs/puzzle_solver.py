"""Solve classic puzzles with plain recursion: sudoku by backtracking, n queens
by chained generators, the fixed points of all permutations of eight things,
edit distances by a memoised recursion, and arithmetic by a recursive descent
parser whose results are compared with Python's own.
"""

import functools
import hashlib
import operator
import random
import re
from collections import Counter

SUDOKUS = [
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    "85...24..72......9..4.........1.7..23.5...9...4...........8..7..17..........36.4.",
]
ROWS = [range(9 * row, 9 * row + 9) for row in range(9)]
BOXES = [[9 * (r + i // 3) + c + i % 3 for i in range(9)] for r in (0, 3, 6) for c in (0, 3, 6)]
UNITS = [*ROWS, *zip(*ROWS), *BOXES]
PEERS = [{peer for unit in UNITS if cell in unit for peer in unit} - {cell} for cell in range(81)]
WORD_PAIRS = [("kitten", "sitting"), ("gattaca", "tacgaccatgat"), ("the quick brown fox jumps", "a lazy dog sleeps on")]
REFUSED = ["", "1 +", "(1 + 2", "1 2", "* 3", "2 // (3 - 3)", "7 % 0"]
SUMS = {"+": operator.add, "-": operator.sub}
PRODUCTS = {"*": operator.mul, "//": operator.floordiv, "%": operator.mod}


def digest(values):
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def solve_sudoku(cells, tries=0):
    """Fill in the most constrained empty cell; return success and the count of tries."""
    empty = [cell for cell in range(81) if not cells[cell]]
    if not empty:
        return True, tries
    choices = {cell: set(range(1, 10)) - {cells[peer] for peer in PEERS[cell]} for cell in empty}
    cell = min(choices, key=lambda candidate: len(choices[candidate]))
    for value in sorted(choices[cell]):
        cells[cell] = value
        solved, tries = solve_sudoku(cells, tries + 1)
        if solved:
            return True, tries
    cells[cell] = 0
    return False, tries


def queens(size, columns=()):
    """Yield each way to place one queen on every row without an attack."""
    row = len(columns)
    if row == size:
        yield columns
        return
    for column in range(size):
        if all(column != c and abs(column - c) != row - r for r, c in enumerate(columns)):
            yield from queens(size, columns + (column,))


def permutations(items):
    if not items:
        yield ()
    for index, item in enumerate(items):
        for rest in permutations(items[:index] + items[index + 1 :]):
            yield (item, *rest)


def edit_distance(left, right):
    """Return the Levenshtein distance and the statistics of the memo behind it."""

    @functools.lru_cache(maxsize=None)
    def distance(i, j):
        if i == 0 or j == 0:
            return i + j
        substituted = distance(i - 1, j - 1) + (left[i - 1] != right[j - 1])
        return min(substituted, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    return distance(len(left), len(right)), distance.cache_info()


class Calculator:
    """A parser that evaluates integer arithmetic as it reads."""

    def __init__(self, text):
        self.tokens = [*re.findall(r"\d+|//|\S", text), "the end"]

    def evaluate(self, closer="the end"):
        value = self.chain(self.product, SUMS)
        if (found := self.tokens.pop(0)) != closer:
            raise SyntaxError(f"expected {closer}, found {found}")
        return value

    def product(self):
        return self.chain(self.factor, PRODUCTS)

    def chain(self, operand, operators):
        value = operand()
        while self.tokens[0] in operators:
            value = operators[self.tokens.pop(0)](value, operand())
        return value

    def factor(self):
        token = self.tokens.pop(0)
        if token == "-":
            return -self.factor()
        if token == "(":
            return self.evaluate(closer=")")
        return int(token)


def random_expression(rng, depth):
    if depth == 0:
        return str(rng.randrange(100))
    left, right = random_expression(rng, depth - 1), random_expression(rng, rng.randrange(depth))
    text = f"{left} {rng.choice([*SUMS, *PRODUCTS])} {right}"
    return rng.choice([text, f"({text})", f"-({text})"])


def outcome(function):
    """Return a function's result, or the name and text of the error it raised."""
    try:
        return function()
    except (ArithmeticError, SyntaxError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def main():
    for puzzle in SUDOKUS:
        cells = [0 if char == "." else int(char) for char in puzzle]
        solved, tries = solve_sudoku(cells)
        print(f"sudoku solved {solved} after {tries} tries: {''.join(map(str, cells))}")
    for size in range(4, 11):
        boards = list(queens(size))
        print(f"{size} queens: {len(boards)} boards, first {boards[:1]}, digest {digest(boards)}")
    orders = list(permutations(tuple(range(8))))
    fixed = Counter(sum(i == item for i, item in enumerate(order)) for order in orders)
    print(f"permutations: {len(orders)}, by fixed points {sorted(fixed.items())}, digest {digest(orders)}")
    for left, right in WORD_PAIRS:
        print(f"distance {left!r} to {right!r}: {edit_distance(left, right)}")
    rng = random.Random(42)
    texts = REFUSED + [random_expression(rng, 4) for _ in range(9000)]
    results = [outcome(Calculator(text).evaluate) for text in texts]
    valid = [(text, result) for text, result in zip(texts, results) if isinstance(result, int)]
    wrong = sum(eval(text) != result for text, result in valid)
    print(f"expressions: {len(valid)} of {len(texts)} valid, {wrong} wrong, digest {digest(results)}")
    for text, result in [*zip(texts, results)][:20]:
        print(f"  {text or 'nothing'}  ->  {result}")


if __name__ == "__main__":
    main()
