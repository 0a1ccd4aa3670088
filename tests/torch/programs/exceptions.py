"""Exceptions in compiled and in resumed code: the same type, text and traceback, line by line."""

import torch
from harness import program
from torch._dynamo import graph_break


def fail(x):
    raise ValueError(f"shape {tuple(x.shape)}")


def deep(x, depth):
    if depth == 0:
        graph_break()
        fail(x)
    return deep(x + 1, depth - 1)


def caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@program("eager", "aot_eager")
def raised_in_compiled_code(compile):
    def divide(x, y):
        z = x + y
        graph_break()
        return z / {}["missing"]

    return caught(compile(divide), torch.ones(2), torch.ones(2))


@program("eager", "aot_eager", "inductor")
def raised_in_resumed_code(compile):
    def resumed(x):
        y = x * 2
        graph_break()
        z = y + 1
        graph_break()
        fail(z)

    return caught(compile(resumed), torch.ones(3))


@program("eager", "aot_eager")
def raised_by_an_operation(compile):
    def product(x, y):
        z = x * 2
        graph_break()
        return z @ y

    return caught(compile(product), torch.ones(2, 3), torch.ones(2, 3))


@program("eager")
def raised_deep_inside(compile):
    return caught(compile(deep), torch.ones(2), 4)


@program("eager", "aot_eager")
def raised_and_chained(compile):
    def chained(x):
        try:
            deep(x, 1)
        except ValueError as error:
            raise RuntimeError("second") from error

    def unchained(x):
        try:
            deep(x, 2)
        except ValueError:
            graph_break()
            [][1]

    return [caught(compile(function), torch.ones(2)) for function in (chained, unchained)]


@program("eager")
def raised_in_finally_and_with_notes(compile):
    def finishing(x):
        try:
            deep(x, 2)
        except ValueError as error:
            error.add_note("a note")
            raise
        finally:
            x = x + 1
            graph_break()

    return caught(compile(finishing), torch.ones(2))


@program("eager")
def raised_again_and_again(compile):
    """The traceback grows by one call each time: the frames of earlier calls are left in it."""

    def again(x, error):
        graph_break()
        raise error

    compiled, error = compile(again), ValueError("the same")
    for _ in range(3):
        assert caught(compiled, torch.ones(2), error) is error
    return error


@program("eager", "aot_eager")
def caught_inside(compile):
    def trying(x, keys):
        found = []
        table = {"a": 1}
        for key in keys:
            try:
                found.append(lookup(x, table, key))
            except KeyError as error:
                found.append(repr(error))
        return x * len(found), found

    def lookup(x, table, key):
        y = x * 2
        graph_break()
        return y * table[key]

    return compile(trying)(torch.ones(2), ("a", "b", "a", "c"))


@program("eager")
def group_of_exceptions(compile):
    def grouped(x):
        graph_break()
        raise ExceptionGroup("several", [ValueError(str(x.shape)), KeyError("k")])

    def split(x):
        count = 0
        try:
            grouped(x)
        except* ValueError as group:
            graph_break()
            count = len(group.exceptions)
        return count

    return caught(compile(split), torch.ones(2))


@program("eager")
def system_exit_and_keyboard_interrupt(compile):
    def leave(x, error):
        y = x + 1
        graph_break()
        raise error

    compiled, seen = compile(leave), []
    for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
        try:
            compiled(torch.ones(2), error)
        except BaseException as caught_one:
            seen.append(caught_one)
    return seen


@program("eager")
def recursion_error(compile):
    @torch._dynamo.disable
    def more():
        nonlocal levels
        levels -= 1
        return levels > 0

    def endless(x):
        y = x + 1
        return endless(y) if more() else y

    # Everything is compiled before there is no room left for it.
    compiled, levels = compile(endless), 5
    compiled(torch.ones(2))
    levels = 10**6
    try:
        compiled(torch.ones(2))
    except RecursionError as error:
        depth = 0
        traceback = error.__traceback__
        while traceback:
            depth += traceback.tb_frame.f_code.co_name == "endless"
            traceback = traceback.tb_next
        return type(error).__name__, depth


@program("eager")
def refused_graph_break(compile):
    def broken(x):
        y = x + 1
        graph_break()
        return y

    error = caught(compile(broken, fullgraph=True), torch.ones(2))
    return type(error).__name__, str(error).splitlines()[0], compile(broken)(torch.ones(2))


@program("eager")
def raised_by_a_backend(compile):
    def graph_fails(graph, inputs):
        raise NotImplementedError("this backend compiles nothing")

    def function(x):
        return x + 1

    error = caught(torch.compile(function, backend=graph_fails), torch.ones(2))
    working = compile(lambda x: x + 2)(torch.ones(2))
    return type(error).__name__, type(error.__cause__).__name__, working


@program("eager")
def raised_by_wrong_arguments(compile):
    def function(x, /, y, *, z=1):
        graph_break()
        return x + y + z

    compiled = compile(function)
    wrong = [caught(compiled), caught(compiled, torch.ones(2)), caught(compiled, 1, 2, 3)]
    return compiled(torch.ones(2), 2), wrong


@program("eager")
def unbound_local(compile):
    def sometimes(x, bind):
        if bind:
            name = x + 1
        graph_break()
        return name

    compiled = compile(sometimes)
    return compiled(torch.ones(2), True), caught(compiled, torch.ones(2), False)
