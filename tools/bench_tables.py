"""The tables of the benches, on the terminal and in docs/bench.md."""

import bench_hooks
from bench_results import nanoseconds, number
from console import say

HEAD = ("operation", "on", "shim ns", "baseline ns", "shim/baseline", "shim/torch", "shim/floor", "instructions", "to baseline", "to torch")
CALLS = ("function", "plain ns", "watched ns", "taken over ns", "watched/plain", "taken over/watched")
BOUNDARY = ("function", "elsewhere ns", "at a chunk's end ns", "there, with the cache ns", "end/elsewhere", "cache/elsewhere", "cache/end")


def other(row, name):
    """A ratio, or why there is none."""
    if name not in row.names:
        return "" if name == "floor" else row.note(name)
    return str(row.ratio(name)) + ("*" if name in row.differing else "")


def counted(row, name):
    ratio = row.counted(name)
    return "" if ratio is None else number(ratio) + ("*" if name in row.differing else "")


def operations(results):
    for row in results.rows:
        instructions = row.instructions.get("shim")
        yield (
            row.operation,
            row.shape,
            nanoseconds(row.time("shim")),
            nanoseconds(row.time("baseline")),
            other(row, "baseline"),
            other(row, "torch") if results.torch else "",
            other(row, "floor"),
            "" if instructions is None else f"{instructions:,.0f}",
            counted(row, "baseline"),
            counted(row, "torch"),
        )


def calls(results):
    for call in results.calls:
        if not call.boundary:
            times = [nanoseconds(call.time(way)) for way in call.ways]
            yield call.function, *times, str(call.ratio("watched", "plain")), str(call.ratio("taken over", "watched"))


def boundary(results):
    for call in results.calls:
        if call.boundary:
            times = [nanoseconds(call.time(way)) for way in call.ways]
            pairs = (("end", "middle"), ("end, cache", "middle"), ("end, cache", "end"))
            yield call.function, *times, *(str(call.ratio(*pair)) for pair in pairs)


def columns(head, lines):
    """Those that have something in them."""
    lines = list(lines)
    used = [place for place in range(len(head)) if any(line[place] for line in lines)]
    return [head[place] for place in used], [[line[place] for place in used] for line in lines]


def plain(head, lines):
    head, lines = columns(head, lines)
    widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
    texts = 2 if head[0] == "operation" else 1
    for line in (head, *lines):
        cells = (cell.ljust(width) if place < texts else cell.rjust(width) for place, (cell, width) in enumerate(zip(line, widths)))
        yield "  ".join(cells).rstrip()


def markdown(head, lines):
    head, lines = columns(head, lines)
    texts = 2 if head[0] == "operation" else 1
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' if place < texts else '---:' for place in range(len(head)))} |"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def verdicts(results):
    """In how many rows the shim is faster, and where it is not."""
    for name, text in (("baseline", "the baseline"), ("torch", "PyTorch, with the same answer")):
        rows = [(row, row.ratio(name)) for row in results.comparable(name)]
        if not rows:
            continue
        faster = sum(ratio.third < 1 for _, ratio in rows)
        slower = [(row, ratio) for row, ratio in rows if ratio.first > 1]
        text = f"Of {len(rows)} rows measured beside {text}, the shim takes less time in {faster}, about the same in "
        text += f"{len(rows) - faster - len(slower)} (1 lies between the quartiles), and more in {len(slower)}"
        listed = "; ".join(f"{row.operation}, {row.shape}: {number(ratio.median)}" for row, ratio in slower)
        yield text + (f": {listed}." if listed else ".")


def parts(results):
    yield "", HEAD, operations(results)
    yield "Calls from C:", CALLS, calls(results)
    kept = "The chunk cache keeps 8 chunks:" if results.cache else "This CPython keeps a chunk itself, so the chunk cache does nothing:"
    yield f"Calls at the end of a chunk. {kept}", BOUNDARY, boundary(results)


def title(results):
    return f"CPython {results.python.name}" + (f", PyTorch {results.torch}" if results.torch else "")


def show(results):
    say(f"\n{title(results)}\n")
    for text, head, lines in parts(results):
        say("\n".join([*([text] if text else []), *plain(head, lines), ""]))
    for verdict in verdicts(results):
        say(verdict)
    say("\n".join(["", *plain(["function", *bench_hooks.SHOWN], bench_hooks.taken_over(results.hooks)), ""]))


INTRODUCTION = """# Benches

`{command}` wrote this on {machine}. [benches/README.md](../benches/README.md) says how it is made.

Each figure is a ratio of times, the shim's to another's: **below 1 the shim is faster**. Both take turns in one process, in
{rounds} rounds over {processes} process{es}; the ratio is the median of the rounds' own, and in brackets are its quartiles.

- **baseline**: the same answers in plain C, written straightforwardly against CPython's internal headers.
- **torch**: the symbols of PyTorch's own library. `*`: it gives another answer, so the times are of other work. "crashes":
  its frame objects on 3.13 have an unset field, which their end reads.
- **floor**: nothing but making the dict and inserting the names, one by one; who is below it makes the dict otherwise.
- **instructions**: of the shim, per repetition, counted by callgrind; and their ratio to the others'.

![ratios](bench/ratios.svg)

`make bench` also draws cost against size, into `target/bench`: slots, cells, depth at a chunk's end, and frames pushed at once.
Beside the pictures, `3.12.csv` and its like have every figure.
"""


def document(all_results, facts):
    lines = [INTRODUCTION.format(**facts), bench_hooks.document(all_results, title, markdown)]
    for results in all_results:
        lines += [f"## {title(results)}", "", *(line + "\n" for line in verdicts(results))]
        for text, head, body in parts(results):
            lines += [*([text, ""] if text else []), *markdown(head, body), ""]
    return "\n".join(lines)
