"""Frame objects that outlive their frames: kept by tracebacks, by sys._getframe, by functions that look around."""

import gc
import sys
import weakref

import torch
from describe import caller_frame, frame_names
from harness import program
from torch._dynamo import graph_break


def doubled(x):
    y = x * 2
    graph_break()
    return y


def names_and_kinds(frame):
    return {name: type(value).__name__ for name, value in frame.f_locals.items()}


@program("eager", "aot_eager", "inductor")
def kept_after_return(compile):
    kept = []

    def leaf(x):
        y = x + 1
        kept.append(caller_frame())
        z = y * 2
        return z

    def middle(x):
        w = leaf(x) + 1
        graph_break()
        return w

    result = compile(middle)(torch.ones(2))
    frame = kept[0]
    return result, frame_names(frame), names_and_kinds(frame), frame.f_code.co_name, frame.f_lasti > 0


@program("eager", "aot_eager")
def locals_of_a_kept_frame(compile):
    kept = []

    def look(x, y, *rest, key):
        inner = x * 2

        def cell():
            return inner + key

        kept.append(caller_frame())
        graph_break()
        total = cell() + sum(rest)
        return total + y

    result = compile(look)(torch.ones(2), 3, 4, 5, key=6)
    shown = kept[0].f_locals
    return result, {name: shown[name] for name in ("x", "y", "rest", "key", "inner") if name in shown}


@program("eager")
def kept_by_a_traceback(compile):
    def fails(x):
        doubled = x * 2
        graph_break()
        secret = doubled + 1
        graph_break()
        raise ValueError("kept")

    compiled, errors = compile(fails), []
    for n in range(3):
        try:
            compiled(torch.full((2,), float(n)))
        except ValueError as error:
            errors.append(error)
    seen = []
    for error in errors:
        traceback = error.__traceback__
        while traceback.tb_next:
            traceback = traceback.tb_next
        seen.append((frame_names(traceback.tb_frame), names_and_kinds(traceback.tb_frame)))
    gc.collect()
    return errors, seen


@program("eager")
def f_back_chain_after_return(compile):
    kept = []

    def third(x):
        kept.append(caller_frame())
        return x + 1

    def second(x):
        graph_break()
        return third(x) * 2

    def first(x):
        graph_break()
        return second(x) - 1

    compiled = compile(first)
    results = [compiled(torch.ones(2)) for _ in range(2)]
    return results, [frame_names(frame) for frame in kept], kept[0] is kept[1]


@program("eager")
def stack_seen_from_compiled_code(compile):
    seen = []

    def look():
        seen.append(frame_names(sys._getframe(1)))

    def inner(x):
        look()
        return x + 1

    def outer(x):
        y = inner(x)
        look()
        return inner(y)

    return compile(outer)(torch.ones(2)), seen


@program("eager")
def cleared_by_hand(compile):
    kept = []

    def keep(x):
        big = x * 2
        kept.append((caller_frame(), weakref.ref(big)))
        graph_break()
        return big.sum()

    result = compile(keep)(torch.ones(2))
    frame, reference = kept[0]
    before = sorted(frame.f_locals)
    frame.clear()
    return result, before, sorted(frame.f_locals), reference() is None


@program("eager", "aot_eager")
def nothing_is_left_behind(compile):
    class Token:
        def __mul__(self, other):
            return other

    def use(x, token):
        y = doubled(token * x)
        try:
            raise ValueError(token)
        except ValueError:
            graph_break()
        return doubled(y)

    compiled, references = compile(use), []
    for _ in range(4):
        token = Token()
        references.append(weakref.ref(token))
        compiled(torch.ones(2), token)
        del token
    torch._dynamo.reset()
    gc.collect()
    return [reference() is None for reference in references]


@program("eager")
def references_do_not_grow(compile):
    marker = ["marker"]

    def use(x, thing, key=None):
        y = x + len(thing)

        def cell():
            return thing, key

        graph_break()
        return y, cell

    compiled = compile(use)
    compiled(torch.ones(2), marker, key=marker)
    gc.collect()
    before = sys.getrefcount(marker)
    for _ in range(50):
        compiled(torch.ones(2), marker, key=marker)
    gc.collect()
    return sys.getrefcount(marker) - before


@program("eager")
def finalizer_looks_around(compile):
    seen = []

    class Watcher:
        def __del__(self):
            seen.append(frame_names(sys._getframe(1))[:2])

    def use(x):
        watcher = Watcher()
        graph_break()
        del watcher
        y = x + 1
        graph_break()
        return y

    def holder(x):
        watcher = Watcher()
        graph_break()
        return x * 2, bool(watcher)

    results = compile(use)(torch.ones(2)), compile(holder)(torch.ones(2))
    return results, seen


@program("eager")
def frame_in_a_cycle(compile):
    references = []

    class Thing:
        pass

    def cyclic(x):
        thing = Thing()
        references.append(weakref.ref(thing))
        thing.frame = caller_frame()
        graph_break()
        return doubled(x)

    compiled = compile(cyclic)
    results = [compiled(torch.ones(2)) for _ in range(3)]
    alive = [reference() is not None for reference in references]
    gc.collect()
    return results, alive, [reference() is None for reference in references]


@program("eager")
def traced_and_profiled(compile):
    events = []

    def use(x):
        y = x + 1
        graph_break()
        return y * 2

    def profile(frame, event, argument):
        if frame.f_code.co_filename == __file__ and event in ("call", "return"):
            events.append((event, frame.f_code.co_name))

    compiled = compile(use)
    compiled(torch.ones(2))
    sys.setprofile(profile)
    try:
        result = compiled(torch.ones(2))
    finally:
        sys.setprofile(None)
    return result, events


@program("eager")
def locals_and_globals_calls(compile):
    def use(x):
        y = x + 1
        graph_break()
        shown = sorted(locals())
        exec("z = 3")
        return y * eval("2"), shown, "use" in globals()

    return compile(use)(torch.ones(2))
