# Frames that are suspended, in generators of every sort, with cells, and ended in every way.
def g(a, b=V(1)):
    for c in (V(2), V(3)):
        yield (lambda: (a, c))
        try:
            a = yield from (a for a in (a, b) if (lambda: c))
        except Error as b:
            yield b
    del c
    yield


async def h(*a):
    async with Manager(a) as b:
        c = [(await pause(lambda: (b, d)), stop(sys._getframe(), locals())) async for d in ticks(a)]
    return c


async def i(a):
    async for b in ticks((a, V(4))):
        yield [lambda: b for a in (a, b)]


for end in ("close", "leave", "throw"):
    for steps in (0, 1, 2, 4):
        drive(call(g, V(5)), steps, end)
        drive(call(h, V(6), V(7)), steps, end)
        drive(call(i, V(8)), steps, end)
