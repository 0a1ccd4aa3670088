"""Images for a terminal, by rich."""

import io
import os
import shutil

from .fold import Folded, fold
from .needs import need

COLORS = {"argument": "cyan", "local": "green", "hidden local": "green", "cell": "yellow", "free variable": "magenta"}


def render(stack, width, color):
    console, group = need("rich.console", "text"), need("rich.console", "text").Group
    width = width or shutil.get_terminal_size((80, 24)).columns
    out = console.Console(
        file=io.StringIO(), width=width, force_terminal=color, color_system="standard" if color else None, highlight=False
    )
    cells = numbered_cells(stack)
    out.print(heading(stack))
    out.print(group(*(folded(frame) if isinstance(frame, Folded) else panel(frame, cells) for frame in fold(stack.frames))))
    return out.file.getvalue()


def numbered_cells(stack):
    """A number for each cell: the same one in each frame that has it."""
    numbers = {}
    for frame in stack.frames:
        for slot in frame.slots or ():
            if slot.cell is not None:
                numbers.setdefault(slot.cell.address, len(numbers) + 1)
    return numbers


def folded(frames):
    return need("rich.text", "text").Text(f"  ⋮ {frames.count:,} more frames of {frames.name}", style="dim")


def heading(stack):
    text = need("rich.text", "text").Text(stack.title, style="bold")
    count = len(stack.frames)
    return text.append(
        f"  {count or 'no'} frame{'' if count == 1 else 's'}, the innermost first" if count else "  no frames: it has ended", "dim"
    )


def panel(frame, cells):
    Panel, Group, Text, escape = (
        need("rich.panel", "text").Panel,
        need("rich.console", "text").Group,
        need("rich.text", "text").Text,
        need("rich.markup", "text").escape,
    )
    parts = [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in facts(frame)]
    if frame.slots is None:
        parts.append(Text("the slots are gone: the frame has been cleared", style="italic"))
    elif frame.slots:
        parts.append(table(frame.slots, cells))
    parts.append(value_stack(frame))
    where = f"{os.path.basename(frame.file)}:{frame.line}" if frame.line else os.path.basename(frame.file)
    return Panel(Group(*parts), title=f"[bold]{escape(frame.name)}[/]", title_align="left", subtitle=escape(where), subtitle_align="right")


def facts(frame):
    """Where the frame lies, and where it stands."""
    if frame.place:
        where = f"chunk {frame.place.chunk}, word {frame.place.word:,} of {frame.place.room:,}"
    else:
        where = {"generator": "inside of its generator", "frame object": "inside of its frame object"}.get(frame.owner, "nowhere any more")
    yield f"owner: {frame.owner} · {where} · {frame.words} words"
    stands = f"at offset {frame.lasti}, {frame.instruction}" if frame.instruction else "before its first instruction"
    handled = f" · an exception goes to line {frame.handler}" if frame.handler else ""
    yield stands + (" · has a frame object" if frame.has_object else "") + handled


def table(slots, cells):
    Table, Text = need("rich.table", "text").Table, need("rich.text", "text").Text
    made = Table(box=None, pad_edge=False, expand=True, show_header=True, header_style="dim")
    for heading, options in (
        ("", {"width": 3, "justify": "right"}),
        ("name", {"max_width": 18}),
        ("kind", {"max_width": 14}),
        ("cell", {"width": 4}),
        ("value", {"ratio": 1}),
        ("refs", {"width": 5, "justify": "right"}),
    ):
        made.add_column(heading, no_wrap=True, overflow="ellipsis", **options)
    for number, slot in enumerate(slots):
        style = COLORS[slot.kind.rpartition(", ")[2]]
        cell = f"#{cells[slot.cell.address]}" if slot.cell else ""
        text = Text(slot.value.text) if slot.value else Text("unbound", style="dim italic")
        made.add_row(str(number), Text(slot.name, style=style), slot.kind, cell, text, references(slot.value))
    return made


def references(value):
    if value is None:
        return ""
    return "∞" if value.references is None else str(value.references)


def value_stack(frame):
    Text = need("rich.text", "text").Text
    if frame.stack is None:
        shown = "not known: the frame runs" if frame.slots is not None else "gone"
    elif not frame.stack:
        shown = "empty"
    else:
        shown = ", ".join(item.value.text if item.value else "NULL" for item in frame.stack)
    return Text("value stack: ", style="dim", overflow="ellipsis", no_wrap=True).append(shown)
