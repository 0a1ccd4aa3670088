"""Functions of all kinds. Each returns something whose repr() is the same every time."""

import functools
import sys

SAMPLES = []


def sample(function):
    SAMPLES.append(function)
    return function


@sample
def arguments():
    def every(a, /, b, c=3, *rest, d, e=5, **others):
        return a, b, c, rest, d, e, others

    def none():
        return None

    return every(1, 2, d=4), every(1, 2, 30, 40, d=1, x=6), every(*range(20), **{"d": 1, "z": 2}), none()


@sample
def wrong_arguments():
    def two(a, b):
        return a, b

    messages = []
    for call in (lambda: two(), lambda: two(1, 2, 3), lambda: two(1, c=2), lambda: two(1, a=2)):
        try:
            call()
        except TypeError as error:
            messages.append(str(error))
    return messages


@sample
def closures():
    def outer(a, b):
        def middle(c):
            nonlocal b

            def inner(d):
                nonlocal a
                a += d
                return a, b, c, d

            b += c
            return inner

        return middle, lambda: (a, b)

    middle, look = outer(1, 2)
    return middle(3)(4), look(), middle(5)(6), look()


@sample
def cell_argument_and_default():
    def outer(a, *rest, b=2, **others):
        return lambda: (a, rest, b, sorted(others))

    return outer(1)(), outer(1, 3, b=4, c=5)()


@sample
def unbound():
    messages = []

    def outer():
        def inner():
            return late

        try:
            inner()
        except NameError as error:
            messages.append(str(error))
        late = 1
        del late
        try:
            late
        except UnboundLocalError as error:
            messages.append(str(error))

    outer()
    return messages


@sample
def many_cells():
    names = [f"v{i}" for i in range(300)]
    space = {}
    exec(f"def f({', '.join(names)}):\n def g(): return {' + '.join(names)}\n return g()", space)
    return space["f"](*range(300)), space["f"].__code__.co_stacksize > 0


@sample
def recursion():
    def ackermann(m, n):
        if m == 0:
            return n + 1
        return ackermann(m - 1, 1 if n == 0 else ackermann(m, n - 1))

    return ackermann(2, 3)


@sample
def comprehensions():
    base = 10
    return (
        [x + base for x in range(3)],
        {x: y for x, y in zip("ab", (y * base for y in range(2)))},
        sorted({x % 3 for x in range(9)}),
        [[(x, y, base) for y in range(x)] for x in range(3)],
        [f() for f in [lambda x=x: x + base for x in range(3)]],
        [f() for f in [lambda: x for x in range(3)]],
    )


@sample
def classes():
    class Base:
        total = 0

        def __new__(cls, *args):
            return super().__new__(cls)

        def __init__(self, value):
            self.value = value

        def __repr__(self):
            return f"{type(self).__name__}({self.value})"

        def __add__(self, other):
            return type(self)(self.value + other.value)

        def __eq__(self, other):
            return self.value == other.value

        def __hash__(self):
            return hash(self.value)

        def __getitem__(self, index):
            return self.value + index

        def __getattr__(self, name):
            return name.upper()

        @property
        def double(self):
            return self.value * 2

        @classmethod
        def make(cls, value):
            return cls(value)

        @staticmethod
        def static(a, b=2):
            return a, b

    class Derived(Base, metaclass=type("Meta", (type,), {"tag": property(lambda cls: cls.__name__.lower())})):
        def __init__(self, value):
            super().__init__(value + 1)

        def __call__(self, *args):
            return __class__.__name__, args

    a, b = Derived(1), Base.make(3)
    warm = [Derived(i)[i] for i in range(30)]  # specialized by then
    return a, b, a + a, b == Base(3), {b: 1}[Base(3)], b[4], b.missing, a.double, a.static(1), a(7), Derived.tag, warm


@sample
def handlers():
    log = []

    class Manager:
        def __enter__(self):
            log.append("in")
            return self

        def __exit__(self, kind, value, trace):
            log.append(kind and kind.__name__)
            return kind is KeyError

    def run(error):
        try:
            with Manager():
                if error:
                    raise error("x")
                return "returned"
        except ValueError as caught:
            try:
                raise LookupError("again") from caught
            except LookupError as second:
                return type(second.__cause__).__name__, repr(second.__context__)
        finally:
            log.append("finally")
        return "fell through"

    return run(None), run(KeyError), run(ValueError), log, sys.exc_info()


@sample
def groups():
    def split(group):
        try:
            raise group
        except* ValueError as some:
            first = [repr(error) for error in some.exceptions]
        except* TypeError as some:
            first = None
        return first

    return split(ExceptionGroup("g", [ValueError(1), ValueError(2)])), split(ExceptionGroup("g", [TypeError(1)]))


@sample
def matching():
    def kind(value):
        match value:
            case [int(first), *rest] if first:
                return "list", first, rest
            case {"key": found, **others}:
                return "dict", found, others
            case str() as text:
                return "str", text
            case _:
                return "other"

    return [kind(value) for value in ([1, 2, 3], {"key": 1, "x": 2}, "abc", 5.5, [0])]


@sample
def namespaces():
    def local_names(a, b=2):
        c = a
        before = sorted(locals())
        exec("d = a + b", {"a": a, "b": b}, space := {})
        return before, space, eval("a + c"), sorted(vars()), sorted(sys._getframe().f_locals)

    def outer(x):
        def inner(y):
            return sorted(locals()), sorted(sys._getframe().f_locals.items()), x

        return inner(2)

    return local_names(1), outer(1), "sample" in globals()


@sample
def callbacks_from_c():
    order = []
    words = sorted(["pear", "fig", "apple"], key=lambda word: (order.append(word), len(word))[1])
    folded = functools.reduce(lambda a, b: a * 10 + b, map(lambda x: x + 1, filter(lambda x: x % 2, range(8))))
    cached = functools.lru_cache(lambda n: n if n < 2 else cached(n - 1) + cached(n - 2))
    return words, order, folded, cached(30), max(range(5), key=lambda n: -n)


@sample
def generators():
    def count(n):
        got = []
        for i in range(n):
            got.append((yield i))
        return got

    def through(n):
        return (yield from count(n)), "done"

    g, values = through(3), []
    try:
        values.append(next(g))
        while True:
            values.append(g.send(len(values)))
    except StopIteration as stop:
        values.append(stop.value)
    return values, list(x * y for x in range(3) for y in count(x))


@sample
def coroutines():
    class Step:
        def __await__(self):
            return (yield "step")

    async def ticks():
        for i in range(2):
            yield i, await Step()

    async def main():
        return [pair async for pair in ticks()], await Step()

    task, sent = main(), []
    try:
        sent.append(task.send(None))
        while True:
            sent.append(task.send(len(sent)))
    except StopIteration as stop:
        return sent, stop.value


@sample
def functions_as_objects():
    def f(a: int, b: "str" = "x") -> list:
        """Doc."""
        f.calls = getattr(f, "calls", 0) + 1
        return f.__name__, f.__doc__, f.__annotations__["a"], f.__defaults__, f.calls

    @functools.wraps(f)
    def wrapped(*args, **kwargs):
        return f(*args, **kwargs)

    return f(1), wrapped(1), wrapped.__qualname__


if sys.version_info >= (3, 12):

    @sample
    def type_parameters():
        space = {}
        exec("def f[T: int](a: T) -> T: return T.__name__, a\nclass C[U]:\n def m(self): return U.__name__", space)
        return space["f"](1), space["C"]().m(), [t.__name__ for t in space["f"].__type_params__]
