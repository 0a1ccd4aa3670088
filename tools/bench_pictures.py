"""The pictures of the benches: ratios of all operations, the price of a hook, and cost against size.

matplotlib draws them; it is installed from PyPI into .tools, once for each Python that runs the tools.
"""

import importlib
import statistics
import sys

import pypi
from builds import ROOT
from console import Step

PLACE = ROOT / ".tools" / f"matplotlib-{sys.implementation.cache_tag}"
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pyframe-shim",  # the same picture of the same figures
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.titlesize": 10,
    "legend.frameon": False,
}
# Told apart without colours too, by their marks.
LOOKS = {"shim": ("#0b6bcb", "o", "-"), "baseline": ("#d1495b", "s", "-"), "torch": ("#e08e0b", "^", "--"), "floor": ("#8a8a8a", "", ":")}
UNITS = {"slots": "bound slots", "cells": "cells", "depth": "frames pushed at once", "boundary": "frames below"}
# Ways to call a function: their name in the benches, and what a reader calls them.
PRICES = (
    ("none", "no hook", "#8a8a8a"),
    ("hook", "a hook that does nothing", "#8a8a8a"),
    ("in place", "runs other code in place", "#0b6bcb"),
    ("code hook", "the same, as a code hook", "#0b6bcb"),
    ("shadow", "in a second frame, as PyTorch", "#e08e0b"),
)
TICKS = (0.01, 0.1, 0.5, 1, 2)
TITLES = {
    "slots": "Fast to locals into a fresh dict",
    "cells": "Fast to locals of cells into a fresh dict",
    "depth": "Push so many and pop them, for each frame",
    "boundary": "Push and pop at a chunk's end",
}


def ensure():
    """pyplot, installed if need be."""
    pypi.ensure((sys.executable,), *pypi.pinned("matplotlib"), PLACE, "matplotlib")
    sys.path.insert(0, str(PLACE))
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update(STYLE)
    return importlib.import_module("matplotlib.pyplot")


def save(pyplot, figure, path):
    figure.savefig(path, bbox_inches="tight", facecolor="white", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def panels(pyplot, all_results, width, height):
    """An empty picture for each interpreter, side by side."""
    figure, axes = pyplot.subplots(1, len(all_results), figsize=(width * len(all_results), height), sharex=True, sharey=True, squeeze=False)
    for axis, results in zip(axes[0], all_results):
        axis.set_title(f"CPython {results.python.minor}" + (f", PyTorch {results.torch}" if results.torch else ""))
        axis.grid(True, which="major", color="#e4e4e4", linewidth=0.6)
        axis.set_axisbelow(True)
    return figure, axes[0]


def handles_of(axes):
    """What is drawn in any of the panels, for one legend."""
    handles = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels())}
    return handles.values(), handles.keys()


def ratios(pyplot, all_results, path):
    """A dot for each operation: how the shim's time compares, with its quartiles."""
    rows = all_results[0].rows
    figure, axes = panels(pyplot, all_results, 3.1, 0.19 * len(rows) + 1)
    axes[0].set_yticks(range(len(rows)), [f"{row.operation}:  {row.shape}" for row in rows], fontsize=7.5)
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    axes[0].set_xscale("log")
    for axis, results in zip(axes, all_results):
        for name, shift in (("baseline", -0.12), ("torch", 0.16)):
            places = [
                (place + shift, row.ratio(name))
                for place, row in enumerate(results.rows)
                if name in row.names and name not in row.differing
            ]
            if places:
                heights, found = zip(*places)
                color, mark, _ = LOOKS[name]
                axis.hlines(heights, [r.first for r in found], [r.third for r in found], color=color, linewidth=2, alpha=0.35)
                axis.plot([r.median for r in found], heights, mark, color=color, markersize=3.6, label=f"shim / {name}")
        axis.axvline(1, color="#333333", linewidth=1)
        axis.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axis.minorticks_off()
        axis.tick_params(axis="y", left=False)
        for place in range(1, len(rows)):
            if rows[place].operation != rows[place - 1].operation:
                axis.axhline(place - 0.5, color="#bbbbbb", linewidth=0.6)
    axes[len(axes) // 2].set_xlabel("ratio of times: below 1, left of the line, the shim is faster")
    axes[0].set_xlim(right=max(3, axes[0].get_xlim()[1]))
    axes[0].legend(*handles_of(axes), loc="lower right", bbox_to_anchor=(0, 1), fontsize=8.5)
    save(pyplot, figure, path)


def time_label(nanoseconds, _):
    for unit in ("ns", "\N{MICRO SIGN}s", "ms"):
        if nanoseconds < 1000 or unit == "ms":
            return f"{nanoseconds:g} {unit}"
        nanoseconds /= 1000


def curve(pyplot, all_results, which, path):
    """Time against size, for each implementation."""
    figure, axes = panels(pyplot, all_results, 3.2, 2.8)
    axes[0].set_xscale("log")
    axes[0].set_yscale("log")
    for axis, results in zip(axes, all_results):
        for name in ("floor", "torch", "baseline", "shim"):
            measured = [row for row in results.points if row.curve == which and name in row.names]
            if measured:
                color, mark, line = LOOKS[name]
                look = {"marker": mark, "linestyle": line, "color": color, "markersize": 3.5, "linewidth": 1.4}
                axis.plot([row.size for row in measured], [row.time(name) for row in measured], label=name, **look)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_major_formatter(time_label)
        axis.minorticks_off()
        axis.set_xlabel(UNITS[which])
    axes[0].legend(*handles_of(axes), loc="best", fontsize=8)
    figure.suptitle(TITLES[which], y=1.03, fontsize=11)
    save(pyplot, figure, path)


def price(pyplot, all_results, path):
    """What a call of a function with 4 arguments takes: without a hook, and with each way to have one. The bar is the median of the
    interpreters, the line goes from the least to the most."""
    figure, axis = pyplot.subplots(figsize=(5.6, 1.75))
    for place, (way, _, color) in enumerate(PRICES):
        found = [taken(results.hooks["time"]["4 arguments"], way) for results in all_results]
        least, most = min(found), max(found)
        axis.barh(place, statistics.median(found), color=color, height=0.62)
        axis.hlines(place, least, most, color="#222222", linewidth=1)
        axis.annotate(f"{least:.0f} to {most:.0f} ns", (most, place), (5, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_yticks(range(len(PRICES)), [text for _, text, _ in PRICES], fontsize=8.5)
    axis.set_xlim(right=1.25 * most)
    axis.tick_params(axis="both", left=False, bottom=False, labelbottom=False)
    axis.spines["bottom"].set_visible(False)
    axis.invert_yaxis()
    names = [results.python.minor for results in all_results]
    axis.set_title(
        f"a call of a function with 4 arguments, CPython {names[0]}" + (f" to {names[-1]}" if names[1:] else ""), fontsize=9, loc="left"
    )
    save(pyplot, figure, path)


def taken(times, way):
    """In ns; what a hook adds is measured beside the one that does nothing."""
    return times[way]["ns"] if way in ("none", "hook") else times["hook"]["ns"] + times[way]["over hook"]


def draw(all_results, folder, curves):
    """The ratios and the price of a hook into one folder, a curve for each thing that can grow into another."""
    pyplot = ensure()
    with Step("drawing"):
        ratios(pyplot, all_results, folder / "ratios.svg")
        price(pyplot, all_results, folder / "price.svg")
        for which in UNITS:
            curve(pyplot, all_results, which, curves / f"{which}.svg")
