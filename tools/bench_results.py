"""What the benches have measured: medians, ratios with their spread, and the CSV files."""

import csv
import statistics

OTHERS = ("baseline", "torch", "floor")
COLUMNS = (
    "kind",
    "operation",
    "shape",
    "size",
    "implementation",
    "nanoseconds",
    "shim_ratio",
    "first_quartile",
    "third_quartile",
    "instructions",
    "rounds",
    "note",
)


class Ratio:
    """The median of the ratios of all rounds, and the quartiles around it."""

    def __init__(self, pairs):
        ratios = [ours / theirs for ours, theirs in pairs]
        self.first, self.median, self.third = statistics.quantiles(ratios, n=4)

    def __str__(self):
        return f"{number(self.median)} ({number(self.first)}-{number(self.third)})"


def number(value):
    """Three digits or so."""
    if value < 0.0995:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 9.995 else f"{value:,.0f}"


def nanoseconds(value):
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


class Row:
    """An operation on a shape, measured for several implementations in turns."""

    def __init__(self, measured, instructions):
        self.operation, self.shape, self.size = measured["operation"], measured["shape"], measured["size"]
        self.curve, self.names, self.rounds = measured["curve"], measured["names"], measured["rounds"]
        self.refused, self.differing = measured["refused"], set(measured["differing"])
        self.instructions = {name: instructions.get((self.operation, self.shape, name)) for name in self.names}

    def add(self, measured):
        """The rounds of another process."""
        self.rounds += measured["rounds"]
        self.differing |= set(measured["differing"])

    def column(self, name):
        place = self.names.index(name)
        return [each[place] for each in self.rounds]

    def time(self, name):
        return statistics.median(self.column(name))

    def ratio(self, name):
        """The shim's time to another's; None if that one was not measured."""
        return Ratio(zip(self.column("shim"), self.column(name))) if name in self.names else None

    def counted(self, name):
        """The shim's instructions to another's."""
        ours, theirs = self.instructions.get("shim"), self.instructions.get(name)
        return ours / theirs if ours is not None and theirs else None

    def note(self, name):
        if name in self.differing:
            return "another answer"
        return self.refused.get(name) or ""


class Call:
    """A function called in several ways, in turns."""

    def __init__(self, measured):
        self.function, self.ways, self.rounds = measured["function"], measured["ways"], measured["rounds"]
        self.boundary = measured.get("boundary", False)

    def add(self, measured):
        self.rounds += measured["rounds"]

    def time(self, way):
        return statistics.median(each[self.ways.index(way)] for each in self.rounds)

    def ratio(self, way, other):
        ours, theirs = self.ways.index(way), self.ways.index(other)
        return Ratio((each[ours], each[theirs]) for each in self.rounds)


class Results:
    """All that was measured on one interpreter."""

    def __init__(self, python, torch):
        self.python, self.torch, self.cache = python, torch, None
        self.rows, self.points, self.calls = [], [], []

    def add_rows(self, answer, instructions):
        self.merge("rows", answer, lambda measured: Row(measured, instructions))

    def add_points(self, answer):
        self.merge("points", answer, lambda measured: Row(measured, {}))

    def add_calls(self, answer):
        self.cache = answer["cache"]
        self.merge("calls", answer, Call)

    def merge(self, name, answer, make):
        if not getattr(self, name):
            setattr(self, name, [make(measured) for measured in answer["rows"]])
            return
        for row, measured in zip(getattr(self, name), answer["rows"], strict=True):
            row.add(measured)

    def comparable(self, name):
        """The rows in which both do the same work, those where the shim does worst first."""
        rows = [row for row in self.rows if name in row.names and name not in row.differing]
        return sorted(rows, key=lambda row: row.ratio(name).median, reverse=True)

    def as_json(self):
        hooks = {name: found for name, found in self.hooks.items() if not name.startswith("count")}
        counted = [
            [*entry, instructions]
            for what in ("count", "count-callbacks", "count-read")
            for entry, instructions in self.hooks[what].items()
        ]
        rows = [
            {
                "operation": row.operation,
                "shape": row.shape,
                "nanoseconds": {name: round(row.time(name), 2) for name in row.names},
                "instructions": row.instructions,
            }
            for row in self.rows
        ]
        return {"python": self.python.name, "torch": self.torch, "rows": rows, "hooks": hooks, "instructions of hooks": counted}

    def write_csv(self, path):
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for kind, rows in (("table", self.rows), ("curve", self.points)):
                for row in rows:
                    writer.writerows(csv_lines(kind, row))
            for call in self.calls:
                for way in call.ways:
                    writer.writerow(["call", call.function, way, "", "", round(call.time(way), 2), *[""] * 4, len(call.rounds), ""])


def csv_lines(kind, row):
    for name in ("shim", *OTHERS):
        line = [kind, row.operation, row.shape, "" if row.size is None else row.size, name]
        if name not in row.names:
            if name != "floor":
                yield [*line, "", "", "", "", "", "", row.note(name)]
            continue
        ratio = row.ratio(name) if name != "shim" else None
        spread = [round(part, 4) for part in (ratio.median, ratio.first, ratio.third)] if ratio else [""] * 3
        instructions = row.instructions.get(name)
        counted = "" if instructions is None else round(instructions, 1)
        yield [*line, round(row.time(name), 2), *spread, counted, len(row.rounds), row.note(name)]
