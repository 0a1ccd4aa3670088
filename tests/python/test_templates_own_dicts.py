"""Dicts that were copied from a template are dicts like any other: what becomes of one is nothing to the next."""

import sys
import types
import unittest

import templates
from fresh_dicts import WAYS, FreshDictTestCase, Thing, another, ask, exactly, many
from readings import INLINES


class OwnDictTest(FreshDictTestCase):
    CHANGES = {
        "set": lambda answer: answer.update(a="changed"),
        "delete": lambda answer: answer.pop("a"),
        "delete the last": lambda answer: answer.popitem(),
        "clear": lambda answer: answer.clear(),
        "grow": lambda answer: answer.update((f"new{i}", i) for i in range(1000)),
        "another kind of key": lambda answer: answer.update({1: 2, (): 3}),
        "set all": lambda answer: answer.update(dict.fromkeys(answer)),
        "reorder": lambda answer: answer.update(a=answer.pop("a")),
    }

    def test_changed(self):
        for way in WAYS:
            for change in self.CHANGES.values():
                frame = many(Thing())
                expected = exactly(templates.inserted(frame))
                change(self.teach(frame, way))
                answer, copied = ask(frame, way)
                self.assertTrue(copied)
                self.assertEqual(exactly(answer), expected)

    def test_the_one_that_was_learned_from(self):
        """The dict that the template is a copy of was handed out too."""
        for change in self.CHANGES.values():
            frame = another()(Thing())
            expected = exactly(templates.inserted(frame))
            for _ in range(4):
                change(ask(frame)[0])
            answer, copied = ask(frame)
            self.assertTrue(copied)
            self.assertEqual(exactly(answer), expected)

    def test_like_any_dict(self):
        frame = many(Thing())
        answer, like = self.teach(frame), templates.inserted(frame)
        templates.mapping(frame)
        self.assertEqual(sys.getsizeof(answer), sys.getsizeof(like))
        self.assertEqual(answer, like)
        self.assertEqual(repr(answer.keys()), repr(like.keys()))
        self.assertEqual(list(reversed(answer)), list(reversed(like)))
        self.assertEqual(exactly(answer.copy()), exactly(like))
        self.assertEqual(exactly({**answer}), exactly(like))
        self.assertEqual(exactly(answer | {}), exactly(like))
        self.assertEqual(dict.fromkeys(answer), dict.fromkeys(like))
        for dictionary in (answer, like):
            for i in range(100):
                dictionary[f"name{i}"] = dictionary[i] = i
                dictionary.pop("d", None)
                if i % 3:
                    del dictionary[f"name{i}"]
            dictionary.setdefault("d", self)
        self.assertEqual(exactly(answer), exactly(like))
        self.assertEqual(sys.getsizeof(answer), sys.getsizeof(like))
        with self.assertRaisesRegex(RuntimeError, "changed size"):
            for name in answer:
                answer[name * 2] = 1

    def test_used_as_a_namespace(self):
        """Instructions specialized for the keys of one dict find their way in the next, and see what it lacks."""
        read = compile("result = [a, d, j]", "read", "exec")
        self.teach(many(0))
        for i in range(100):
            answer = ask(many(i, d=-i))[0]
            exec(read, answer)
            self.assertEqual(answer["result"], [i, -i, i])
            other = ask(many(i))[0]
            del other["j"]
            with self.assertRaisesRegex(NameError, "'j' is not defined"):
                exec(read, other)
            third = ask(many(i))[0]
            third["j"] = third.pop("a")
            with self.assertRaisesRegex(NameError, "'a' is not defined"):
                exec(read, third)

    def test_function_globals(self):
        def read():
            return a, j  # noqa: F821

        functions = [types.FunctionType(read.__code__, self.teach(many(i)) | {}) for i in range(2)]
        for i in range(200):
            answer = ask(many(i))[0]
            function = types.FunctionType(read.__code__, answer)
            self.assertEqual(function(), (i, i))
            answer["j"] = "set"
            self.assertEqual(function(), (i, "set"))
            del answer["a"]
            with self.assertRaises(NameError):
                function()
        self.assertEqual([function() for function in functions], [(0, 0), (1, 1)])

    @unittest.skipIf(sys.version_info >= (3, 14), "dicts have no version from 3.14 on")
    def test_versions(self):
        frame = many(1)
        self.teach(frame)
        answers = [ask(frame)[0] for _ in range(50)]
        self.assertEqual(len({templates.version(answer) for answer in answers}), 50)

    @unittest.skipUnless(INLINES, "dicts can be watched from 3.12 on")
    def test_watched(self):
        frame = many(1)
        answer = self.teach(frame)
        templates.watch(answer)
        before = templates.events_seen()
        others = [ask(frame) for _ in range(5)]
        self.assertEqual(templates.events_seen(), before, "a copy is nobody's to watch")
        answer["a"] = 2
        self.assertEqual(templates.events_seen(), before + 1)
        for other, copied in others:
            self.assertTrue(copied)
            other["a"] = 2
        del others, other
        self.assertEqual(templates.events_seen(), before + 1)


if __name__ == "__main__":
    unittest.main()
