"""Locals of generators, coroutines and asynchronous generators in each of their states."""

import sys
import types
import unittest

import probe
from readings import INLINES, PROXIES, WAYS, LocalsTestCase
from support import FRAME_OBJECT, GENERATOR, run_script

# gh-142766: close() empties the frame of a suspended generator, but leaves stale pointers in its slots. frame.f_locals
# reads them, so that there is nothing to compare with.
CLOSING_LEAVES_SLOTS = (3, 13) <= sys.version_info < (3, 13, 12)
FREE = object()
CELL = types.CellType("in a cell")


@types.coroutine
def pause(value):
    return (yield value)


def make():
    free = FREE

    def generator(look, a, b=CELL, *, c=3):
        d = 4
        got = yield look
        e = look()
        for f in range(2):
            (yield a, (yield from [b]), (yield free))
        get = lambda: (a, d, got)
        del d
        yield get
        del b
        look()

    async def coroutine(look, a, b=CELL, *, c=3):
        d = 4
        got = await pause(look)
        e = look()
        for f in range(2):
            (await pause(a), await pause([b]), await pause(free))
        get = lambda: (a, d, got)
        del d
        await pause(get)
        del b
        look()

    async def asynchronous(look, a, b=CELL, *, c=3):
        d = 4
        got = yield look
        e = look()
        for f in range(2):
            (await pause(a), (yield b), (yield free))
        get = lambda: (a, d, got)
        del d
        yield get
        del b
        look()

    return generator, coroutine, asynchronous


KINDS = dict(zip(("generator", "coroutine", "asynchronous generator"), make()))


def frame_object(made):
    """gi_frame, cr_frame or ag_frame."""
    return next(getattr(made, name) for name in ("gi_frame", "cr_frame", "ag_frame") if hasattr(made, name))


def step(made):
    """Run until the next suspension; False at the end. Asynchronous generators need one asend() a value."""
    try:
        if isinstance(made, types.AsyncGeneratorType):
            sending = made.asend(None)
            try:
                while True:
                    sending.send(None)
            except StopIteration:
                return True
        made.send(None)
        return True
    except (StopIteration, StopAsyncIteration):
        return False


def close(made):
    if isinstance(made, types.AsyncGeneratorType):
        try:
            made.aclose().send(None)
        except StopIteration:
            pass
    else:
        made.close()
    return made


def for_each_kind_and_way(test):
    def run(self):
        for kind, function in KINDS.items():
            for way, read in WAYS.items():
                with self.subTest(kind=kind, way=way):
                    test(self, function, read)

    return run


