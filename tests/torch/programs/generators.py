"""Generators, iterators and coroutines, made and driven in and around compiled code."""

import asyncio
import contextlib
import itertools

import torch
from harness import program
from torch._dynamo import graph_break


def counting(x, n):
    for step in range(n):
        received = yield x + step
        if received is not None:
            x = x + received


def scaled(x):
    y = x * 2
    graph_break()
    return y + 1


@program("eager", "aot_eager", "inductor")
def consumed_by_a_loop(compile):
    def use(x):
        total = x
        for value in counting(x, 4):
            total = total + scaled(value)
        return total

    return compile(use)(torch.ones(2))


@program("eager")
def compiled_generator_function(compile):
    def produce(x, n):
        for step in range(n):
            x = scaled(x)
            yield x + step

    compiled = compile(produce)
    return list(compiled(torch.ones(2), 3)), sum(compiled(torch.ones(2), 2)), compile(scaled)(torch.ones(2))


@program("eager")
def passed_in_and_suspended(compile):
    def take(generator, x):
        first = next(generator)
        graph_break()
        second = generator.send(x)
        return first + second

    generator = counting(torch.ones(2), 9)
    compiled = compile(take)
    return compiled(generator, torch.ones(2)), compiled(generator, torch.ones(2)), generator.gi_frame.f_lineno


@program("eager")
def thrown_into_and_closed(compile):
    trail = []

    def guarded(x):
        try:
            while True:
                try:
                    yield scaled(x)
                except ValueError as error:
                    trail.append(repr(error))
                    x = x + 1
        finally:
            trail.append("closed")

    def use(x):
        generator = guarded(x)
        values = [next(generator), generator.throw(ValueError("in"))]
        graph_break()
        generator.close()
        return values

    return compile(use)(torch.ones(2)), trail


@program("eager")
def delegating(compile):
    def inner(x):
        received = yield x
        return scaled(x) + received

    def outer(x):
        result = yield from inner(x)
        yield result * 2

    def use(x):
        generator = outer(x)
        first = next(generator)
        return first, generator.send(first + 1)

    return compile(use)(torch.ones(2))


@program("eager", "aot_eager")
def generator_expressions(compile):
    def use(x, n):
        total = sum(scaled(x) * k for k in range(n))
        graph_break()
        return total, max(float(value.sum()) for value in counting(x, n)), list(zip(range(2), counting(x, 2)))

    return compile(use)(torch.ones(2), 3)


@program("eager")
def itertools_and_builtins(compile):
    def use(x):
        chained = itertools.chain(counting(x, 2), (scaled(v) for v in (x, x + 1)))
        pairs = itertools.islice(itertools.pairwise(chained), 3)
        return [a - b for a, b in pairs], list(map(scaled, [x, x * 3])), list(filter(lambda v: v.sum() > 3, counting(x, 3)))

    return compile(use)(torch.ones(2))


@program("eager")
def raising_generator(compile):
    def raising(x):
        yield scaled(x)
        raise LookupError("in a generator")

    def use(x):
        return [value for value in raising(x)]

    try:
        compile(use)(torch.ones(2))
    except LookupError as error:
        return error


@program("eager")
def unfinished_generators_are_collected(compile):
    trail = []

    def guarded(x):
        try:
            yield scaled(x)
            yield x
        finally:
            trail.append("ended")

    def use(x):
        for _ in range(3):
            x = x + next(guarded(x))
        return x

    return compile(use)(torch.ones(2)), trail


class Iterator:
    def __init__(self, x, n):
        self.x, self.n = x, n

    def __iter__(self):
        return self

    def __next__(self):
        graph_break()
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        self.x = self.x + 1
        return self.x


@program("eager")
def iterator_class(compile):
    def use(x):
        return [scaled(value) for value in Iterator(x, 3)]

    return compile(use)(torch.ones(2))


@program("eager")
def compiled_coroutine(compile):
    """Not every release can: then the error is the same."""

    async def work(x):
        y = scaled(x)
        await asyncio.sleep(0)
        return y + 1

    return asyncio.run(compile(work)(torch.ones(2)))


@program("eager", "aot_eager")
def compiled_functions_in_tasks(compile):
    compiled = compile(scaled)

    async def task(n):
        x = torch.full((2,), float(n))
        for _ in range(3):
            x = compiled(x)
            await asyncio.sleep(0)
        return x

    async def main():
        return await asyncio.gather(*(task(n) for n in range(4)))

    return asyncio.run(main())


@program("eager")
def asynchronous_generator_and_context(compile):
    @contextlib.asynccontextmanager
    async def managed(x):
        yield scaled(x)

    async def produce(x):
        for n in range(3):
            await asyncio.sleep(0)
            yield compiled(x + n)

    async def main(x):
        async with managed(x) as y:
            return [y + value async for value in produce(x)]

    compiled = compile(scaled)
    return asyncio.run(main(torch.ones(2)))


@program("eager")
def exception_in_a_coroutine(compile):
    def fails(x):
        y = x + 1
        graph_break()
        raise OSError(f"in a coroutine: {tuple(y.shape)}")

    compiled = compile(fails)

    async def failing(x):
        await asyncio.sleep(0)
        compiled(x)

    try:
        asyncio.run(failing(torch.ones(2)))
    except OSError as error:
        return error


@program("eager")
def context_manager_from_a_generator(compile):
    trail = []

    @contextlib.contextmanager
    def managed(x):
        trail.append("enter")
        try:
            yield scaled(x)
        finally:
            trail.append("exit")

    def use(x):
        with managed(x) as y, contextlib.suppress(ZeroDivisionError):
            y = y + 1
            graph_break()
            1 / 0
        return y

    return compile(use)(torch.ones(2)), trail
