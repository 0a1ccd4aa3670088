"""_PyFunction_CopyWithNewCode: a function that is another but for its code."""

import gc
import inspect
import sys
import types
import typing
import unittest
import weakref

import probe

try:
    import _testcapi
except ImportError:
    _testcapi = None

HAS_WATCHERS = HAS_TYPE_PARAMETERS = sys.version_info >= (3, 12)
IMMORTAL = 2**30  # such a count is one, from 3.12 on
SHARED = "globals builtins defaults kwdefaults closure doc dict module annotations vectorcall".split()
if HAS_TYPE_PARAMETERS:
    SHARED.append("typeparams")
if sys.version_info >= (3, 14):
    SHARED.append("annotate")


def make(name="original"):
    """A function with something in every field."""
    cell = object()

    def inner(a: int, b: str = "b", *, c: float = 1.5):
        """What it does."""
        return a, b, c, cell, __name__

    inner.note = ["kept"]
    assert inner.__annotations__  # from 3.14 on they are made when they are asked for
    if HAS_TYPE_PARAMETERS:
        inner.__type_params__ = (typing.TypeVar("T"),)
    inner.__name__ = name
    inner.__qualname__ = "Outer." + name
    return inner


def same_code(function, **changes):
    """An equal code object that is not the same one."""
    changed = function.__code__.replace(**changes)
    assert changed is not function.__code__
    return changed


class Name(str):
    """A string that is not interned."""


class FieldsTest(unittest.TestCase):
    def assert_shared(self, copy, original):
        copied, expected = probe.function_fields(copy), probe.function_fields(original)
        for name in SHARED:
            with self.subTest(field=name):
                if isinstance(expected[name], int):
                    self.assertEqual(copied[name], expected[name])
                else:
                    self.assertIs(copied[name], expected[name])

    def test_every_field(self):
        original = make()
        for name, value in probe.function_fields(original).items():
            self.assertIsNot(value, ..., f"the test wants {name} to be set")
        code = same_code(original)
        copy = probe.copy_function(original, code)
        self.assertIs(type(copy), types.FunctionType)
        self.assertIsNot(copy, original)
        self.assert_shared(copy, original)
        self.assertIs(probe.function_fields(copy)["code"], code)

    def test_empty_fields(self):
        def plain():
            pass

        plain.__doc__ = None
        fields = probe.function_fields(plain)
        self.assertIs(fields["defaults"], ...)
        self.assertIs(fields["closure"], ...)
        self.assertIs(fields["dict"], ...)
        copy = probe.copy_function(plain, same_code(plain))
        self.assert_shared(copy, plain)
        self.assertEqual((copy.__defaults__, copy.__kwdefaults__, copy.__closure__), (None, None, None))

    def test_what_python_sees(self):
        original = make()
        copy = probe.copy_function(original, same_code(original))
        self.assertIs(copy.__dict__, original.__dict__)
        copy.later = 1
        self.assertEqual(original.later, 1)
        for field in ("globals", "defaults", "kwdefaults", "closure", "doc", "module", "builtins"):
            name = f"__{field}__"
            with self.subTest(attribute=name):
                self.assertIs(getattr(copy, name), getattr(original, name))
        self.assertEqual(copy.__annotations__, {"a": int, "b": str, "c": float})
        self.assertEqual(inspect.signature(copy), inspect.signature(original))

    def test_fields_are_the_copys_own_afterwards(self):
        original = make()
        copy = probe.copy_function(original, same_code(original))
        copy.__defaults__ = ("other",)
        copy.__doc__ = "Other."
        copy.__kwdefaults__ = None
        self.assertEqual(original.__defaults__, ("b",))
        self.assertEqual(original.__doc__, "What it does.")
        self.assertEqual(original.__kwdefaults__, {"c": 1.5})

    @unittest.skipUnless(HAS_TYPE_PARAMETERS, "type parameters came with 3.12")
    def test_type_parameters(self):
        namespace = {}
        exec("def generic[T, *Ts, **P](a: T) -> T: return a", namespace)
        original = namespace["generic"]
        copy = probe.copy_function(original, same_code(original))
        self.assertEqual(len(original.__type_params__), 3)
        self.assertIs(copy.__type_params__, original.__type_params__)
        self.assertIs(probe.function_fields(copy)["typeparams"], probe.function_fields(original)["typeparams"])

    def test_version(self):
        def simple(a):
            return a

        def call(function):
            return function(1)

        for _ in range(100):  # on 3.11 the specializer gives a version to what is called
            call(simple)
        self.assertNotEqual(probe.function_version(simple), 0, "the test wants a version")
        self.assertEqual(probe.function_version(probe.copy_function(simple, same_code(simple))), 0)
        self.assertEqual(probe.function_version(probe.copy_function(simple, simple.__code__)), 0)

    def test_weak_references(self):
        original = make()
        gone = []
        reference = weakref.ref(original, gone.append)
        copy = probe.copy_function(original, same_code(original))
        self.assertEqual(weakref.getweakrefcount(copy), 0)
        self.assertEqual(probe.function_fields(copy)["weakreflist"], 0)
        own = weakref.ref(copy)
        del copy
        self.assertIsNone(own())
        self.assertIs(reference(), original)
        self.assertEqual(gone, [])

    def test_tracked(self):
        original = make()
        copy = probe.copy_function(original, same_code(original))
        self.assertTrue(probe.is_tracked(copy))
        # A cycle through the copy alone, which only the collector can see.
        copy.__defaults__ = (copy,)
        gone = weakref.ref(copy)
        del copy
        self.assertIsNotNone(gone())
        gc.collect()
        self.assertIsNone(gone())


