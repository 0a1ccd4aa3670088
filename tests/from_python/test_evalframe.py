"""pyframe_shim.evalframe: what a callback sees, what it may answer, and what `only` leaves out."""

import doctest
import gc
import pydoc
import threading
import types
import unittest
import weakref

from leaks import NOISE, growth
from pyframe_shim import evalframe
from pyframe_shim.evalframe import UNBOUND, Return


def add(a, b=2, *rest, key=None):
    total = a + b
    return total


def make_closure(outer):
    def closure(a):
        return a, outer

    return closure


def is_add(code):
    return code is add.__code__


class HookTest(unittest.TestCase):
    """Nothing is left installed."""

    def setUp(self):
        self.hooks = []
        self.addCleanup(lambda: [hook.remove() for hook in self.hooks if hook.installed])

    def install(self, *arguments, **options):
        self.hooks.append(evalframe.install(*arguments, **options))
        return self.hooks[-1]

    def look(self, question, call, code):
        """What `question(frame)` says of the frames of this code that `call()` makes."""
        said = []
        with evalframe.hook(lambda frame: said.append(question(frame)), only=lambda found: found is code):
            call()
        return said


class Documents(unittest.TestCase):
    def test_examples(self):
        done = doctest.testmod(evalframe)
        self.assertEqual((done.failed, done.attempted >= 13), (0, True))

    def test_help(self):
        text = pydoc.plain(pydoc.render_doc(evalframe))
        for said in ("Hook(callback, /, *, only=None", "install(callback, /, *, only=None", "why_not(self, code, /)", "Return(value)"):
            self.assertIn(said, text)
        for kind in (evalframe.Hook, evalframe.Frame):
            for name, member in vars(kind).items():
                if name not in ("__module__", "__new__"):
                    self.assertTrue(member if name == "__doc__" else member.__doc__, f"{kind.__name__}.{name}")


class Seen(HookTest):
    def test_function(self):
        ask = lambda frame: (frame.code, frame.function, frame.globals, frame.builtins, frame.locals, frame.owner, frame.lasti, frame.line)
        (said,) = self.look(ask, lambda: add(1, key=3), add.__code__)
        locals_ = {"a": 1, "b": 2, "rest": (), "key": 3}
        self.assertEqual(said[4:], (locals_, "thread", -1, add.__code__.co_firstlineno))
        self.assertTrue(said[0] is add.__code__ and said[1] is add and said[2] is globals() and said[3] is add.__builtins__)

    def test_slots(self):
        kept = 7.5
        (values, slots) = self.look(lambda frame: (frame.values, frame.slots), lambda: add(kept), add.__code__)[0]
        self.assertIs(values[0], kept)
        self.assertEqual(values[1:], (2, None, (), UNBOUND))
        self.assertEqual([slot.name for slot in slots], ["a", "b", "key", "rest", "total"])
        self.assertEqual([slot.kind for slot in slots], ["argument"] * 4 + ["local"])
        self.assertEqual([(slot.value, slot.cell) for slot in slots], [(value, None) for value in values])

    def test_cells(self):
        closure = make_closure("kept")
        slots = self.look(lambda frame: frame.slots, lambda: closure(5), closure.__code__)[0]
        self.assertEqual([(slot.name, slot.kind, slot.value) for slot in slots], [("a", "argument", 5), ("outer", "free variable", "kept")])
        self.assertIs(slots[1].cell, closure.__closure__[0])
        slots = self.look(lambda frame: frame.slots, lambda: make_closure(7), make_closure.__code__)[0]
        self.assertEqual([(slot.kind, slot.value, slot.cell) for slot in slots], [("argument, cell", 7, None), ("local", UNBOUND, None)])

    def test_module_and_class_body(self):
        code = compile("class Body:\n    inside = 1", "module", "exec")
        (body,) = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
        namespace = {"before": 1}
        said = self.look(lambda frame: (frame.locals["before"], frame.globals is namespace), lambda: exec(code, namespace), code)
        self.assertEqual(said, [(1, True)])
        said = self.look(lambda frame: (frame.locals, frame.function is None), lambda: exec(code, namespace), body)
        self.assertEqual(said[0][0], {})
        namespace = {}
        exec(code, namespace)
        self.assertEqual(namespace["Body"].inside, 1)

    def test_callers(self):
        def inner():
            return add(1)

        def outer(argument):
            return inner()

        def names(frame):
            found = []
            while frame is not None:
                found.append((frame.code.co_name, frame.line - frame.code.co_firstlineno))
                frame = frame.caller
            return found

        (said,) = self.look(names, lambda: outer(4), add.__code__)
        self.assertEqual([name for name, _ in said][:3], ["add", "inner", "outer"])
        self.assertEqual([line for _, line in said][:3], [0, 1, 1])
        (said,) = self.look(lambda frame: frame.caller.caller.locals["argument"], lambda: outer(4), add.__code__)
        self.assertEqual(said, 4)

    def test_its_time(self):
        kept = []
        self.look(lambda frame: kept.extend([frame, frame.caller, frame.caller.caller]), lambda: add(1), add.__code__)
        for frame in kept:
            self.assertIn("ended", repr(frame))
            for name in ("code", "function", "globals", "builtins", "locals", "values", "slots", "owner", "lasti", "line", "caller"):
                with self.assertRaisesRegex(RuntimeError, "has returned"):
                    getattr(frame, name)
            with self.assertRaisesRegex(RuntimeError, "has returned"):
                frame.why_not(add)

    def test_its_thread(self):
        errors = []

        def look(frame):
            try:
                frame.code
            except RuntimeError as error:
                errors.append(str(error))

        def elsewhere(frame):
            thread = threading.Thread(target=look, args=(frame,))
            thread.start()
            thread.join()
            return frame.code is add.__code__

        self.assertEqual(self.look(elsewhere, lambda: add(1), add.__code__), [True])
        self.assertEqual(errors, ["this view belongs to the thread that runs the callback"])

    def test_what_does_not_fit(self):
        def ask(frame):
            with self.assertRaisesRegex(TypeError, "code or a function is wanted, not int"):
                frame.why_not(1)
            return [frame.why_not(other) for other in (add, add.__code__, make_closure, closure.__code__)]

        closure = make_closure(1)
        (said,) = self.look(ask, lambda: add(1), add.__code__)
        self.assertEqual(said[:2], [None, None])
        self.assertIn("arguments", said[2])
        self.assertTrue(said[3])

    def test_not_to_be_made(self):
        with self.assertRaises(TypeError):
            evalframe.Frame()


