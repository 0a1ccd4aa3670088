"""Functions of one signature and of every kind, each of which may run in another one's place; and what comes of calling one."""

import asyncio
import inspect


def plain(a, b=2, *rest, c=3, **more):
    return "plain", a, b, rest, c, more


def more_locals(a, b=2, *rest, c=3, **more):
    x = y = z = (a, b)
    for index in range(3):
        x = (index, x)
    return "more locals", x, y, z, rest, c, more


def cells(a, b=2, *rest, c=3, **more):
    d = [a]

    def inner():
        d.append(b)
        return a, b, d, more

    return "cells", inner(), rest, c


def generator(a, b=2, *rest, c=3, **more):
    received = yield "generator", a
    yield received, b, rest, c, more


async def coroutine(a, b=2, *rest, c=3, **more):
    await asyncio.sleep(0)
    return "coroutine", a, b, rest, c, more


async def asynchronous(a, b=2, *rest, c=3, **more):
    yield "asynchronous", a
    yield b, rest, c, more


def raising(a, b=2, *rest, c=3, **more):
    raise LookupError(a, b)


def with_closure(value, other=None):
    def closure(a, b=2, *rest, c=3, **more):
        return "closure", value, a, b, rest, c, more

    def two(a, b=2, *rest, c=3, **more):
        return "two", value, other, a, b, rest, c, more

    def generating(a, b=2, *rest, c=3, **more):
        yield value, a, b

    return closure, two, generating


closure, two_free, generating_closure = with_closure("first", "second")
FUNCTIONS = [plain, more_locals, cells, generator, coroutine, asynchronous, raising, closure, two_free, generating_closure]


def outcome(result):
    """What a call gives, whatever it is: generators and coroutines run to their end."""
    if inspect.isgenerator(result):
        return ["generator", type(result).__name__, next(result), *result]
    if inspect.iscoroutine(result):
        return ["coroutine", asyncio.run(result)]
    if inspect.isasyncgen(result):

        async def drain():
            return [item async for item in result]

        return ["asynchronous", asyncio.run(drain())]
    return result


def attempt(call):
    try:
        return outcome(call())
    except Exception as error:
        return type(error), error.args


def deeper(levels, call):
    """The call some frames further down the data stack."""
    return call() if levels == 0 else deeper(levels - 1, call)