class ReferencesTest(unittest.TestCase):
    def test_exact(self):
        original = make()
        code = same_code(original)
        original.__annotations__  # a dict from here on
        fields = probe.function_fields(original)
        held = [(name, value, 1000) for name, value in fields.items() if not isinstance(value, int) and name != "code"]
        held += [("old code", original.__code__, 0), ("new code", code, 1000), ("function", original, 0)]
        held = [entry for entry in held if sys.getrefcount(entry[1]) < IMMORTAL]
        gc.collect()
        before = [sys.getrefcount(value) for _, value, _ in held]
        copies = [None] * 1000
        for index in range(1000):
            copies[index] = probe.copy_function(original, code)
        during = [sys.getrefcount(value) for _, value, _ in held]
        for index in range(1000):
            copies[index] = None
        after = [sys.getrefcount(value) for _, value, _ in held]
        self.assertEqual(after, before)
        for (name, _, expected), most, least in zip(held, during, before):
            with self.subTest(field=name):
                self.assertEqual(most - least, expected)

    def test_names(self):
        original = make(name="n" * 9 + str(id(self)))
        other = same_code(original, co_name="o" * 9 + str(id(self)), co_qualname="q" * 9 + str(id(self)))
        kept = [original.__name__, original.__qualname__]
        taken = [other.co_name, other.co_qualname]
        for code, gaining, still in ((original.__code__, kept, taken), (other, taken, kept)):
            before = [sys.getrefcount(name) for name in gaining + still]
            copies = [None] * 1000
            for index in range(1000):
                copies[index] = probe.copy_function(original, code)
            during = [sys.getrefcount(name) for name in gaining + still]
            for index in range(1000):
                copies[index] = None
            self.assertEqual([a - b for a, b in zip(during, before)], [1000, 1000, 0, 0])
            self.assertEqual([sys.getrefcount(name) for name in gaining + still], before)

    def test_outlives_the_original(self):
        original = make()
        expected = original(1)
        copy = probe.copy_function(original, same_code(original))
        gone = weakref.ref(original)
        del original
        self.assertIsNone(gone())
        gc.collect()
        self.assertEqual(copy(1), expected)


class NamesTest(unittest.TestCase):
    def test_of_the_new_code(self):
        original = make(name="renamed")
        code = same_code(original, co_name="replaced", co_qualname="Module.replaced")
        copy = probe.copy_function(original, code)
        self.assertIs(copy.__name__, code.co_name)
        self.assertIs(copy.__qualname__, code.co_qualname)

    def test_of_the_function_if_the_code_bears_its_name(self):
        original = make(name="renamed")
        for code in (original.__code__, same_code(original), same_code(original, co_qualname="elsewhere.inner")):
            copy = probe.copy_function(original, code)
            self.assertIs(copy.__name__, original.__name__)
            self.assertIs(copy.__qualname__, original.__qualname__)

    def test_equal_names_that_are_not_the_same_string(self):
        for name in ("inner", "r\u00e9sum\u00e9", "\u540d\u524d", "\U0001d4dd"):
            original = make(name="renamed")
            original.__code__ = same_code(original, co_name=name)
            code = same_code(original, co_name="".join(list(name)))
            if code.co_name is original.__code__.co_name:
                code = code.replace(co_name=Name(name))
            copy = probe.copy_function(original, code)
            with self.subTest(name=name):
                self.assertIsNot(code.co_name, original.__code__.co_name)
                self.assertEqual(code.co_name, original.__code__.co_name)
                self.assertEqual(copy.__name__, "renamed")

    def test_names_that_differ_a_little(self):
        pairs = [("inner", "Inner"), ("inner", "inner_"), ("inner", "inne"), ("\u00e9", "e\u0301"), ("a", "\u0430")]
        for name, other in pairs:
            original = make(name="renamed")
            original.__code__ = same_code(original, co_name=name)
            copy = probe.copy_function(original, same_code(original, co_name=other))
            self.assertEqual(copy.__name__, other)

    def test_of_generators(self):
        def generate():
            yield 1

        generate.__name__, generate.__qualname__ = "renamed", "Module.renamed"
        generator = probe.copy_function(generate, same_code(generate))()
        self.assertEqual((generator.__name__, generator.__qualname__), ("renamed", "Module.renamed"))
        self.assertEqual(list(generator), [1])
        code = same_code(generate, co_name="other", co_qualname="Module.other")
        generator = probe.copy_function(generate, code)()
        self.assertEqual((generator.__name__, generator.__qualname__), ("other", "Module.other"))

        async def coroutine():
            pass

        coroutine.__qualname__ = "Module.renamed"
        awaitable = probe.copy_function(coroutine, same_code(coroutine))()
        self.assertEqual(awaitable.__qualname__, "Module.renamed")
        awaitable.close()


