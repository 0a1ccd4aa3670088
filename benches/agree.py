"""Whether every implementation gives the same answers, which is what makes comparing them fair.

agree.py    prints what was compared; the exit code is 1 if anything differs
"""

import gc
import sys

import bench
import shapes

FIELDS = ("code", "globals", "builtins", "name", "qualname", "defaults", "kwdefaults", "closure", "doc", "dict", "module")
STALE = {"a0": "stale", "c0": "stale", "u0": "stale", "f0": "stale", "other": "kept"}


def same(name, mine, theirs):
    """Equal, and the same objects where they are values of a mapping."""
    if isinstance(mine, dict):
        return mine.keys() == theirs.keys() and all(mine[key] is theirs[key] for key in mine)
    return mine == theirs


def locals_answers(name, shape):
    """By what was asked: f_locals, the flag, the pointer and the slots; the mapping."""
    world = shape.world()
    existing = bench.fast_to_locals(name, world, dict(STALE))
    answers = {"existing dict": existing[0], "state": existing[1:]}
    # Again and again: who remembers what the code looked like has to be right each time.
    for time in range(4):
        fresh = bench.fast_to_locals(name, world, None)
        answers |= {f"fresh dict, {time}": fresh[0], f"state, {time}": fresh[1:], f"mapping, {time}": bench.mapping(name, world)}
    return answers


def function_answers(name, shape):
    function, answers = shape.function, {}
    function.note = shape  # in its dict
    renamed = function.__code__.replace(co_name="renamed", co_qualname="where.renamed")
    for what, code in (("copy", function.__code__.replace()), ("copy, renamed", renamed)):
        copy = bench.copy_function(name, shape.world(), code)
        answers[what] = [getattr(copy, f"__{field}__", None) for field in FIELDS] + [type(copy), gc.is_tracked(copy)]
    try:
        bench.copy_function(name, shape.world(), (lambda: shape).__code__ if not function.__closure__ else (lambda: 0).__code__)
        answers["closure that does not fit"] = "copied"
    except ValueError:
        answers["closure that does not fit"] = ValueError
    return answers


def survivor_answers(name, shape):
    """What a frame object shows once its frame is gone."""
    frame = bench.survivor(name, shape.world())
    shown = {} if shape.namespace is not None else dict(frame.f_locals)
    return {
        "survivor": shown,
        "survivor's place": (frame.f_code, frame.f_lasti, frame.f_lineno, frame.f_back is sys._getframe(), gc.is_tracked(frame)),
    }


def answers(name, shape):
    result = locals_answers(name, shape) | function_answers(name, shape)
    return result | survivor_answers(name, shape) if shape.executed else result


def count_of(values):
    return [sys.getrefcount(value) for value in values]


def leaks(name, shape, operation):
    """What many repetitions of an operation leave behind: references to what the frame holds, and the data stack."""
    values = [value for value in (*shape.slots, *(shape.function.__closure__ or ()), shape.function, shape.function.__code__)]
    values = [value for value in values if value is not shapes.EMPTY]
    before = count_of(values), bench.stack()
    world = shape.world(existing=None if shape.namespace else {}, depth=100)
    bench.counted(operation, name, world, 100)
    del world
    after = count_of(values), bench.stack()
    return [] if before == after else [f"{name}: {operation}: {shape.name}: references or the data stack are not what they were"]


def compare(shape, others):
    problems, compared, mine = [], 0, answers("shim", shape)
    for other in others:
        theirs = answers(other, shape)
        compared += len(mine)
        for what, answer in mine.items():
            if not same(what, answer, theirs[what]):
                problems.append(f"{what}: {shape.name}: the shim says {answer}, the {other} {theirs[what]}")
    return problems, compared


def main():
    gc.disable()
    problems, compared, repeated = [], 0, 0
    for shape in (*shapes.all_shapes(), *shapes.odd_shapes()):
        found, count = compare(shape, ["baseline"])
        problems, compared = problems + found, compared + count
        for operation in bench.operations():
            if "fresh" in operation and shape.namespace is not None:
                continue  # a class body always has its namespace
            for name in ("shim", "baseline"):
                problems += leaks(name, shape, operation)
                repeated += 1
    for problem in problems:
        print(problem[:2000])
    print(f"{compared} answers compared, {repeated} operations repeated, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