class StatesTest(LocalsTestCase):
    @for_each_kind_and_way
    def test_created(self, function, read):
        look = object()
        made = function(look, 1)
        frame = probe.generator_frame(made)
        self.assertEqual(probe.info(frame)["owner"], GENERATOR)
        ours = dict(read(frame))
        self.assert_same_locals(ours, {"look": look, "a": 1, "b": CELL, "c": 3, "free": FREE})
        self.assert_same_locals(dict(read(frame)), dict(frame_object(made).f_locals))
        self.assertEqual(probe.copied_flag(frame, 7), (7, None))
        close(made)

    @for_each_kind_and_way
    def test_suspended_and_running(self, function, read):
        seen = []

        def look():
            frame = probe.generator_frame(made)
            seen.append(sorted(read(frame)))
            self.assert_same_locals(dict(read(frame)), dict(sys._getframe(1).f_locals))
            self.assertEqual(probe.copied_flag(frame, 7), (7, None))

        made = function(look, 1)
        for suspended in range(100):
            if not step(made):
                break
            frame = probe.generator_frame(made)
            self.assert_same_locals(dict(read(frame)), dict(frame_object(made).f_locals))
            self.assertEqual(probe.copied_flag(frame, 7), (7, None))
        self.assertEqual(suspended, 6 if isinstance(made, types.AsyncGeneratorType) else 8)
        # No `e` yet the first time; neither `b` nor `d` the second.
        self.assertEqual(seen[0], sorted(["look", "a", "b", "c", "d", "got", "free"]))
        self.assertEqual(seen[1], sorted(["look", "a", "c", "e", "f", "get", "got", "free"]))

    @for_each_kind_and_way
    def test_suspended_with_no_frame_object(self, function, read):
        made = function(lambda: None, 1)
        step(made)
        step(made)
        frame = probe.generator_frame(made)
        self.assertIsNone(probe.info(frame)["frame_object"])
        ours = read(frame)
        self.assertEqual({**ours, "look": 0}, dict(look=0, a=1, b=CELL, c=3, d=4, got=None, e=None, f=0, free=FREE))
        close(made)

    @for_each_kind_and_way
    def test_finished(self, function, read):
        made = function(lambda: None, 1)
        kept = frame_object(made)
        while step(made):
            pass
        frame = probe.frame_of(kept)
        self.assertEqual(probe.info(frame)["owner"], FRAME_OBJECT)
        ours = dict(read(frame))
        self.assertEqual(sorted(ours), sorted(["look", "a", "c", "e", "f", "get", "got", "free"]))
        self.assert_same_locals(ours, dict(kept.f_locals))
        kept.clear()
        self.assertEqual(dict(read(frame)), {})

    @for_each_kind_and_way
    def test_dropped_before_the_end(self, function, read):
        self.check_ended(function, read, lambda made: None)

    @for_each_kind_and_way
    def test_closed_before_the_end(self, function, read):
        self.check_ended(function, read, close)

    def check_ended(self, function, read, end):
        for steps in range(3):
            made = function(lambda: None, 1)
            kept = frame_object(made)
            for _ in range(steps):
                step(made)
            made = end(made)
            frame = probe.frame_of(kept)
            if not (CLOSING_LEAVES_SLOTS and probe.info(frame)["stacktop"] == 0):
                self.assertEqual(read(frame)["a"], 1)
                self.assert_same_locals(dict(read(frame)), dict(kept.f_locals))
                self.assertEqual(probe.copied_flag(frame, 7), (7, None))
            elif read is probe.mapping:
                self.assertEqual(read(frame), {})

    def test_closed_generator_that_left_its_slots(self):
        script = """if True:
            import probe
            def generator(a):
                b = [a]
                yield b
            made = generator([1])
            kept = made.gi_frame
            next(made)
            made.close()
            print(*sorted(probe.get_locals(probe.frame_of(kept), False)[0]))"""
        result = run_script(script)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout.split(), [] if CLOSING_LEAVES_SLOTS else ["a", "b"])

    @for_each_kind_and_way
    def test_cleared_while_suspended(self, function, read):
        made = function(lambda: None, 1)
        kept = frame_object(made)
        step(made)
        if PROXIES:
            self.assertRaises(RuntimeError, kept.clear)
        else:
            kept.clear()
            kept.clear()
        self.assertEqual("a" in read(probe.frame_of(kept)), PROXIES)
        self.assert_same_locals(dict(read(probe.frame_of(kept))), dict(kept.f_locals))

    def test_resumed_by_an_exception(self):
        for read in WAYS.values():

            def generator(a):
                try:
                    yield a
                except KeyError as error:
                    b = error
                    yield lambda: b
                yield a

            made = generator(1)
            next(made)
            thrown = KeyError("thrown")
            made.throw(thrown)
            self.assert_same_locals(read(probe.generator_frame(made)), {"a": 1, "error": thrown, "b": thrown})
            next(made)
            self.assert_same_locals(read(probe.generator_frame(made)), {"a": 1, "b": thrown})


class ResumedTest(LocalsTestCase):
    """What a hook sees when a generator is resumed: a frame that has run, with the value sent on its stack."""

    def test_each_resume(self):
        generator = KINDS["generator"]
        for way, read in WAYS.items():
            with self.subTest(way=way):
                made = generator(lambda: None, 1)
                names = []
                probe.hook(generator.__code__, lambda frame: names.append((list(read(frame)), read(frame)["a"])))
                for _ in made:
                    pass
                probe.unhook()
                self.assertEqual(len(names), 9)
                self.assertEqual({a for _, a in names}, {1})
                self.assertEqual(set(names[0][0]), {"look", "a", "b", "c", "free"})
                self.assertEqual(set(names[1][0]), {"look", "a", "b", "c", "d", "free"})
                self.assertEqual(set(names[8][0]), {"look", "a", "b", "c", "e", "f", "got", "get", "free"})

    def test_generator_expression(self):
        free = FREE
        for way, read in WAYS.items():
            made = ((x, free, (lambda: x)) for x in "ab" if free)
            with self.subTest(way=way):
                frame = probe.generator_frame(made)
                self.assertEqual(list(read(frame)), [".0", "free"])
                next(made)
                ours = dict(read(frame))
                self.assertEqual((ours["x"], ours["free"]), ("a", FREE))
                self.assert_same_locals(ours, dict(made.gi_frame.f_locals))

    def test_inlined_comprehension_that_awaits(self):
        async def coroutine(x):
            made = [(await pause(x), lambda: x) for x in range(2)]
            await pause(made)
            return x

        for way, read in WAYS.items():
            made = coroutine("mine")
            seen = []
            with self.subTest(way=way):
                while step(made):
                    ours = dict(read(probe.generator_frame(made)))
                    seen.append(ours["x"])
                    self.assert_same_locals(ours, dict(made.cr_frame.f_locals))
                self.assertEqual(seen, [0, 1, "mine"] if INLINES else ["mine"] * 3)


if __name__ == "__main__":
    unittest.main()
