"""What it costs to take a frame over, and to read its locals without a dict: a part of `make bench`."""

import json
import statistics

import callgrind
from builds import ROOT

CALLS, COUNTED_CALLS = 12_000, 1_000
READINGS, COUNTED_READINGS = 20_000, 1_000
SCRIPT, SCRIPT_IN_PYTHON = "hooks/measure.py", "hooks/callbacks.py"
SHOWN = ("none", "hook", "hook, chained", "shadow", "shadow, function shared", "in place", "in place, bigger", "code hook")
CALLBACK_WAYS = ("excluded by `only`", "declined", "replaced")
TAKEN_OVER = """## Taking a frame over

What a call of a Python function takes, called from C, in ns and in instructions: with no hook, and what each hook adds to one that
does nothing. Medians of rounds in which all take turns in one process. All find the code to run with the code object
(a code extra), so that "shadow" is what PyTorch's way costs with that lookup.

- **hook**: does nothing. **hook, chained**: installed with `PyFrameShim_InstallHook`, and passes frames on.
- **shadow**: a second frame and a copy of the function, by the functions of `cpython_defs.h`, as PyTorch does it.
- **shadow, function shared**: `PyFrameShim_EvalCode` where it has to push a second frame.
- **in place**: `PyFrameShim_EvalCode` with other code; **bigger**: with 16 words of stack more.
- **code hook**: `PyFrameShim_InstallCodeHook`.

![a call of the function with 4 arguments](bench/price.svg)
"""
CALLBACKS = """## A hook in Python

What `pyframe_shim.evalframe` adds to a call of a Python function with 4 arguments, called from C, over a hook in C that does nothing:
in ns, and in instructions. The callback is a lambda.
"""
READ = """## Reading locals without a dict

`PyFrameShim_FillValues` beside `get_framelocals_mapping`, for a frame that is about to run, in ns; and instructions a slot.
"""


def measure(build, rounds, ask, counting):
    """By function, what was measured and counted."""
    found = {"time": ask(build, SCRIPT, "time", rounds, CALLS), "read": ask(build, SCRIPT, "read", rounds, READINGS)}
    found["callbacks"] = ask(build, SCRIPT_IN_PYTHON, "time", rounds, CALLS // 4)
    found["count"] = count(build, SCRIPT, "count", COUNTED_CALLS, "hooks_counted") if counting else {}
    found["count-callbacks"] = count(build, SCRIPT_IN_PYTHON, "count", COUNTED_CALLS, "hooks_counted") if counting else {}
    found["count-read"] = count(build, SCRIPT, "count-read", COUNTED_READINGS, "hooks_read") if counting else {}
    return found


def count(build, script, what, times, function):
    folder = build.out / "callgrind"
    done, log = callgrind.collect(build, [str(ROOT / "benches" / script), what, str(times)], function, folder)
    if done != 0:
        return {}
    # Two dumps for each entry: the first is of warming up.
    return {
        tuple(entry): callgrind.total(folder / f"dump.{2 * number + 2}") / times for number, entry in enumerate(json.loads(log.read_text()))
    }


def taken_over(found):
    """The lines of a table: a function, and what each way costs."""
    for function, ways in found["time"].items():
        cells = [function]
        for way in SHOWN:
            over, counted = ways[way]["over hook"], found["count"].get((function, way))
            if way in ("none", "hook"):
                cells.append(f"{ways[way]['ns']:.1f}" + (f" ({counted:,.0f})" if counted else ""))
            else:
                more = f" (+{counted - found['count'][function, 'hook']:,.0f})" if counted else ""
                cells.append(f"{over:+.1f}{more}")
        yield cells


def part_of_shadow(found):
    """In place as a part of what the shadow adds, for the functions that need no copy: the median."""
    parts = [ways["in place"]["over hook"] / ways["shadow"]["over hook"] for name, ways in found["time"].items() if "generator" not in name]
    return statistics.median(parts)


def read(found):
    slots = {function: number for function, _, number in found["count-read"]}
    for function, it in found["read"].items():
        counted = next((total for (name, route, _), total in found["count-read"].items() if (name, route) == (function, "values")), None)
        each = f"{counted / slots[function]:.1f}" if counted else ""
        yield [function, f"{it['values']:.1f}", f"{it['dict']:.1f}", f"{it['ratio']:.2f}", each]


def callbacks(all_results, title):
    """A row for each interpreter."""
    for results in all_results:
        counted = {way: instructions for (way,), instructions in results.hooks["count-callbacks"].items()}
        cells = [title(results)]
        for way in CALLBACK_WAYS:
            more = f" (+{counted[way] - counted['hook']:,.0f})" if counted else ""
            cells.append(f"{results.hooks['callbacks'][way]['over hook']:+.1f}{more}")
        yield cells


def document(all_results, title, markdown):
    """The tables, for every interpreter."""
    lines = [TAKEN_OVER]
    for results in all_results:
        lines += [f"### {title(results)}", "", *markdown(["function", *SHOWN], taken_over(results.hooks)), ""]
        lines += [f"In place adds {part_of_shadow(results.hooks):.2f} of what the shadow adds (median).", ""]
    lines += [CALLBACKS, *markdown(["", *CALLBACK_WAYS], callbacks(all_results, title)), "", READ]
    for results in all_results:
        lines += [
            f"### {title(results)}",
            "",
            *markdown(["function", "values", "dict", "values/dict", "instructions a slot"], read(results.hooks)),
            "",
        ]
    return "\n".join(lines)
