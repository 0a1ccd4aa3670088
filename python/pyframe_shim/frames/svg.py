"""Images as pictures, by drawsvg.

One card a frame, the innermost on top, as the data stack grows. In a card lie the slots side by side, as they do in memory, and
the value stack behind them. Cells are drawn once, at the right: lines lead to each from every frame that has it.
"""

import os
from dataclasses import dataclass, field

from .fold import Folded, fold
from .needs import need

MARGIN, INDENT, PADDING = 24, 46, 16
NARROWEST, WIDEST_CARD = 640, 900
HEAD, BOX, GAP, GUTTER, CARD_GAP = 68, 46, 6, 7, 22
CELL_WIDTH, CELL_HEIGHT = 190, 34
LETTER, SMALL = 7.23, 6.1
WIDEST = 186
TRUNKS = ("#c2410c", "#0e7490", "#7c3aed", "#15803d", "#be185d", "#854d0e", "#1d4ed8", "#57534e")

STYLE = """
text { font-family: 'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1c1917; }
.title { font-size: 19px; font-weight: 700; }
.name { font-size: 15px; font-weight: 700; }
.fact { font-size: 12px; fill: #78716c; }
.slot { font-size: 11px; font-weight: 600; fill: #44403c; }
.value { font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: 12px; }
.unbound { font-size: 12px; font-style: italic; fill: #a8a29e; }
.card { fill: #ffffff; stroke: #d6d3d1; }
.shell { fill: #fafaf9; stroke: #a8a29e; stroke-dasharray: 5 4; }
.header { fill: #f5f5f4; stroke: #d6d3d1; }
.argument { fill: #dbeafe; stroke: #60a5fa; }
.local { fill: #dcfce7; stroke: #4ade80; }
.cell { fill: #ffedd5; stroke: #fb923c; }
.free { fill: #f3e8ff; stroke: #c084fc; }
.stack { fill: #fef9c3; stroke: #facc15; }
.object { fill: #fff7ed; stroke-width: 1.6; }
.rail { fill: #e7e5e4; }
.caller { fill: none; stroke: #78716c; stroke-width: 1.6; }
.wire { fill: none; stroke-width: 1.7; }
"""
LEGEND = (
    ("header", "header"),
    ("argument", "argument"),
    ("local", "local"),
    ("cell", "cell"),
    ("free", "free variable"),
    ("stack", "value stack"),
)


@dataclass
class Box:
    """A box in a row: what is written above it and in it."""

    style: str
    label: str
    text: str | None
    #: The address of the cell that it leads to.
    cell: int | None = None
    width: float = 0.0

    def __post_init__(self):
        text = "unbound" if self.text is None else self.text
        self.width = max(34.0, min(WIDEST, max(len(self.label) * SMALL * 1.1, len(text) * LETTER) + 14))


@dataclass
class Row:
    """Boxes that fit side by side, and the room that the lines from their cells take below."""

    boxes: list = field(default_factory=list)

    @property
    def width(self):
        return sum(box.width for box in self.boxes) + GAP * (len(self.boxes) - 1)

    @property
    def height(self):
        wires = sum(box.cell is not None for box in self.boxes)
        return 15 + BOX + (GUTTER * (wires + 1) if wires else 8)


def draw(stack):
    """The picture as text."""
    drawsvg = need("drawsvg", "a picture")
    return Picture(drawsvg, stack).document()


