"""What objects are shown as. Nothing that a program defines is called: an image must not change what it shows."""

import types

NAME = type.__dict__["__qualname__"].__get__
MODULE = type.__dict__["__module__"].__get__
BASES = type.__dict__["__mro__"].__get__
ROOM, ITEMS, DEPTH = 40, 4, 2
# Types whose own text is short, and says what there is to know.
PLAIN = (bool, type(None), type(Ellipsis), type(NotImplemented), float, complex)
BRACKETS = {list: "[]", tuple: "()", set: "{}", frozenset: ("frozenset({", "})")}


def type_name(thing):
    """The name of an object's type, with its module unless it is built in."""
    kind = type(thing)
    module = MODULE(kind)
    return NAME(kind) if type(module) is not str or module in ("builtins", "types") else f"{module}.{NAME(kind)}"


def brief(thing, room=ROOM, depth=DEPTH):
    """An object in so many characters."""
    text = described(thing, depth)
    return text if len(text) <= room else text[: room - 1] + "…"


def described(thing, depth):
    kind = type(thing)
    if kind in PLAIN:
        return repr(thing)
    if kind is int:
        return repr(thing) if thing.bit_length() < 200 else f"<int of {thing.bit_length():,} bits>"
    if kind in (str, bytes):
        return repr(thing[:ROOM]) + ("…" if len(thing) > ROOM else "")
    if kind in BRACKETS:
        return items(thing, BRACKETS[kind], depth)
    if kind is dict:
        return mapping(thing, depth)
    if kind is types.FunctionType or kind is types.CodeType:
        name = thing.__qualname__ if kind is types.FunctionType else thing.co_qualname
        return f"<{type_name(thing)} {name}>"
    if kind is types.BuiltinFunctionType:
        return f"<built-in {thing.__name__}>"
    if kind is types.ModuleType:
        # Not get(): that may compare keys.
        names = types.ModuleType.__getattribute__(thing, "__dict__")
        name = next((value for key, value in [*names.items()] if type(key) is str and key == "__name__"), None)
        return f"<module {name}>" if type(name) is str else "<module>"
    # Not isinstance(): that asks an object for its __class__.
    # Types that CPython itself has not made ready have none.
    if any(base is type for base in BASES(kind) or ()):
        return f"<class {NAME(thing)}>"
    return f"<{type_name(thing)}>"


def items(thing, brackets, depth):
    before, after = brackets
    if not thing:
        return f"{kind}()" if (kind := type(thing).__name__) in ("set", "frozenset") else before + after
    if depth == 0:
        return f"{before}…{after}"
    shown = [described(item, depth - 1) for item in first(thing)]
    comma = "," if type(thing) is tuple and len(thing) == 1 else ""
    return before + ", ".join(shown) + (", …" if len(thing) > len(shown) else "") + comma + after


def mapping(thing, depth):
    if not thing or depth == 0:
        return "{…}" if thing else "{}"
    keys = first(thing)
    # Not thing[key]: that may compare keys, and a program defines how.
    values = first(thing.values())
    shown = [f"{described(key, depth - 1)}: {described(value, depth - 1)}" for key, value in zip(keys, values)]
    return "{" + ", ".join(shown) + (", …" if len(thing) > len(shown) else "") + "}"


def first(things):
    """The first few; another thread may change them meanwhile."""
    try:
        return [item for item, _ in zip(things, range(ITEMS))]
    except RuntimeError:
        return []