class Answers(HookTest):
    def answer(self, answer, call=lambda: add(1)):
        with evalframe.hook(lambda frame: answer, only=is_add):
            return call()

    def test_none(self):
        self.assertEqual(self.answer(None), 3)

    def test_code(self):
        def other(a, b, *rest, key):
            return "other", a, b, rest, key

        self.assertEqual(self.answer(other.__code__, lambda: add(1, 3, 4, key=5)), ("other", 1, 3, (4,), 5))
        self.assertEqual(add(1), 3)

    def test_function(self):
        outer = "of the other"

        def other(a, b, *rest, key):
            return outer, a, b

        self.assertEqual(self.answer(other), ("of the other", 1, 2))
        elsewhere = types.FunctionType((lambda a, b, *rest, key: there).__code__, {"there": "other globals"})
        self.assertEqual(self.answer(elsewhere), "other globals")

    def test_generator(self):
        def generator(a, b, *rest, key):
            yield a
            yield b

        self.assertEqual(list(self.answer(generator)), [1, 2])

    def test_value(self):
        for value in (None, 7, add):
            self.assertIs(self.answer(Return(value)), value)
        self.assertEqual(repr(Return(7)), "Return(7)")

    def test_value_that_has_gone(self):
        empty = Return(1)
        del empty.value
        with self.assertRaises(AttributeError):
            self.answer(empty)

    def test_wrong(self):
        with self.assertRaisesRegex(TypeError, r"must return None, code, a function or Return\(value\), not int"):
            self.answer(7)
        for other in (lambda: 1, (lambda: 1).__code__):
            with self.assertRaisesRegex(ValueError, "must take the arguments"):
                self.answer(other)
        self.assertEqual(add(1), 3)

    def test_exception(self):
        def fails(frame):
            raise LookupError("of the callback")

        try:
            with evalframe.hook(fails, only=is_add):
                add(1)
        except LookupError as error:
            traceback = error.__traceback__
        names = []
        while traceback is not None:
            names.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        self.assertEqual(names, ["test_exception", "fails"])

    def test_nothing_is_left(self):
        for answer in (None, add, add.__code__, Return(1), Return([])):
            with self.subTest(answer), evalframe.hook(lambda frame: (frame.slots, frame.caller, answer)[2], only=is_add):
                self.assertLess(growth(lambda: add(1), 300), NOISE)

        def raises():
            try:
                add(1)
            except LookupError:
                pass

        def callback(frame):
            raise LookupError

        with evalframe.hook(callback, only=is_add):
            self.assertLess(growth(raises, 300), NOISE)


