"""What the generator of programs knows about the names of each scope, so that what it writes compiles."""


class Scope:
    """kind: "module" and "class" write to a mapping, "function" to slots; "comprehension" is either, by version."""

    def __init__(self, kind, parent=None, bound=()):
        self.kind, self.parent = kind, parent
        self.bound = set(bound)  # has a value, as far as can be told
        self.own = set(bound)  # is bound somewhere in this scope
        self.declared = {}  # name: "global" or "nonlocal"
        self.targets = set()  # of the comprehensions that a comprehension is in, and its own
        self.makes = "nothing"  # "generator", "coroutine", "async generator"
        self.in_class = kind == "class" or (parent is not None and parent.in_class)

    def visible(self):
        """Names that can be read here, sorted."""
        names = set(self.bound)
        hidden, scope = self.own - self.declared.keys(), self.parent
        while scope is not None:
            # Not even the functions of a class see its names.
            if scope.kind != "class":
                names |= scope.bound - hidden
                hidden = hidden | (scope.own - scope.declared.keys())
            scope = scope.parent
        return sorted(names)

    def bind(self, name):
        self.bound.add(name)
        self.own.add(name)

    def walrus_scope(self):
        """Where := binds, or None if it is not allowed."""
        scope = self
        while scope.kind == "comprehension":
            scope = scope.parent
        return None if scope.kind == "class" and scope is not self else scope

    def for_nonlocal(self):
        """Names of the functions around that `nonlocal` may name, sorted."""
        names, closed, scope = set(), set(self.own), self.parent
        while scope is not None:
            if scope.kind == "function":
                closed |= {name for name, how in scope.declared.items() if how == "global"}
                names |= {name for name in scope.own - closed if scope.declared.get(name) is None}
            scope = scope.parent
        return sorted(names)

    @property
    def awaits(self):
        return self.makes in ("coroutine", "async generator")
