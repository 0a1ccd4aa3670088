"""examples/resume: functions that are split at their calls do what they do in one piece."""

import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from pyframe_shim import evalframe  # noqa: E402

from examples.resume import Splitter  # noqa: E402

names = []


def note(value=None, *more, **keywords):
    """Which part has called."""
    names.append(sys._getframe(1).f_code.co_name)
    return value


def straight(a, b=2, *rest, key=3, **more):
    c = note(a) + note(b)
    return note(c), rest, key, more, note(len(rest))


def nested_calls(a):
    return note(note(note(a) + 1) + note(2)), str(a).upper().join([note("x"), note("y")])


def keywords(a):
    made = dict(one=note(a), two=note(2), **{"three": note(3)})
    return sorted(made.items()), note(*[note(4)], **{"five": note(5)})


def loops(n):
    total = 0
    for i in range(note(n)):
        total += note(i)
        for j in [note(1), 2]:
            if note(j) == 2:
                continue
            total += j
    while note(total) > 0:
        total -= 5
        if total < -3:
            break
    else:
        return "else", total
    return total


def handles(a):
    out = []
    try:
        note(1)
        [][note(a)]
    except IndexError as error:
        out.append((note("caught"), type(error).__name__, sys.exc_info()[0].__name__))
        try:
            int(note("x"))
        except ValueError as inner:
            out.append((note(2), type(inner.__context__).__name__))
        out.append(sys.exc_info()[0].__name__)
    else:
        out.append(note("else"))
    finally:
        out.append(note("finally"))
    return out, sys.exc_info()[0]


def raises_behind(a):
    """An exception of the resume function is not one of the call's."""
    try:
        note(a)
    except LookupError:
        return "wrong"
    raise LookupError(note("behind"))


def returns_in_finally(a):
    for _ in range(2):
        try:
            return note(a)
        finally:
            note("finally")
            if a:
                continue
    return note("after")


class Manager:
    def __init__(self, out):
        self.out = out

    def __enter__(self):
        self.out.append("enter")
        return note(self)

    def __exit__(self, kind, value, traceback):
        self.out.append(("exit", kind and kind.__name__))
        return kind is KeyError


def manages(a):
    out = []
    with Manager(out) as one, Manager(out):
        note(one.out is out)
        with Manager(out):
            note()
            raise KeyError(note(1))
        out.append(note("behind"))
    return out


def unbound(flag):
    if note(flag):
        maybe = note(1)
    note("looks")
    try:
        return maybe
    except UnboundLocalError:
        note("unbound")
        return "unbound"


def deletes(a):
    b = note(a)
    del a
    note(1)
    try:
        return a, b
    except UnboundLocalError:
        note(2)
        return "deleted", b


def cells(a, b):
    c = note(a)

    def inner(d):
        nonlocal c
        c += note(d)
        return a, b, c

    one = inner(note(1))
    b = note(10)
    return one, inner(2), c, [f() for f in [(lambda x=x: x + c) for x in range(note(2))]]


def empty_cell(flag):
    def inner():
        return late

    note(1)
    try:
        inner()
    except NameError as error:
        out = type(error).__name__
    late = note(2)
    return out, inner()


def comprehensions(n):
    x = note("kept")
    made = [note(x) + y for x in range(note(n)) for y in [note(1)] if note(y)]
    return made, {note(k): note(v) for k, v in [(1, 2)]}, sorted({note(z) for z in (3, 3)}), x


def classes(a):
    class Made(Manager):
        attribute = note(a)

        def method(self):
            return super().__enter__(), note(self.attribute)

    made = Made([])
    return made.method()[1], made.out, Made.__mro__[1].__name__


def matches(a):
    match note(a):
        case [first, *rest] if note(first):
            return "list", rest
        case {"key": value}:
            return "dict", note(value)
        case _:
            return note("nothing")


def formats(a):
    return f"{note(a)!r:>{note(10)}} {note(1.5):.2f}", note(a) if note(a) else note(0), (y := note(3)) + y, note(1) < note(2) < note(3)


def recursive(n):
    return note(1) if n == 0 else n * recursive(n - 1) + note(n)


def unpacks(a):
    first, *rest = note([1, 2, 3])
    (b, c), d = note((4, 5)), note(6)
    return [*note([first]), *rest, note(b)], {**note({"c": c})}, d


def many(a):
    """More variables than fit into four bits."""
    b = c = d = e = f = g = h = i = j = k = l = m = n = o = p = q = r = s = t = note(a)
    u, v = note(1), note(2)
    return [note(w) for w in (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)]