class Only(HookTest):
    def test_once(self):
        asked, seen = [], []

        def only(code):
            asked.append(code)
            return code is add.__code__

        def other():
            return add(1)

        with evalframe.hook(lambda frame: seen.append(frame.code), only=only):
            for _ in range(5):
                other()
        # The frame of this function runs already: it is not asked about.
        self.assertEqual((asked, seen), ([other.__code__, add.__code__], [add.__code__] * 5))

    def test_each_hook_decides(self):
        seen = []
        for _ in range(3):
            with evalframe.hook(lambda frame: seen.append("one"), only=is_add):
                with evalframe.hook(lambda frame: seen.append("other"), only=lambda code: not is_add(code)):
                    add(1)
                    make_closure(1)
        self.assertEqual(seen, ["one", "other"] * 3)

    def test_again(self):
        """A hook that is installed again asks again."""
        asked = []
        hook = evalframe.hook(lambda frame: None, only=lambda code: asked.append(code))
        for times in (1, 2):
            with hook:
                add(1), add(1)
            self.assertEqual(asked, [add.__code__] * times)

    def test_raises(self):
        asked = []

        def only(code):
            asked.append(code)
            if len(asked) == 1:
                raise LookupError("of the predicate")
            return True

        with self.assertRaisesRegex(LookupError, "of the predicate"), evalframe.hook(lambda frame: Return("asked"), only=only) as hook:
            add(1)
        with hook:
            self.assertEqual((add(1), asked), ("asked", [add.__code__] * 2))

    def test_neither_true_nor_false(self):
        class Neither:
            def __bool__(self):
                raise LookupError("neither")

        neither = Neither()
        with self.assertRaisesRegex(LookupError, "neither"), evalframe.hook(lambda frame: None, only=lambda code: neither):
            add(1)

    def test_code_goes(self):
        """What is kept with code keeps nothing alive, and goes with the code."""

        def work():
            function = types.FunctionType(add.__code__.replace(co_name="new"), {})
            function(1, 2, key=3)
            return weakref.ref(function.__code__)

        with evalframe.hook(lambda frame: None, only=lambda code: False):
            self.assertIsNone(work()())
            self.assertLess(growth(work, 300), NOISE)

    def test_many_hooks(self):
        """What removed hooks have decided is forgotten: a code object does not grow with each."""

        def work():
            with evalframe.hook(lambda frame: None, only=is_add):
                add(1)

        self.assertLess(growth(work, 300), NOISE)


class Mistakes(HookTest):
    def test_arguments(self):
        for wrong in ((), (7,), (print, print)):
            with self.assertRaises(TypeError):
                evalframe.hook(*wrong)
        with self.assertRaisesRegex(TypeError, "the callback must be callable, not int"):
            evalframe.install(7)
        with self.assertRaisesRegex(TypeError, "the predicate must be callable, not int"):
            evalframe.hook(print, only=7)
        with self.assertRaises(TypeError):
            evalframe.hook(print, once=True)

    def test_attributes(self):
        hook = evalframe.hook(print, only=is_add)
        self.assertEqual((hook.callback, hook.only, hook.installed), (print, is_add, False))
        self.assertIsNone(evalframe.hook(print).only)
        with hook as entered:
            self.assertIs(entered, hook)
            self.assertTrue(hook.installed)
        self.assertFalse(hook.installed)

    def test_installed_twice(self):
        hook = self.install(lambda frame: None)
        with self.assertRaisesRegex(RuntimeError, "the hook is installed already"):
            hook.install()
        evalframe.remove(hook)
        with self.assertRaisesRegex(ValueError, "the hook is not installed"):
            hook.remove()

    def test_too_many(self):
        with self.assertRaisesRegex(RuntimeError, "64"):
            for _ in range(70):
                self.install(lambda frame: None, only=lambda code: False)
        self.assertEqual(add(1), 3)

    def test_dropped(self):
        """A hook that nobody has any more stays installed; one that is not installed goes."""
        seen = []
        with evalframe.hook(lambda frame: seen.append(1)) as hook:
            del hook
            gc.collect()
            add(1)
        self.assertEqual(seen, [1])

    def test_it_goes(self):
        class Callback:
            def __call__(self, frame):
                return None

        callback = Callback()
        callback.itself = evalframe.hook(callback)
        with callback.itself:
            add(1)
        gone = weakref.ref(callback)
        del callback
        gc.collect()
        self.assertIsNone(gone())
