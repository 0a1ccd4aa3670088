"""Small functions that call look() at the places where their locals are to be looked at."""

import types

look = None
CELL = types.CellType("in a cell")
TABLE = []


def row(function):
    TABLE.append(function)
    return function


@row
def no_locals():
    look()


@row
def arguments(a=1, /, b=2, *c, d=4, **e):
    look()
    a = b = c = d = e = None
    look()


@row
def not_bound_yet():
    look()
    first = 1
    look()
    second = first
    look()
    return second


@row
def deleted(a=1, b=2):
    del a
    look()
    a = 3
    del b
    look()
    return a


@row
def argument_cells(a=1, *b, c=3, **d):
    look()
    get = lambda: (a, b, c, d)
    look()
    return get


@row
def plain_cells():
    look()
    a = 1
    look()
    b = lambda: (a, b)
    look()
    return b


@row
def deleted_cells(a=1):
    b = 2
    look()
    del a, b
    look()
    b = 4
    look()
    return lambda: (a, b)


@row
def cells_in_slots(a=CELL, b=CELL, *c, d=types.CellType()):
    e = f = CELL
    look()
    return lambda: (b, d, f)


@row
def changed_from_inside(a=1):
    def change():
        nonlocal a, b
        a, b = 2, 3
        look()

    look()
    b = 0
    change()
    look()


@row
def removed_from_inside(a=1):
    def remove():
        nonlocal a
        del a
        look()

    remove()
    look()


@row
def several_levels(a=1):
    def second(b=2):
        def third(c=3):
            def fourth():
                look()
                return a, b, c

            fourth()
            look()

        third()
        look()

    second()
    look()


@row
def empty_free_variables():
    def inner():
        look()
        return late

    try:
        inner()
    except NameError:
        late = 2
    inner()


@row
def exception_names():
    try:
        raise ValueError
    except ValueError as error:
        number = len(error.args)
        look()
    look()
    return number


@row
def with_values_on_the_stack(a=1):
    return [a, (a, look(), {"key": look(), **{"b": look()}}), *[look()]]


@row
def loops_and_targets():
    for i, (j, *k) in [(1, (2, 3)), (4, (5,))]:
        look()
        with memoryview(b"1") as view:
            look()
    while (w := i) > 4:
        look()
        i = 0
    match {"x": [1, 2]}:
        case {"x": [p, *q], **r}:
            look()
    import sys as module

    look()
    del module, view
    look()
    return lambda: (j, q)


@row
def comprehensions(n=2):
    [look() for i in range(n)]
    look()
    {look(): i for i in range(n) if not look()}
    {(look(), j) for i in range(n) for j in [i, n]}
    look()
    list(look() for i in range(n))


@row
def comprehension_over_a_local(x="mine"):
    [look() for x in "ab"]
    look()
    y = x
    [(look(), y) for y in "ab" if x]
    del y
    [look() for y in "ab"]
    look()


@row
def capturing_comprehensions(n=2):
    functions = [(look(), lambda: (i, n))[1] for i in range(n)]
    look()
    assert [function() for function in functions] == [(n - 1, n)] * n
    look()


@row
def capturing_over_a_cell(x="mine"):
    functions = [(look(), lambda: x)[1] for x in "ab"]
    look()
    assert [function() for function in functions] == ["b", "b"]
    return lambda: x


@row
def comprehension_that_raises(x="mine"):
    try:
        [(look(), lambda: x, 1 / x) for x in (1, 0)]
    except ZeroDivisionError:
        look()
    return lambda: x


@row
def nested_comprehensions(x=(1, 2)):
    [[(look(), lambda: (x, y)) for y in [x]] for x in x]
    look()


@row
def walrus():
    [(last := i, look()) for i in range(2)]
    look()
    if (last := 5) and not any((found := last) > 9 for _ in range(2)):
        look()
    return lambda: found


@row
def walrus_into_a_cell():
    [(last := i, look()) for i in range(2)]
    look()
    return lambda: last


@row
def generators(a=1):
    def generator(b=2):
        look()
        c = yield a
        look()
        yield from (look() for _ in [c, b])

    list(generator())


@row
def coroutines(a=1):
    async def awaited(b=2):
        look()
        return a, b, (lambda: b)

    async def values():
        yield 1
        look()

    async def main():
        result = await awaited()
        look()
        [look() async for value in values()]
        async for value in values():
            look()
        return result, value

    try:
        main().send(None)
    except StopIteration:
        look()


@row
def methods():
    class Base:
        def __init__(self):
            super().__init__()
            look()

        def __getattr__(self, name):
            look()
            return name

        @property
        def value(self):
            look()

    instance = Base()
    instance.value, instance.missing
    del instance
    look()


exec(
    "@row\ndef three_hundred_cells({0}):\n look()\n del a270, a10\n look()\n return lambda: ({1})".format(
        ", ".join(f"a{i}={i}" for i in range(300)), ", ".join(f"a{i}" for i in range(0, 300, 2))
    )
)


def duplicated_name(x="free"):
    """Two slots of one name: the free variable's, and that of the inlined comprehension."""

    def inner():
        look()
        [look() for x in "a"]
        look()
        return x

    inner()
    del x
    try:
        inner()
    except NameError:
        pass