CALLS = [
    (straight, (1,), {}),
    (straight, (1, 2, 3, 4), {"key": 5, "more": 6}),
    (nested_calls, (1,), {}),
    (keywords, (1,), {}),
    (loops, (3,), {}),
    (handles, (0,), {}),
    (raises_behind, (1,), {}),
    (returns_in_finally, (0,), {}),
    (returns_in_finally, (1,), {}),
    (manages, (1,), {}),
    (unbound, (True,), {}),
    (unbound, (False,), {}),
    (deletes, (1,), {}),
    (cells, (1, 2), {}),
    (empty_cell, (1,), {}),
    (comprehensions, (3,), {}),
    (classes, (1,), {}),
    (matches, ([1, 2],), {}),
    (matches, ({"key": 1},), {}),
    (matches, (1,), {}),
    (formats, (1,), {}),
    (recursive, (5,), {}),
    (unpacks, (1,), {}),
    (many, (1,), {}),
]


def ended(function, arguments, keywords):
    """How a call ends."""
    try:
        return function(*arguments, **keywords)
    except Exception as error:
        return type(error), str(error)


def of_this_file(code):
    return code.co_filename == __file__ and code.co_name not in ("note", "ended", "<lambda>", "split_call")


def split_call(function, arguments, keywords, where=lambda call: True):
    splitter = Splitter(where, of_this_file)
    names.clear()
    with evalframe.hook(splitter, only=splitter.wants):
        result = ended(function, arguments, keywords)
    return result, list(names), splitter


class Split(unittest.TestCase):
    def test_the_same(self):
        for function, arguments, keywords in CALLS:
            with self.subTest(function=function.__name__, arguments=arguments):
                names.clear()
                expected = ended(function, arguments, keywords)
                calls = len(names)
                result, parts, splitter = split_call(function, arguments, keywords)
                self.assertEqual(repr(result), repr(expected))
                self.assertEqual(len(parts), calls)
                self.assertTrue(sum(found.resumed for found in splitter.parts.values()) > 0)
                # Again, with the parts that have been made.
                with evalframe.hook(splitter, only=splitter.wants):
                    self.assertEqual(repr(ended(function, arguments, keywords)), repr(expected))

    def test_names_say_where(self):
        _, parts, _ = split_call(nested_calls, (1,), {})
        line = nested_calls.__code__.co_firstlineno + 1
        self.assertEqual(parts[0], "nested_calls")
        self.assertEqual(parts[1:], [f"resume_in_nested_calls_at_{line}"] * 5)

    def test_where(self):
        """Only at the calls that the predicate names."""
        line = straight.__code__.co_firstlineno + 2
        _, parts, splitter = split_call(straight, (1,), {}, lambda call: call.line == line)
        self.assertEqual(parts[:3], ["straight"] * 3)
        self.assertEqual(parts[3], f"resume_in_straight_at_{line}")
        _, parts, splitter = split_call(straight, (1,), {}, lambda call: False)
        self.assertEqual((set(parts), splitter.parts), ({"straight"}, {}))

    def test_cache(self):
        """By the place, and what is bound there: nothing is made twice."""
        splitter = Splitter(only=of_this_file)
        with evalframe.hook(splitter, only=splitter.wants):
            for flag in (True, False, True, False):
                unbound(flag)
        (found,) = splitter.parts.values()
        places = [index for index, bound in found.cache]
        self.assertGreater(len(places), len(set(places)))
        made, resumed = len(found.cache), found.resumed
        with evalframe.hook(splitter, only=splitter.wants):
            unbound(True)
        # The hook asks again about the code: the splitter has split it anew.
        (found,) = splitter.parts.values()
        self.assertLessEqual(len(found.cache), made)
        self.assertLess(found.resumed, resumed)

    def test_not_split(self):
        """Generators, coroutines, bodies of classes and modules, and what asks for super() with self in a cell."""

        def generator():
            yield note(1)

        async def coroutine():
            note(1)

        class Base:
            def method(self):
                return 1

        class Derived(Base):
            def method(self):
                return note(super().method()), (lambda: self)

        splitter = Splitter(only=of_this_file)
        for code in (generator.__code__, coroutine.__code__, Derived.method.__code__, compile("note(1)", __file__, "exec")):
            self.assertFalse(splitter.wants(code))

    def test_a_thousand_rounds(self):
        """A loop does not split without end."""

        def rounds():
            return sum([note(i) for i in range(1000)]), max(note(i) for i in range(3))

        result, parts, _ = split_call(rounds, (), {})
        self.assertEqual(result, (499500, 2))


class Programs(unittest.TestCase):
    def run_python(self, *words):
        command = [os.environ.get("TEST_PYTHON", sys.executable), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)

    def assert_the_same(self, *words):
        plain, split = self.run_python(*words), self.run_python("-m", "examples.resume", "--list", *words)
        self.assertEqual((split.returncode, split.stdout), (plain.returncode, plain.stdout), split.stderr[-2000:])
        functions, made, run = (int(word) for word in split.stderr.split() if word.isdecimal())
        self.assertTrue(functions > 20 and made > functions and run > made, split.stderr)

    def test_library(self):
        self.assert_the_same(ROOT / "tests" / "from_python" / "programs" / "library.py")

    def test_demo(self):
        """The quickest of the demo's programs; the others take half a minute each, and are for a look by hand."""
        self.assert_the_same(ROOT / "examples" / "programs" / "puzzle_solver.py")
