"""pyframe_shim.frames: what images show, and that taking one changes nothing."""

import asyncio
import doctest
import gc
import sys
import threading
import types
import unittest
import weakref

from leaks import NOISE, growth
from pyframe_shim import _native, frames
from pyframe_shim.frames.brief import brief


def outer(a, text="abc"):
    kept = [a]

    def middle(c):
        d = c * 2

        def inner(b):
            return (a, d), frames.stack()

        return inner(a + 1)

    return middle(5)


def numbers(n):
    try:
        for i in range(n):
            yield i
    except LookupError:
        yield "caught"


def delegates(n):
    yield from numbers(n)


def down(n, action):
    return action() if n == 0 else down(n - 1, action)


def named(stack, *names):
    """The frames of these functions, in this order."""
    return [next(frame for frame in stack.frames if frame.name == name) for name in names]


def slots(frame):
    return [(slot.name, slot.kind, slot.value.text if slot.value else None) for slot in frame.slots]


class Shown(unittest.TestCase):
    def test_examples(self):
        done = doctest.testmod(frames)
        self.assertEqual((done.failed, done.attempted >= 8), (0, True))

    def test_stack(self):
        _, stack = outer(1)
        self.assertEqual(stack.title, f"thread {threading.current_thread().name}")
        self.assertEqual(
            [frame.name for frame in stack.frames[:3]], ["outer.<locals>.middle.<locals>.inner", "outer.<locals>.middle", "outer"]
        )
        self.assertEqual(stack.frames[3].name, "Shown.test_stack")
        inner, middle, out = stack.frames[:3]
        self.assertEqual(slots(inner), [("b", "argument", "2"), ("a", "free variable", "1"), ("d", "free variable", "10")])
        self.assertEqual(slots(out)[:3], [("a", "argument, cell", "1"), ("text", "argument", "'abc'"), ("kept", "local", "[1]")])
        self.assertEqual({slot.cell for slot in (inner.slots[1], middle.slots[3], out.slots[0])}, {inner.slots[1].cell})
        self.assertEqual((inner.owner, inner.line, inner.file), ("thread", outer.__code__.co_firstlineno + 7, __file__))
        self.assertTrue(inner.lasti >= 0 and inner.instruction.startswith("CALL"), inner)

    def test_places(self):
        """As `PyFrameShim_DataStackPlace` has them: each frame begins where its caller ends, or in the next chunk."""
        stack = down(300, frames.stack)
        places = [frame.place for frame in stack.frames if frame.name == "down"]
        self.assertGreater(places[0].chunk, places[-1].chunk)
        for frame, caller in zip(stack.frames, stack.frames[1:]):
            if frame.name == caller.name == "down":
                behind = caller.place.word + caller.words
                if frame.place.chunk == caller.place.chunk:
                    self.assertEqual(frame.place.word, behind)
                else:
                    self.assertEqual((frame.place.chunk, frame.place.word), (caller.place.chunk + 1, 0))
                    self.assertGreater(behind + frame.words, caller.place.room - 1)
        self.assertEqual(stack.frames[0].header + 2 + down.__code__.co_stacksize, stack.frames[0].words)

    def test_unbound(self):
        def function():
            stack = frames.stack()
            later = 1
            return stack, later

        (frame,) = named(function()[0], f"{type(self).__name__}.test_unbound.<locals>.function")
        self.assertEqual([(slot.name, slot.value) for slot in frame.slots], [("stack", None), ("later", None)])

    def test_references(self):
        def function():
            held = [object()]
            small, again = None, held
            return frames.stack(), again

        held, small, again = function()[0].frames[0].slots
        self.assertEqual(held.value.references, again.value.references)
        self.assertEqual(held.value.references, 2)
        self.assertEqual(small.value.references is None, sys.version_info >= (3, 12))
        self.assertEqual(held.value.address, held.word & ~7)

    def test_another_thread(self):
        ready, end = threading.Event(), threading.Event()

        def waits(here):
            ready.set()
            end.wait(60)

        thread = threading.Thread(target=waits, args=("there",), name="the other")
        thread.start()
        self.assertTrue(ready.wait(60))
        for stack in (frames.stack(thread), frames.stack(thread.ident), frames.of(thread), frames.of(thread.ident)):
            self.assertEqual(stack.title, "thread the other")
            (frame,) = [frame for frame in stack.frames if "waits" in frame.name]
            self.assertEqual(slots(frame)[0], ("here", "argument", "'there'"))
        end.set()
        thread.join()
        with self.assertRaisesRegex(LookupError, "no thread of this interpreter has the identifier"):
            frames.stack(thread.ident)
        self.assertEqual(frames.stack(threading.current_thread()).frames[0].name, "Shown.test_another_thread")

    def test_generator(self):
        generator = numbers(3)
        (frame,) = frames.of(generator).frames
        self.assertEqual((frame.owner, frame.place, slots(frame)), ("generator", None, [("n", "argument", "3"), ("i", "local", None)]))
        next(generator)
        (frame,) = frames.of(generator).frames
        # From 3.15 on a loop has a second word on the stack.
        self.assertEqual([item.value.type for item in frame.stack if item.value], ["range_iterator"])
        self.assertEqual((frame.generator.type, frame.generator.address), ("generator", id(generator)))
        self.assertEqual(frame.handler, numbers.__code__.co_firstlineno + 4)
        list(generator)
        self.assertEqual(frames.of(generator).frames, ())
        self.assertIn("it has ended", str(frames.of(generator)))

    def test_delegation(self):
        generator = delegates(3)
        next(generator)
        stack = frames.of(generator)
        self.assertEqual([frame.name for frame in stack.frames], ["numbers", "delegates"])
        self.assertEqual(stack.title, "generator delegates")

    def test_coroutines(self):
        async def inner(n):
            await asyncio.sleep(0)

        async def outer():
            await inner(7)

        coroutine = outer()
        coroutine.send(None)
        stack = frames.of(coroutine)
        self.assertEqual([frame.name.rpartition(".")[2] for frame in stack.frames][-2:], ["inner", "outer"])
        coroutine.close()

        async def agen():
            yield 1

        generator = agen()
        self.assertEqual([frame.name.rpartition(".")[2] for frame in frames.of(generator).frames], ["agen"])

    def test_running_generator(self):
        def generator():
            yield frames.stack()

        frame, caller = next(generator()).frames[:2]
        self.assertEqual((frame.owner, caller.name), ("generator", "Shown.test_running_generator"))

    def test_traceback(self):
        def fails(x):
            y = x
            raise LookupError(y)

        def catches():
            try:
                fails(7)
            except LookupError as error:
                return error

        error = catches()
        stack = frames.of(error)
        self.assertEqual([frame.name.rpartition(".")[2] for frame in stack.frames], ["fails", "catches"])
        self.assertEqual([frame.line for frame in stack.frames], [fails.__code__.co_firstlineno + 2, catches.__code__.co_firstlineno + 2])
        self.assertEqual([frame.owner for frame in stack.frames], ["frame object"] * 2)
        self.assertEqual(stack.frames[1].handler, catches.__code__.co_firstlineno + 3)
        self.assertEqual(stack.frames[0].instruction, "RAISE_VARARGS")
        self.assertEqual((stack.title, frames.of(error.__traceback__).frames), ("traceback of LookupError", stack.frames))
        self.assertEqual(frames.of(LookupError()).frames, ())

    def test_frame_objects(self):
        def kept():
            value = 5
            return sys._getframe()

        object_ = kept()
        (frame,) = frames.of(object_).frames
        self.assertEqual((frame.owner, frame.has_object, slots(frame)), ("frame object", True, [("value", "local", "5")]))
        object_.clear()
        (frame,) = frames.of(object_).frames
        self.assertIn(frame.slots and slots(frame), (None, [("value", "local", None)]))
        str(frames.of(object_)), frames.of(object_).svg()

    def test_module_and_class_body(self):
        namespace = {"frames": frames}
        exec("class Body:\n    inside = 1\n    stack = frames.stack()", namespace)
        self.assertEqual([frame.name for frame in namespace["Body"].stack.frames[:2]], ["Body", "<module>"])

    def test_nothing_else(self):
        with self.assertRaisesRegex(TypeError, "are shown, not of list"):
            frames.of([])


