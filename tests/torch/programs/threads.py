"""Compiled code in several threads at once, each with a data stack of its own."""

import concurrent.futures
import contextvars
import sys
import threading

import torch
from harness import program
from torch._dynamo import graph_break


def step(x, n):
    y = x + n
    graph_break()
    return y * 2


def in_threads(work, count):
    results, threads = [None] * count, []
    for n in range(count):

        def run(n=n):
            results[n] = work(n)

        threads.append(threading.Thread(target=run))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@program("eager", "aot_eager")
def one_function_in_many(compile):
    compiled, x = compile(step, dynamic=True), torch.ones(2)
    compiled(x, 2)
    compiled(x, 3)

    def work(n):
        return [compiled(x, n + 2) for _ in range(50)][-1]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        return in_threads(work, 6)
    finally:
        sys.setswitchinterval(interval)


@program("eager")
def compiled_in_a_thread(compile):
    results = []

    def work():
        results.append(compile(step)(torch.ones(2), 3))

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    return results


@program("eager")
def pool_of_workers(compile):
    compiled = compile(step, dynamic=True)
    compiled(torch.ones(2), 2)
    compiled(torch.ones(2), 3)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return list(pool.map(lambda n: compiled(torch.ones(2), n + 2), range(20)))


@program("eager")
def exceptions_in_threads(compile):
    def fails(x, n):
        y = x + n
        graph_break()
        raise ValueError(f"{n} {y.shape[0]}")

    compiled = compile(fails, dynamic=True)

    def work(n):
        try:
            compiled(torch.ones(2), n + 2)
        except ValueError as error:
            return str(error), error.__traceback__.tb_next is not None

    return [work(0), work(1), *in_threads(work, 4)]


@program("eager")
def frames_that_outlive_their_thread(compile):
    from describe import caller_frame, frame_names

    kept = []

    def keep(x):
        kept.append(caller_frame())
        graph_break()
        return x + 1

    compiled = compile(keep)
    compiled(torch.ones(2))
    for _ in range(2):
        in_threads(lambda n: compiled(torch.ones(2)), 1)
    return [frame_names(frame)[:1] for frame in kept], [sorted(frame.f_locals) for frame in kept]


@program("eager")
def generator_handed_between_threads(compile):
    def produce(x):
        for n in range(4):
            graph_break()
            yield x + n

    generator, results = produce(torch.ones(2)), []
    compiled = compile(lambda: next(generator))

    def work():
        results.append(compiled())

    for _ in range(4):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    return results


@program("eager")
def context_variables(compile):
    variable = contextvars.ContextVar("variable", default=1)

    def use(x):
        graph_break()
        return x * variable.get()

    compiled = compile(use)
    context = contextvars.copy_context()
    context.run(variable.set, 5)
    return compiled(torch.ones(2)), context.run(compiled, torch.ones(2))
