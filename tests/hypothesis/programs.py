"""Strategies that write programs: few names in many scopes, so that they meet.

The first of any choice is the simplest: a failing program shrinks to that.
"""

import sys

from hypothesis import strategies as st
from scopes import Scope

NAMES = list("abcd")
PARAMETERS = [*NAMES, "p", "q"]
GENERIC = sys.version_info >= (3, 12)  # def f[T], class C[T], type A = ...
STATEMENTS, NESTING = 24, 4
MAKES = ("nothing", "nothing", "generator", "coroutine", "async generator")


class Expressions:
    """Expressions, as source."""

    def __init__(self, draw):
        self.draw = draw
        self.numbers = 0

    def pick(self, choices):
        return self.draw(st.sampled_from(choices))

    def maybe(self, times=2):
        """True once in so many times; False is the simpler."""
        return self.draw(st.integers(0, times - 1)) == times - 1

    def fresh(self):
        self.numbers += 1
        return f"V({self.numbers})"

    def name(self, scope):
        visible = scope.visible()
        return self.pick(visible) if visible and not self.maybe(12) else self.pick(NAMES)

    def expression(self, scope, depth=2):
        simple = ["value", "variable", "variable", "cell"]
        nested = ["pair", "function", "comprehension", "comprehension", "called", "walrus", "stopped", "suspended", "own_class"]
        return getattr(self, self.pick(simple + nested * (depth > 0)))(scope, depth - 1) if depth >= 0 else self.fresh()

    # Each of these takes the scope, and how deep it may still nest.

    def value(self, scope, depth):
        return self.fresh()

    def variable(self, scope, depth):
        return self.name(scope)

    def cell(self, scope, depth):
        return f"Cell({self.fresh()})"

    def pair(self, scope, depth):
        return f"({self.expression(scope, depth)}, {self.expression(scope, depth)})"

    def function(self, scope, depth):
        parameter = self.pick(NAMES)
        inner = Scope("function", scope, [parameter])
        return f"(lambda {parameter}={self.expression(scope, depth)}: {self.expression(inner, depth)})"

    def called(self, scope, depth):
        return f"call({self.expression(scope, depth)})"

    def walrus(self, scope, depth):
        where = scope.walrus_scope()
        names = [name for name in NAMES if name not in scope.targets]
        if where is None or not names:
            return self.fresh()
        value, name = self.expression(scope, depth), self.pick(names)
        where.bind(name)
        return f"({name} := {value})"

    def stopped(self, scope, depth):
        return f"(stop({self.frame(scope)}), {self.expression(scope, depth)})"

    def frame(self, scope):
        return f"sys._getframe(){', locals()' if self.maybe(3) else ''}"

    def suspended(self, scope, depth):
        if scope.awaits and self.maybe():
            return f"(await pause({self.expression(scope, depth)}))"
        if scope.kind == "function" and scope.makes.endswith("generator"):
            return f"(yield {self.expression(scope, depth)})"
        return self.fresh()

    def own_class(self, scope, depth):
        return "__class__" if scope.in_class and scope.kind == "function" else self.fresh()

    def comprehension(self, scope, depth):
        """The first iterable belongs to the scope around it. There is no := in any of them, so they are kept plain."""
        targets = [self.pick(NAMES) for _ in range(self.draw(st.integers(1, 2)))]
        inner = Scope("comprehension", scope, targets)
        inner.targets = {*scope.targets, *targets}
        clauses = [f"for {targets[0]} in {self.iterable(scope)}"]
        clauses += [f"for {target} in {self.iterable(inner)}" for target in targets[1:]]
        if scope.kind == "function" and scope.awaits and self.maybe():
            clauses[0] = f"async for {targets[0]} in ticks({self.iterable(scope)})"
        if self.maybe(3):
            clauses.append(f"if (stop({self.frame(inner)}), {self.expression(inner, depth)})")
        element, tail = self.expression(inner, depth), " ".join(clauses)
        if clauses[0].startswith("async"):
            return f"[{element} {tail}]"
        return self.pick(
            (
                f"[{element} {tail}]",
                f"{{lambda: {targets[-1]} {tail}}}",
                f"{{{self.fresh()}: {element} {tail}}}",
                f"list({element} {tail})",
                f"drive({element} {tail})",
            )
        )

    def iterable(self, scope):
        return self.pick((f"({self.fresh()}, {self.fresh()})", f"each({self.name(scope)})"))