class Picture:
    """The picture while it is drawn: how far down it is, and the cells so far."""

    def __init__(self, drawsvg, stack):
        self.svg, self.stack = drawsvg, stack
        self.shown = list(fold(stack.frames))
        frames = [frame for frame in self.shown if not isinstance(frame, Folded)]
        slots = [slot for frame in frames for slot in frame.slots or ()]
        # Each cell has a line of its own, at the right of the cards.
        self.numbers = {address: number for number, address in enumerate(dict.fromkeys(slot.cell.address for slot in slots if slot.cell))}
        needed = max((Row(list(boxes_of(frame))).width for frame in frames), default=0) + 2 * PADDING
        self.width = min(max(needed, NARROWEST), WIDEST_CARD)
        self.right = MARGIN + INDENT + self.width
        self.shapes, self.wires = [], []
        self.y = MARGIN
        self.bottom = 0.0  # of the card that was drawn last
        self.cells = {}  # address: the height at which it is drawn
        self.next_cell = 0.0  # the height at which there is room for another

    def document(self):
        count = len(self.stack.frames)
        self.text(self.stack.title, MARGIN, self.y + 16, "title")
        self.y += 24
        told = ("no frames: it has ended", "1 frame")[count] if count < 2 else f"{count} frames, the innermost on top"
        self.text(told, MARGIN, self.y + 14, "fact")
        self.y += 34
        self.next_cell = self.y
        inner = None
        for frame in self.shown:
            if isinstance(frame, Folded):
                self.text(f"⋮  {frame.count:,} more frames of {frame.name}", MARGIN + INDENT + PADDING, self.y + 8, "fact")
                self.y += 34
                inner = None
                continue
            if inner is not None and inner.place and frame.place and inner.place.chunk != frame.place.chunk:
                self.edge(inner.place.chunk, frame.place.chunk)
            self.frame(frame, inner)
            inner = frame
        if count:
            self.legend()
        width = self.right + MARGIN + (self.cell_x - self.right + CELL_WIDTH if self.cells else 0)
        height = max(self.y, self.next_cell) + MARGIN
        drawing = self.svg.Drawing(width, height, id_prefix="frames")
        drawing.append_css(STYLE)
        drawing.append(self.svg.Rectangle(0, 0, width, height, fill="#f8f7f5", rx=10))
        for shape in [*self.shapes, *self.wires]:
            drawing.append(shape)
        return drawing.as_svg()

    def rectangle(self, x, y, width, height, style, **more):
        self.shapes.append(self.svg.Rectangle(round(x, 1), round(y, 1), round(width, 1), round(height, 1), class_=style, **more))

    def text(self, text, x, y, style, **more):
        # XML cannot hold control characters, nor halves of characters.
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
        # Its size is the style's; one has to be given here all the same.
        self.shapes.append(self.svg.Text(text, None, round(x, 1), round(y, 1), class_=style, **more))

    def frame(self, frame, inner):
        """A card, and how the one above came from it."""
        rows = rows_of(frame, self.width - 2 * PADDING)
        left, top = MARGIN + INDENT, self.y
        shell = 30 if frame.generator is not None else 0
        height = HEAD + 6 + sum(row.height for row in rows) + (0 if rows else 8)
        if shell:
            self.rectangle(left - 10, top, self.width + 20, height + shell + 10, "shell", rx=14)
            self.text(f"{frame.generator.type} object", left, top + 20, "fact")
        if inner is not None:
            self.called(inner, top)
        top += shell
        self.rectangle(left, top, self.width, height, "card", rx=9)
        self.head(frame, left + PADDING, top)
        y = top + HEAD
        for row in rows:
            self.row(row, left + PADDING, y)
            y += row.height
        self.bottom = top + height
        self.y = self.bottom + (10 if shell else 0) + CARD_GAP

    def head(self, frame, x, top):
        where = f"{os.path.basename(frame.file)}:{frame.line}" if frame.line else os.path.basename(frame.file)
        self.text(shortened(frame.name, 60), x, top + 23, "name")
        right = self.right - PADDING
        self.text(where, right, top + 22, "fact", text_anchor="end")
        for number, told in enumerate((lies(frame), stands(frame))):
            self.text(" · ".join(told), x, top + 42 + 16 * number, "fact")
        if frame.place:
            # Where in its chunk the frame lies.
            width, room = 150, frame.place.room
            self.rectangle(right - width, top + 34, width, 6, "rail", rx=3)
            start, end = (width * word / room for word in (frame.place.word, frame.place.word + frame.words))
            self.rectangle(right - width + start, top + 32, max(end - start, 3), 10, "argument", rx=2)

    def called(self, inner, top):
        """An arrow from a frame to the one above, which it has called or waits for."""
        x = MARGIN + 22
        waits = inner.generator is not None
        tip = self.bottom - 12
        self.shapes.append(self.svg.Path(class_="caller").M(x + 16, top + 26).L(x, top + 26).L(x, tip).L(x + 14, tip))
        self.shapes.append(self.svg.Lines(x + 20, tip, x + 11, tip - 5, x + 11, tip + 5, close=True, fill="#78716c"))
        at = (top + 26 + tip) / 2
        what = "resumes" if waits else "calls"
        self.text(what, x - 4, at, "fact", transform=f"rotate(-90 {x - 4} {at})", text_anchor="middle")

    def row(self, row, x, y):
        wires = [box for box in row.boxes if box.cell is not None]
        for box in row.boxes:
            if box.label:
                self.text(shortened(box.label, int(box.width / SMALL)), x + 2, y + 10, "slot")
            self.rectangle(x, y + 15, box.width, BOX, box.style, rx=5)
            middle = x + box.width / 2
            if box.text is None:
                self.text("unbound", middle, y + 15 + BOX / 2 + 4, "unbound", text_anchor="middle")
            else:
                room = int((box.width - 10) / LETTER)
                self.text(shortened(box.text, room), middle, y + 15 + BOX / 2 + 4, "value", text_anchor="middle")
            if box.cell is not None:
                self.wire(box, middle, y + 15 + BOX, GUTTER * (1 + wires.index(box)) + 2)
            x += box.width + GAP

    def wire(self, box, x, y, drop):
        """A line from a box to the cell that it holds."""
        number = self.numbers[box.cell]
        at, color, trunk = self.cell(box, y), TRUNKS[number % len(TRUNKS)], self.right + 22 + 8 * number
        path = self.svg.Path(class_="wire", stroke=color)
        path.M(round(x, 1), y - 6).L(round(x, 1), y + drop).L(trunk, y + drop).L(trunk, at).L(self.cell_x, at)
        self.wires.append(path)
        self.wires.append(self.svg.Circle(round(x, 1), y - 7, 3.4, fill=color))

    @property
    def cell_x(self):
        return self.right + 46 + 8 * len(self.numbers)

    def cell(self, box, y):
        """The height of the cell, which is drawn where the first frame is that has it."""
        if box.cell not in self.cells:
            top = max(self.next_cell, y - BOX + 6)
            self.next_cell = top + CELL_HEIGHT + 26
            self.cells[box.cell] = top + CELL_HEIGHT / 2
            x, color = self.cell_x, TRUNKS[self.numbers[box.cell] % len(TRUNKS)]
            self.text(f"cell of {shortened(box.label, 18)}", x + 4, top - 5, "fact")
            self.rectangle(x, top, CELL_WIDTH, CELL_HEIGHT, "object", rx=CELL_HEIGHT / 2, stroke=color)
            shown = shortened("empty" if box.text is None else box.text, int((CELL_WIDTH - 24) / LETTER))
            style = "unbound" if box.text is None else "value"
            self.text(shown, x + CELL_WIDTH / 2, top + CELL_HEIGHT / 2 + 4, style, text_anchor="middle")
        return self.cells[box.cell]

    def edge(self, above, below):
        """Between two chunks of the data stack."""
        y = self.y + 2
        self.shapes.append(self.svg.Line(MARGIN + INDENT, y, self.right, y, class_="caller", stroke_dasharray="2 5"))
        self.text(f"chunk {above} above, chunk {below} below: there was no room for the next frame", MARGIN + INDENT, y + 18, "fact")
        self.y += 40

    def legend(self):
        x = MARGIN + INDENT
        for style, name in LEGEND:
            self.rectangle(x, self.y, 14, 14, style, rx=3)
            self.text(name, x + 20, self.y + 11, "fact")
            x += 36 + len(name) * SMALL * 1.12
        self.y += 14