class Unchanged(unittest.TestCase):
    def test_no_frame_object_is_made(self):
        def function():
            frames.stack()
            return _native.records_of_thread(None)[0].has_object

        self.assertIs(function(), False)

    def test_nothing_is_called(self):
        called = []

        class Meta(type):
            def __getattribute__(self, name):
                called.append(name)
                return type.__getattribute__(self, name)

        class Hostile(metaclass=Meta):
            def __getattribute__(self, name):
                called.append(name)
                return object.__getattribute__(self, name)

            def __repr__(self):
                called.append("repr")

            __str__ = __eq__ = __len__ = __iter__ = __bool__ = __repr__
            __hash__ = None

        class Int(int):
            __repr__ = Hostile.__repr__

        class Dict(dict):
            __getitem__ = __iter__ = items = keys = Hostile.__repr__

        def function(one):
            two, three, four, five = [one], {"key": one}, Int(5), Dict(a=1)
            called.clear()
            stack = frames.stack()
            str(stack), stack.svg(), stack.json()
            return stack, list(called)

        stack, seen = function(Hostile())
        self.assertEqual(seen, [])
        self.assertRegex(stack.frames[0].slots[0].value.text, "^<test_frames.Unchanged")

    def test_nothing_is_kept(self):
        class Value:
            pass

        def function():
            value, many = Value(), [Value()]
            return frames.stack(), weakref.ref(value)

        stack, value = function()
        self.assertIsNone(value())

    def test_no_leak(self):
        generator = delegates(3)
        next(generator)
        frames.of(generator)
        for action in (frames.stack, lambda: frames.of(generator), lambda: outer(1), lambda: down(10, frames.stack)):
            self.assertLess(growth(action, 200), NOISE)

    def test_the_collector_stays_as_it_was(self):
        for change, expected in ((gc.disable, False), (gc.enable, True)):
            change()
            frames.stack()
            self.assertEqual(gc.isenabled(), expected)

    def test_threads_that_run(self):
        """A thread is looked at between two of its instructions, wherever it is."""
        end = threading.Event()

        def work():
            while not end.is_set():
                down(50, lambda: sum(numbers(20)))

        threads = [threading.Thread(target=work) for _ in range(3)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for thread in threads:
                thread.start()
            names = {frame.name for _ in range(500) for thread in threads for frame in frames.stack(thread).frames}
        finally:
            end.set()
            sys.setswitchinterval(interval)
            for thread in threads:
                thread.join()
        self.assertIn("down", names)


class Brief(unittest.TestCase):
    def test_texts(self):
        for thing, text in (
            (None, "None"),
            (1.5, "1.5"),
            (10**300, "<int of 997 bits>"),
            ("a" * 100, "'" + "a" * 38 + "…"),
            (b"abc", "b'abc'"),
            ([], "[]"),
            ((1,), "(1,)"),
            ([1, 2, 3, 4, 5], "[1, 2, 3, 4, …]"),
            ([[[1]]], "[[[…]]]"),
            ({}, "{}"),
            ({"a": 1}, "{'a': 1}"),
            (set(), "set()"),
            (frozenset([1]), "frozenset({1})"),
            (len, "<built-in len>"),
            (outer, "<function outer>"),
            (outer.__code__, "<code outer>"),
            (sys, "<module sys>"),
            (int, "<class int>"),
            (self, "<" + __name__ + ".Brief>"),
            (types.SimpleNamespace(), "<SimpleNamespace>"),
        ):
            self.assertEqual(brief(thing), text if len(text) <= 40 else text[:39] + "…")

    def test_itself(self):
        itself = []
        itself.append(itself)
        self.assertEqual(brief(itself), "[[[…]]]")