class Writer(Expressions):
    """Statements, line by line."""

    def __init__(self, draw):
        super().__init__(draw)
        self.lines, self.depth, self.room, self.executes = [], 0, STATEMENTS, False

    def line(self, text):
        self.lines.append("    " * self.depth + text)

    def program(self):
        module = Scope("module")
        self.block(module, 5)
        self.line("stop(sys._getframe(), locals())")
        return "\n".join(self.lines) + "\n"

    def block(self, scope, most=3):
        for _ in range(most):
            self.statement(scope)
            if not self.draw(st.integers(0, 2)):
                break

    def inside(self, scope, most=2):
        """An indented block."""
        self.depth += 1
        self.block(scope, most)
        self.depth -= 1

    def statement(self, scope):
        self.room -= 1
        kinds = ["stopping", "assignment", "assignment", "deletion", "calling", "keeping", "annotation", "importing"]
        if self.room > 0 and self.depth < NESTING:
            kinds += ["definition"] * 5 + ["class_body"] * 2
            kinds += ["condition", "loop", "managed", "attempt", "matching", "alias"]
            kinds += [] if self.executes else ["execution"] * 2
        getattr(self, self.pick(kinds))(scope)

    def target(self, scope):
        name = self.pick(NAMES)
        scope.bind(name)
        return name

    def stopping(self, scope):
        self.line(f"stop({self.frame(scope)})")

    def keeping(self, scope):
        self.line("keep(sys._getframe())")

    def assignment(self, scope):
        value = self.expression(scope)
        if self.maybe(5):
            self.line(f"{self.target(scope)}, {self.target(scope)} = each({value})")
        else:
            self.line(f"{self.target(scope)} = {value}")

    def deletion(self, scope):
        if scope.bound:
            name = self.pick(sorted(scope.bound))
            scope.bound.discard(name)
            self.line(f"del {name}")
        else:
            self.line("pass")

    def calling(self, scope):
        self.line(f"drive(call({self.name(scope)}), {self.draw(st.integers(0, 2))})")

    def annotation(self, scope):
        names = [name for name in NAMES if name not in scope.declared]
        self.line(f"{self.pick(names)}: int" if names else "pass")

    def importing(self, scope):
        self.line(f"import sys as {self.target(scope)}")

    def condition(self, scope):
        self.line(f"if {self.expression(scope, 1)}:")
        self.inside(scope)
        self.line("else:")
        self.inside(scope)

    def loop(self, scope):
        values = f"each({self.expression(scope, 1)})"
        if scope.awaits:
            self.line(f"async for {self.target(scope)} in ticks({values}):")
        else:
            self.line(f"for {self.target(scope)} in {values}:")
        self.inside(scope)

    def managed(self, scope):
        manager = f"Manager({self.expression(scope, 1)}{', True' if self.maybe() else ''})"
        self.line(f"{'async ' if scope.awaits else ''}with {manager} as {self.target(scope)}:")
        self.inside(scope)
        if self.maybe():
            self.depth += 1
            self.line(f"raise Error({self.fresh()})")
            self.depth -= 1

    def attempt(self, scope):
        self.line("try:")
        self.inside(scope)
        self.depth += 1
        self.line(f"raise Error({self.expression(scope, 0)})")
        self.depth -= 1
        name = self.target(scope)
        self.line(f"except Exception as {name}:")
        self.inside(scope)
        scope.bound.discard(name)
        if self.maybe():
            self.line("finally:")
            self.inside(scope)

    def matching(self, scope):
        self.line(f"match {self.expression(scope, 1)}:")
        self.depth += 1
        one, other = NAMES[:2]
        scope.bind(one)
        scope.bind(other)
        self.line(f"case ({one}, {other}):")
        self.inside(scope)
        self.line(f"case {one}:")
        self.inside(scope)
        self.depth -= 1

    def alias(self, scope):
        if GENERIC:
            # 3.12 has no lambdas there within a class.
            value = self.fresh() if scope.in_class else f"(lambda: {self.name(Scope('function', scope))})"
            self.line(f"type {self.target(scope)} = {value}")
        else:
            self.line("pass")

    def execution(self, scope):
        """A program in a program, in a namespace of its own or in that of its caller."""
        lines, depth = self.lines, self.depth
        self.lines, self.depth, self.executes = [], 0, True
        self.block(Scope("class", Scope("module")), 4)
        self.line("stop(sys._getframe(), locals())")
        source = "\n".join(self.lines)
        self.lines, self.depth, self.executes = lines, depth, False
        namespace = self.pick(("{}", "Odd()", "Sub()", None))
        self.line('run("""')
        self.lines.append(source)
        self.lines.append(f'""", globals(), {namespace})' if namespace else '""")')

    def class_body(self, scope):
        inner = Scope("class", scope)
        keywords = self.pick(("", "", "(metaclass=Meta)", "(metaclass=SubMeta)"))
        name = self.pick(NAMES)
        self.line(f"class {name}{'[T]' if GENERIC and self.maybe(4) else ''}{keywords}:")
        self.inside(inner, 4)
        self.depth += 1
        if self.maybe(6):
            self.line(f"__class__ = {self.fresh()}")
        self.stopping(inner)
        self.depth -= 1
        scope.bind(name)
        for method in sorted(inner.bound):
            if self.maybe():
                self.line(f"drive(call(getattr({name}, {method!r}, None)))")

    def definition(self, scope):
        name, makes = self.pick(NAMES), self.pick(MAKES)
        parameters, arguments, bound = self.signature(scope)
        inner = Scope("function", scope, bound)
        inner.makes = makes
        is_async = makes in ("coroutine", "async generator")
        generic = "[T]" if GENERIC and self.maybe(6) else ""
        self.line(f"{'async ' if is_async else ''}def {name}{generic}({parameters}):")
        scope.bind(name)  # before its body: it may capture itself
        self.depth += 1
        self.declarations(inner)
        self.block(inner, 4)
        if makes.endswith("generator"):
            self.line(f"yield {self.expression(inner, 1)}")
        self.stopping(inner)
        if makes != "async generator":
            self.line(f"return {self.expression(inner, 1)}")
        self.depth -= 1
        if scope.declared.get(name) != "global" and self.maybe(6):
            return
        end = self.pick(("close", "leave", "throw"))
        called = f"call({name}{arguments})"
        driven = f"drive({called}, {self.draw(st.integers(0, 3))}, {end!r})"
        self.line(called if makes == "nothing" else driven)

    def declarations(self, scope):
        for how, names in (("nonlocal", scope.for_nonlocal()), ("global", NAMES)):
            names = [name for name in names if name not in scope.own]
            if names and self.maybe(3):
                name = self.pick(names)
                self.line(f"{how} {name}")
                scope.declared[name] = how
                scope.own.add(name)
                if how == "nonlocal":
                    scope.bound.add(name)

    def signature(self, scope):
        """Parameters, arguments that fit them, and the parameters' names."""
        names = self.draw(st.lists(st.sampled_from(PARAMETERS), max_size=4, unique=True))
        kinds = sorted(self.draw(st.integers(0, 4)) for _ in names)
        kinds = [kind for index, kind in enumerate(kinds) if kind not in (2, 4) or kind not in kinds[:index]]
        names = names[: len(kinds)]
        parameters, arguments, needs_default = [], [], False
        for index, (name, kind) in enumerate(zip(names, kinds)):
            if kind == 3 and 2 not in kinds and 3 not in kinds[:index]:
                parameters.append("*")
            if kind == 2:
                parameters.append(f"*{name}")
                arguments += [self.expression(scope, 0)] if self.maybe() and not needs_default else []
                continue
            if kind == 4:
                parameters.append(f"**{name}")
                arguments += [f"extra={self.expression(scope, 0)}"] if self.maybe() else []
                continue
            # One positional default makes those that follow need one.
            has_default = (needs_default and kind < 3) or self.maybe(3)
            needs_default |= has_default and kind < 3
            parameters.append(f"{name}={self.expression(scope, 1)}" if has_default else name)
            if kind == 0 and 0 not in kinds[index + 1 :]:
                parameters.append("/")
            if not has_default:
                arguments.append(f"{name}={self.fresh()}" if kind == 3 else self.expression(scope, 0))
        return ", ".join(parameters), "".join(f", {argument}" for argument in arguments), names


@st.composite
def programs(draw):
    """The source of a program."""
    return Writer(draw).program()