def shortened(text, room):
    return text if len(text) <= room else text[: max(room - 1, 1)] + "…"


def lies(frame):
    """Where the frame's memory is."""
    if frame.place:
        yield f"data stack: chunk {frame.place.chunk}, word {frame.place.word:,} of {frame.place.room:,}"
    elif frame.owner == "frame object":
        yield "in its frame object, which has outlived the call"
    elif frame.owner == "generator":
        yield "in its generator"
    yield f"{frame.words} words"


def stands(frame):
    """Where the frame is in its code."""
    yield f"at offset {frame.lasti}, {frame.instruction}" if frame.instruction else "before its first instruction"
    if frame.handler:
        yield f"an exception goes to line {frame.handler}"


def rows_of(frame, room):
    """The boxes of a frame, in as many rows as they need."""
    rows = [Row()]
    for box in boxes_of(frame):
        if rows[-1].boxes and rows[-1].width + GAP + box.width > room:
            rows.append(Row())
        rows[-1].boxes.append(box)
    return rows


def boxes_of(frame):
    yield Box("header", "header", f"{frame.header} words")
    if frame.slots is None:
        yield Box("header", "", "gone: cleared")
        return
    for slot in frame.slots:
        style = {"free variable": "free", "hidden local": "local", "argument, cell": "cell"}.get(slot.kind, slot.kind)
        yield Box(style, slot.name, slot.value and slot.value.text, slot.cell and slot.cell.address)
    if frame.stack is None:
        yield Box("stack", "value stack", "not known: it runs")
    for number, item in enumerate(frame.stack or ()):
        yield Box("stack", "value stack" if number == 0 else "", item.value.text if item.value else "NULL")