class CallTest(unittest.TestCase):
    def test_runs_the_new_code(self):
        def add(a, b=10, *args, c=3, **kwargs):
            return a + b + c + sum(args) + sum(kwargs.values())

        def multiply(a, b=20, *args, c=4, **kwargs):
            return a * b * c

        copy = probe.copy_function(add, multiply.__code__)
        self.assertEqual(copy(2), 2 * 10 * 3, "the defaults are those of the old function")
        self.assertEqual(copy(2, 5, 7, c=2, d=1), 20)
        self.assertEqual(add(2), 15)

    def test_globals_and_closure(self):
        original = make()
        self.assertEqual(probe.copy_function(original, same_code(original))(1, c=2), original(1, c=2))

    def test_often_enough_to_be_specialized(self):
        def one():
            return 1

        def two():
            return 2

        def call(function):
            return function()

        for _ in range(200):
            self.assertEqual(call(one), 1)
        copy = probe.copy_function(one, two.__code__)
        for _ in range(200):
            self.assertEqual(call(copy), 2)
            self.assertEqual(call(one), 1)

    def test_copy_of_a_copy(self):
        original = make()
        copy = original
        for _ in range(20):
            copy = probe.copy_function(copy, same_code(original))
        self.assertEqual(copy(1), original(1))
        self.assertEqual(copy.__name__, original.__name__)


class ClosureTest(unittest.TestCase):
    """The closure must have a cell for each free variable of the code."""

    def cases(self):
        x, y = object(), object()

        def none():
            pass

        def one():
            return x

        def two():
            return x, y

        for function in (none, one, two):
            for other in (none, one, two):
                if function is not other:
                    yield function, other.__code__

    def test_mismatch_both_ways(self):
        for function, code in self.cases():
            cells = len(function.__closure__ or ())
            with self.assertRaises(ValueError) as caught:
                probe.copy_function(function, code)
            self.assertEqual(
                str(caught.exception),
                f"the code '{code.co_name}' has {len(code.co_freevars)} free variables, but the function's closure has {cells} cells",
            )

    def test_nothing_leaks(self):
        for function, code in self.cases():
            held = [function, code, code.co_name, function.__closure__]
            before = [sys.getrefcount(value) for value in held]
            for _ in range(100):
                try:
                    probe.copy_function(function, code)
                except ValueError:
                    pass
            self.assertEqual([sys.getrefcount(value) for value in held], before)


@unittest.skipUnless(HAS_WATCHERS, "function watchers came with 3.12")
@unittest.skipUnless(_testcapi, "this interpreter has no _testcapi")
class WatcherTest(unittest.TestCase):
    """As documented: watchers are not told of the copy, but of its end."""

    def test_events(self):
        events = []

        def note(event, function, new_value):
            # Of a function that dies, all that is told is its address.
            address = function if isinstance(function, int) else id(function)
            if address == watched[0]:
                events.append(event)

        original, watched = make(), [0]
        watcher = _testcapi.add_func_watcher(note)
        try:
            copy = probe.copy_function(original, same_code(original))
            watched[0] = id(copy)
            copy.__defaults__ = None
            del copy
        finally:
            _testcapi.clear_func_watcher(watcher)
        self.assertEqual(events, [_testcapi.PYFUNC_EVENT_MODIFY_DEFAULTS, _testcapi.PYFUNC_EVENT_DESTROY])

    def test_no_event_of_its_making(self):
        made = []

        def note(event, function, new_value):
            if event == _testcapi.PYFUNC_EVENT_CREATE:
                made.append(function)

        original = make()
        code = same_code(original)
        watcher = _testcapi.add_func_watcher(note)
        try:
            copy = probe.copy_function(original, code)
            told = list(made)
            another = make()
        finally:
            _testcapi.clear_func_watcher(watcher)
        self.assertEqual(told, [])
        self.assertIn(another, made, "the test wants a watcher that works")
        self.assertNotIn(copy, made)


if __name__ == "__main__":
    unittest.main()
