"""Class bodies, methods, properties, descriptors, operators."""

import dataclasses
import enum

import torch
from harness import program
from torch._dynamo import graph_break


class Account:
    rate = 2

    def __init__(self, value):
        self.value = value
        self._reads = 0

    @property
    def reads(self):
        self._reads += 1
        return self._reads

    @classmethod
    def doubled(cls, x):
        graph_break()
        return x * cls.rate

    @staticmethod
    def halved(x):
        graph_break()
        return x / 2

    def grow(self, x):
        self.value = self.value + x
        graph_break()
        self.value = self.value * self.rate
        return self.value

    def __call__(self, x):
        graph_break()
        return self.grow(x) + self.reads

    def __add__(self, other):
        graph_break()
        return Account(self.value + other.value)

    def __getitem__(self, key):
        graph_break()
        return self.value[key]


class Savings(Account):
    rate = 3

    def grow(self, x):
        before = super().grow(x)
        graph_break()
        return super().grow(before)


@program("eager", "aot_eager", "inductor")
def methods_and_super(compile):
    savings = Savings(torch.ones(2))
    compiled = compile(savings.grow)
    return [compiled(torch.ones(2)) for _ in range(3)], savings.value


@program("eager", "aot_eager")
def properties_and_calls(compile):
    def use(account, x):
        first = account(x)
        graph_break()
        return first + account.reads, account.reads

    compiled = compile(use)
    account = Account(torch.ones(2))
    return [compiled(account, torch.ones(2)) for _ in range(3)]


@program("eager")
def class_and_static_methods(compile):
    def use(x):
        return Account.doubled(x) + Savings.doubled(x) + Account.halved(x)

    return compile(use)(torch.ones(2)), compile(Savings.doubled)(torch.ones(2))


@program("eager")
def operators(compile):
    def use(a, b):
        both = a + b
        graph_break()
        return both[0] + (both + a)[1] + both.grow(a.value)

    return compile(use)(Account(torch.ones(2)), Account(torch.full((2,), 3.0)))


@program("eager")
def class_body_with_a_break(compile):
    def make(x):
        class Made:
            first = x + 1
            graph_break()
            second = Account.halved(first)
            names = [name for name in ("a", "b")]

            def both(self):
                return self.first + self.second

        graph_break()
        return Made().both(), Made.names

    return compile(make)(torch.ones(2))


@program("eager")
def class_made_in_compiled_code_with_super_and_class_cell(compile):
    def make(x):
        class Child(Account):
            def grow(self, y):
                graph_break()
                return super().grow(y) + len(__class__.__name__)

        return Child(x).grow(x)

    return compile(make)(torch.ones(2))


@dataclasses.dataclass
class Point:
    x: torch.Tensor
    y: torch.Tensor
    tags: list = dataclasses.field(default_factory=list)

    def length(self):
        return (self.x**2 + self.y**2).sqrt()


@program("eager", "aot_eager")
def dataclass(compile):
    def use(point):
        length = point.length()
        graph_break()
        point.tags.append("seen")
        return length * len(point.tags)

    compiled = compile(use)
    point = Point(torch.full((2,), 3.0), torch.full((2,), 4.0))
    return compiled(point), compiled(point), point.tags


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@program("eager")
def enum_and_named_constants(compile):
    def use(x, colour):
        y = x * colour.value
        graph_break()
        return y + 1 if colour is Colour.RED else y - 1

    compiled = compile(use)
    return compiled(torch.ones(2), Colour.RED), compiled(torch.ones(2), Colour.BLUE)


class Clamp:
    """A descriptor."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        graph_break()
        return getattr(instance, self.name)

    def __set__(self, instance, value):
        graph_break()
        setattr(instance, self.name, value.clamp(max=2.0))


class Limited:
    level = Clamp()

    def __init__(self, level):
        self.level = level


@program("eager")
def descriptor(compile):
    def use(x):
        limited = Limited(x)
        limited.level = limited.level + 1.5
        return limited.level

    return compile(use)(torch.ones(2))


@program("eager")
def getattr_hooks(compile):
    class Dynamic:
        def __getattr__(self, name):
            graph_break()
            return len(name)

    def use(x, thing):
        return Account.halved(x * thing.three) + thing.fourteen

    return compile(use)(torch.ones(2), Dynamic())


@program("eager")
def slots_and_comparison(compile):
    class Slotted:
        __slots__ = ("value",)

        def __init__(self, value):
            self.value = value

        def __lt__(self, other):
            graph_break()
            return bool((self.value < other.value).all())

    def use(things, x):
        graph_break()
        return [thing.value + x for thing in sorted(things)]

    return compile(use)([Slotted(torch.full((2,), float(n))) for n in (3, 1, 2)], torch.ones(2))
