"""A compiler that splits functions at calls, as Dynamo does where it cannot go on, and resumes them behind the call.

    resume.py

Each statement of a function that is a call, or assigns one to a name, ends a part. The parts before it compute the call; a resume
function of its own goes on with what the locals hold. Here the parts only note down that they ran; a real compiler would
compile them.
"""

import ast
import inspect
import textwrap

import frame_compiler

log = []


def is_break(statement):
    """Whether the function is left here: a call, alone or assigned to a name."""
    return isinstance(statement, (ast.Expr, ast.Assign)) and isinstance(statement.value, ast.Call)


def parts(body):
    """The statements up to each call, with the call."""
    part = []
    for statement in body:
        part.append(statement)
        if is_break(statement):
            yield part
            part = []
    if part:
        yield part


def split(function):
    """A function that runs the same statements in parts, each by a function of its own; None where that is not worth it."""
    if getattr(function, "__closure__", None) or function.__module__ != "__main__" or function.__name__ not in wanted:
        return None
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    pieces = list(parts(definition.body))
    names = sorted({node.id for node in ast.walk(definition) if isinstance(node, ast.Name)} & set(function.__code__.co_varnames))
    known = [argument.arg for argument in definition.args.args]
    namespace, source = {**function.__globals__, "log": log}, []
    for number, piece in enumerate(pieces):
        name = function.__name__ if number == 0 else f"{function.__name__}_resume_{number}"
        live = known if number == 0 else [f"{local}=None" for local in names]
        source.append(f"def {name}({', '.join(live)}):")
        source.append(f"    log.append({name!r})")
        source += [textwrap.indent(ast.unparse(statement), "    ") for statement in piece]
        if number + 1 < len(pieces):
            passed = ", ".join(f"{local}={local}" for local in known_after(names, known, pieces[: number + 1]))
            source.append(f"    return {function.__name__}_resume_{number + 1}({passed})")
    exec(compile("\n".join(source), f"<parts of {function.__name__}>", "exec"), namespace)
    return namespace[function.__name__]


def known_after(names, arguments, pieces):
    """The locals that have a value behind these statements."""
    stored = {
        node.id
        for piece in pieces
        for it in piece
        for node in ast.walk(it)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return [name for name in names if name in stored or name in arguments]


def total(items, tax):
    goods = sum(items)
    fee = max(goods * tax, 5)
    print("goods", goods)
    return goods + fee


def main():
    plain = total([10, 20], 0.5)
    frame_compiler.set(split)
    split_result = [total([10, 20], 0.5) for _ in range(2)]
    frame_compiler.set(None)
    print(plain, split_result, log)


wanted = {"total"}
if __name__ == "__main__":
    main()
