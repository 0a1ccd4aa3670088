"""Survey the source of fifteen standard library modules. For each module the
program counts tokens, syntax tree nodes and bytecode instructions, walks the
code objects nested inside one another, and checks that the tree turned back
into source text parses to an equal tree. It prints a line for each module and
then the totals: the commonest tokens, nodes and opcodes, and the longest
functions found.
"""

import ast
import dis
import hashlib
import inspect
import io
import sysconfig
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MODULES = [
    "argparse.py",
    "ast.py",
    "calendar.py",
    "collections/__init__.py",
    "contextlib.py",
    "dataclasses.py",
    "difflib.py",
    "doctest.py",
    "enum.py",
    "fractions.py",
    "functools.py",
    "inspect.py",
    "json/encoder.py",
    "shlex.py",
    "typing.py",
]


class NodeCounter(ast.NodeVisitor):
    """Count nodes by type, and note the qualified name and size of each function."""

    def __init__(self):
        self.nodes = Counter()
        self.functions = []
        self._scope = []

    def generic_visit(self, node):
        self.nodes[type(node).__name__] += 1
        super().generic_visit(node)

    def visit_ClassDef(self, node):
        self._visit_scope(node)

    def visit_FunctionDef(self, node):
        self._visit_scope(node)
        name = ".".join([*self._scope, node.name])
        self.functions.append((node.end_lineno - node.lineno + 1, name))

    visit_AsyncFunctionDef = visit_FunctionDef

    def _visit_scope(self, node):
        self._scope.append(node.name)
        self.generic_visit(node)
        self._scope.pop()


@dataclass
class Survey:
    """What was found in one module, or in several added together."""

    tokens: Counter = field(default_factory=Counter)
    nodes: Counter = field(default_factory=Counter)
    opcodes: Counter = field(default_factory=Counter)
    functions: list = field(default_factory=list)
    code_objects: int = 0
    deepest_nesting: int = 0
    round_trip: bool = True

    def add(self, other):
        self.tokens.update(other.tokens)
        self.nodes.update(other.nodes)
        self.opcodes.update(other.opcodes)
        self.functions.extend(other.functions)
        self.code_objects += other.code_objects
        self.deepest_nesting = max(self.deepest_nesting, other.deepest_nesting)
        self.round_trip = self.round_trip and other.round_trip

    def digest(self):
        histograms = [sorted(c.items()) for c in (self.tokens, self.nodes, self.opcodes)]
        return hashlib.sha256(repr((histograms, sorted(self.functions))).encode()).hexdigest()[:16]


def walk_code(code, depth=0):
    """Yield a code object and all those among its constants, with their depths."""
    yield depth, code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from walk_code(constant, depth + 1)


def count_tokens(text):
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(tokenize.tok_name[token.exact_type] for token in tokens)


def survey_module(text, name):
    tree = ast.parse(text, filename=name)
    counter = NodeCounter()
    counter.visit(tree)
    found = Survey(
        tokens=count_tokens(text),
        nodes=counter.nodes,
        functions=[(lines, f"{name}:{function}") for lines, function in counter.functions],
        round_trip=ast.dump(ast.parse(ast.unparse(tree))) == ast.dump(tree),
    )
    for depth, code in walk_code(compile(tree, name, "exec", dont_inherit=True)):
        found.code_objects += 1
        found.deepest_nesting = max(found.deepest_nesting, depth)
        found.opcodes.update(instruction.opname for instruction in dis.get_instructions(code))
    return found


def print_commonest(title, counter, limit=12):
    print(f"\n{title}: {len(counter)} kinds, {counter.total()} in all")
    for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:limit]:
        print(f"  {name:<28}{count:>7}")


def main():
    library = Path(sysconfig.get_path("stdlib"))
    total = Survey()
    print(f"{'module':<25}{'tokens':>8}{'nodes':>8}{'opcodes':>9}{'codes':>7}{'depth':>7}  {'same':<6}digest")
    for name in MODULES:
        found = survey_module((library / name).read_text(encoding="utf-8"), name)
        total.add(found)
        print(
            f"{name:<25}{found.tokens.total():>8}{found.nodes.total():>8}{found.opcodes.total():>9}"
            f"{found.code_objects:>7}{found.deepest_nesting:>7}  {found.round_trip!s:<6}{found.digest()}"
        )
    print_commonest("tokens", total.tokens)
    print_commonest("nodes", total.nodes)
    print_commonest("opcodes", total.opcodes)
    print("\nlongest functions:")
    for lines, name in sorted(total.functions, key=lambda item: (-item[0], item[1]))[:12]:
        print(f"  {name:<60}{lines:>5} lines")
    print(f"\n{total.code_objects} code objects, every tree survived: {total.round_trip}")
    print(f"digest of everything: {total.digest()}")


if __name__ == "__main__":
    main()
