"""Which operations are measured on which shapes."""

import bench
import shapes

IMPLEMENTATIONS = ("shim", "baseline", "torch", "floor")
LOCALS = ("fast to locals, fresh dict", "fast to locals, existing dict", "locals mapping")
WHOLE_FRAMES = ("push, clear, pop", "the same, frame object dropped", "the same, frame object survives")
FEW, DEEPEST = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), 10000


class Row:
    """An operation on a shape, and who can be asked to do it."""

    def __init__(self, operation, *turns, label=None, depth=1, size=None, curve=""):
        # Several shapes take turns: each repetition works on the next.
        self.operation, self.shape, self.turns, self.label = operation, turns[0], turns, label or turns[0].name
        # The place of the row in a picture, and how often a repetition does what is measured.
        self.depth, self.size, self.curve = depth, size, curve
        self.times = depth if curve == "depth" else 1
        self.refused = {name: bench.refusal(operation, name) for name in IMPLEMENTATIONS}
        self.names = tuple(name for name in IMPLEMENTATIONS if self.refused[name] is None)

    def world(self):
        existing = {} if self.operation == "fast to locals, existing dict" and self.shape.namespace is None else None
        worlds = tuple(shape.world(existing, depth=self.depth) for shape in self.turns)
        bench.take_turns(worlds)
        world = worlds[0]
        if self.operation in LOCALS:
            # The floor inserts what the shim says, and so what everybody has to insert.
            bench.set_pairs(self.answer("shim", world))
        return world

    def answer(self, name, world):
        if self.operation == "locals mapping":
            return bench.mapping(name, world)
        return dict(bench.fast_to_locals(name, world, None)[0])

    def differing(self, world):
        """Who gives another answer than the shim: its time is that of other work."""
        if self.operation not in LOCALS:
            return []
        expected = self.answer("shim", world)
        return [name for name in self.names if self.answer(name, world) != expected]

    def described(self):
        return {
            "operation": self.operation,
            "shape": self.label,
            "names": self.names,
            "refused": self.refused,
            "depth": self.depth,
            "size": self.size,
            "curve": self.curve,
        }


def takers_of_turns():
    """What may cost one who remembers what code objects look like: others each time, and lists, which are collected."""
    twenty, varying, lists = shapes.bound(20), shapes.bound(20), shapes.bound(20)
    names = twenty.slot_names()
    yield "20 bound, 16 codes in turn", [twenty.of_another_code() for _ in range(16)]
    yield "20 bound, 1000 codes in turn", [twenty.of_another_code() for _ in range(1000)]
    yield "19 bound, others in turn", [varying.but(**{name: shapes.EMPTY}) for name in names[:8]]
    yield "20 bound, lists", [lists.but(**{name: [] for name in names})]


def table():
    """The rows of the tables."""
    every = shapes.all_shapes()
    four, twenty, many = shapes.bound(4), shapes.bound(20), shapes.bound(200)
    for operation in LOCALS:
        for shape in every:
            if operation != LOCALS[0] or shape.namespace is None:
                yield Row(operation, shape)
        if operation != LOCALS[1]:
            for label, turns in takers_of_turns():
                yield Row(operation, *turns, label=label)
    yield Row("function copy", four, label="no closure")
    yield Row("function copy", shapes.Shape("closure of 8", shapes.make_function(free=8)))
    yield Row("frame object", twenty, label="20 slots")
    yield Row("arena block", four, label="16 KiB")
    for operation in ("push, pop", "push, pop at a chunk's end"):
        yield Row(operation, twenty, label="20 slots")
    each, fresh = shapes.eight_of_each_kind(), shapes.eight_of_each_kind(executed=False)
    for operation in WHOLE_FRAMES:
        for shape, label in ((four, "4 slots"), (many, "200 slots"), (each, "8 of each kind"), (fresh, "8 of each kind, at entry")):
            yield Row(operation, shape, label=label)


def curves():
    """The rows of the pictures."""
    for size in FEW:
        yield Row(LOCALS[0], shapes.bound(size), size=size, curve="slots")
    for size in FEW:
        yield Row(LOCALS[0], shapes.cells(size), size=size, curve="cells")
    twenty = shapes.bound(20)
    for depth in (*FEW, 2000, 5000, DEEPEST):
        yield Row("push, pop in depth", twenty, label=f"{depth} deep", depth=depth, size=depth, curve="depth")
    for depth in (*FEW, 2000, 5000, DEEPEST):
        at_end = "push, pop at a chunk's end, in depth"
        yield Row(at_end, twenty, label=f"{depth} deep", depth=depth, size=depth, curve="boundary")
