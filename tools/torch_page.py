"""docs/torch.md, from the table that tools/torch_table.py reads."""

import string

VERDICTS = {
    "fits": "`install()` puts the library in place",
    "signature": "refused: `THP_PyFrame_FastToLocalsWithError` is called with one argument, where the library's takes two",
    "nothing": "refused: none of the library's functions is called",
    "no build": "the library is not built for this CPython",
}

HEAD = """# PyTorch releases

What each release of PyTorch calls of this library's functions, in the wheels for Linux on x86-64. `make torch-table` made
this page: it reads the dynamic symbols of `libtorch_python.so`, and runs nothing of PyTorch.

A call can be answered by another library if it goes through a slot that the loader fills: a PLT slot for a function, a GOT
slot for data. What a release calls of the drop-in set, it calls so. It may call a function only in another one of the set:
`THP_PyFrame_New_NoTrack`, for one, in `THP_PyFrame_MakeAndSetFrameObject`. Where both are replaced, that call is not made, nor
counted.
"""

# As torch._dynamo.eval_frame says in each release.
DYNAMO = "The verdict is about symbols. `torch.compile` itself refuses CPython 3.12 before 2.4.0, CPython 3.13 before 2.6.0, and CPython 3.14 before 2.10.0: nothing is called there."


def described(entry):
    """What tells one set of symbols from another."""
    return tuple(tuple(entry[what]) for what in ("called", "data", "others"))


def code(names):
    return ", ".join(f"`{name}`" for name in names) or "-"


def page(table):
    minors = sorted({minor for entries in table.values() for minor in entries}, key=lambda minor: int(minor.split(".")[1]))
    letters = {}
    for entries in table.values():
        for entry in entries.values():
            letters.setdefault(described(entry), string.ascii_uppercase[len(letters)])
    lines = [HEAD, "| PyTorch | " + " | ".join(f"CPython {minor}" for minor in minors) + " |", "| --- |" + " --- |" * len(minors)]
    for release, entries in reversed(table.items()):
        cells = (f"{entries[minor]['verdict']} ({letters[described(entries[minor])]})" if minor in entries else "" for minor in minors)
        lines.append(f"| {release} | " + " | ".join(cells) + " |")
    given = {entry["verdict"] for entries in table.values() for entry in entries.values()}
    lines += ["", *(f"- *{name}*: {meaning}." for name, meaning in VERDICTS.items() if name in given)]
    lines += [
        "",
        DYNAMO,
        "",
        "| set | functions called | data read | of PyTorch's own, reached the same way |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {letter} | {' | '.join(map(code, found))} |" for found, letter in letters.items()]
    return "\n".join(lines) + "\n"
