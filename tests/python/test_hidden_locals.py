"""Modules and class bodies: locals that are hidden, names that are not locals, and the namespace that holds the rest."""

import sys
import types
import unittest

import probe
from readings import INLINES, MERGES, PROXIES, WAYS, LocalsTestCase
from support import slots

ALWAYS = {"look", "__builtins__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__"}


def visible(names):
    return {name: value for name, value in names.items() if name not in ALWAYS}


class NamespaceTest(LocalsTestCase):
    def run_with(self, source, look, **names):
        """Run the source as a module; what look(frame object) returned each time that the source called look()."""
        answers = []
        namespace = {"look": lambda: answers.append(look(sys._getframe(1))), **names}
        exec(source, namespace)
        return answers

    def answers(self, source, **names):
        """For each look(): with hidden locals, without, and the mapping."""

        def look(frame):
            frame = probe.frame_of(frame)
            hidden, copied = probe.get_locals(frame, True)
            without, copied_too = probe.get_locals(frame, False)
            self.assertEqual((copied, copied_too), (0, 0))
            self.assertIs(without, probe.info(frame)["f_locals"])
            return visible(hidden), dict(visible(without)), probe.mapping(frame)

        return self.run_with(source, look, **names)

    def check(self, source, *expected, **names):
        """Each of `expected` is what is hidden at one look(), and the namespace beside it.

        Up to 3.11 a comprehension is a function of its own, with the same variables and an iterator.
        """
        answers = self.answers(source, **names)
        self.assertEqual(len(answers), len(expected))
        for (with_hidden, without, mapping), (hidden, namespace) in zip(answers, expected):
            if INLINES or hidden is None:
                self.assertEqual(with_hidden, {**namespace, **(hidden or {})})
                self.assertEqual(without, namespace)
                self.assertEqual(mapping, {})
            else:
                mapping.pop(".0")
                self.assertEqual(mapping, hidden)
        if not PROXIES:  # frame.f_locals shows hidden locals alone there, and crashes on some of these frames in 3.13.0
            theirs = self.run_with(source, lambda frame: sorted(visible(frame.f_locals)), **names)
            self.assertEqual([sorted(with_hidden) for with_hidden, *_ in answers], theirs)

    def test_module(self):
        self.check(
            "look()\n[look() for x in 'ab']\nlook()",
            (None, {}), ({"x": "a"}, {}), ({"x": "b"}, {}), (None, {}),
        )  # fmt: skip

    def test_module_with_the_name(self):
        self.check(
            "x = 'module'\n[look() for x in 'ab']\nlook()\nx = [x for x in 'a']\nlook()",
            ({"x": "a"}, {"x": "module"}), ({"x": "b"}, {"x": "module"}), (None, {"x": "module"}), (None, {"x": ["a"]}),
        )  # fmt: skip

    def test_captured_in_a_module(self):
        answers = self.answers("f = [(look(), lambda: x)[1] for x in 'ab']\nlook()\nlast = f[0]()\nlook()", x="module")
        self.assertEqual([hidden["x"] for hidden, *_ in answers], ["a", "b", "module", "module"])
        if INLINES:
            self.assertEqual([without["x"] for _, without, _ in answers], ["module"] * 4)
        self.assertEqual(answers[3][1]["last"], "b")

    def test_nested(self):
        self.check(
            "[[look() for y in x] for x in ['ab']]\n{y: look() for x in 'a' for y in x}",
            ({"y": "a"} if not INLINES else {"x": "ab", "y": "a"}, {}),
            ({"y": "b"} if not INLINES else {"x": "ab", "y": "b"}, {}),
            ({"x": "a", "y": "a"}, {}),
        )

    def test_walrus_writes_to_the_namespace(self):
        answers = self.answers("[(y := x, look()) for x in 'ab']\nlook()")
        self.assertEqual(answers[2], ({"y": "b"}, {"y": "b"}, {}))
        if INLINES:
            self.assertEqual(answers[1], ({"x": "b", "y": "b"}, {"y": "b"}, {}))

    def test_after_an_exception(self):
        self.check(
            "try: [(look(), 1 / x) for x in (1, 0)]\nexcept ZeroDivisionError: look()\nlook()",
            ({"x": 1}, {}), ({"x": 0}, {}), (None, {}), (None, {}),
        )  # fmt: skip

    def test_class(self):
        self.check(
            "class Body:\n x = 'class'\n look()\n [look() for x in 'a']\n look()\n del x\n look()\n [look() for x in 'b']",
            (None, {"x": "class"}), ({"x": "a"}, {"x": "class"}), (None, {"x": "class"}), (None, {}), ({"x": "b"}, {}),
        )  # fmt: skip

    def test_class_around_a_captured_variable(self):
        body = "x = 'class'\n f = [(look(), lambda: x)[1] for x in 'ab']\n last = f[0]()\n look()"
        answers = self.answers("class Body:\n " + body)
        self.assertEqual([hidden["x"] for hidden, *_ in answers], ["a", "b", "class"])
        self.assertEqual(answers[2][1]["last"], "b")

    def test_free_variables_of_a_class_body_are_not_its_names(self):
        source = "def outer(f):\n class Body:\n  look()\n  got = f\n  look()\n  def get(self): return f\nouter(1)"
        got = {"got": 1}
        self.assertEqual(self.answers(source), [({}, {}, {}), (got, got, {})])

    @unittest.skipUnless(INLINES, "comprehensions are inlined from 3.12 on")
    def test_one_name_hidden_and_free(self):
        source = "def outer(f):\n class Body:\n  [look() for f in 'a']\n  got = f\n  look()\nouter('free')"
        outer = compile(source, "", "exec").co_consts[0]
        body = next(constant for constant in outer.co_consts if isinstance(constant, types.CodeType))
        self.assertIn("f", body.co_varnames)
        self.assertIn("f", body.co_freevars)
        answers = self.answers(source)
        self.assertEqual(answers, [({"f": "a"}, {}, {}), ({"got": "free"}, {"got": "free"}, {})])

    def test_class_cell(self):
        source = "class Body:\n look()\n def method(self): return __class__\n x: int = 1\n look()\n [look() for y in 'a']"
        answers = self.answers(source)
        for hidden, without, mapping in answers[:2]:
            for names in (hidden, without, mapping):
                self.assertNotIn("__class__", names)
        if INLINES:
            self.assertEqual(answers[2][0].keys() - answers[2][1].keys(), {"y"})

    @unittest.skipUnless(sys.version_info >= (3, 12), "generic classes are there from 3.12 on")
    def test_class_dict_cell(self):
        """Cells of a class body are no hidden locals: a generic class keeps its namespace in one, and up to 3.12 there too."""
        source = "class Body[T]:\n def method[U](self, x: T): pass\n look()"
        ((hidden, without, mapping),) = self.answers(source)
        if MERGES:
            self.assertIs(mapping["__classdict__"], mapping["__classdict__"]["__classdict__"])
        for answer in (mapping, without):
            self.assertEqual("__classdict__" in answer, MERGES)
        self.assertEqual(hidden.keys(), without.keys())

    def test_hidden_locals_never_reach_the_namespace(self):
        def look(frame):
            frame = probe.frame_of(frame)
            namespace = probe.info(frame)["f_locals"]
            before = list(namespace)
            for read in WAYS.values():
                self.assertIsNot(read(frame), None)
                self.assertEqual(list(namespace), before)
            with_hidden = probe.get_locals(frame, True)[0]
            self.assertEqual(with_hidden is namespace, "x" not in with_hidden)
            return namespace

        if INLINES:
            for namespace in self.run_with("look()\n[look() for x in 'ab']\nclass A:\n [look() for x in 'ab']", look):
                self.assertNotIn("x", namespace)
        else:
            self.run_with("look()\nclass A:\n look()", look)

    def test_result_with_hidden_is_the_callers(self):
        def look(frame):
            frame = probe.frame_of(frame)
            first, second = probe.get_locals(frame, True)[0], probe.get_locals(frame, True)[0]
            first["new"] = 1
            self.assertEqual(second is first, not INLINES)
            return "new" in probe.get_locals(frame, True)[0]

        self.assertEqual(self.run_with("[look() for x in 'a']", look), [not INLINES])

    def test_references(self):
        value, counts = object(), []

        def look(frame):
            frame = probe.frame_of(frame)
            held = [value, *[slot[0] for slot in slots(frame) if slot is not ...]]
            before = [sys.getrefcount(item) for item in held]
            for _ in range(1000):
                for read in WAYS.values():
                    read(frame)
            after = [sys.getrefcount(item) for item in held]
            counts.append([new - old for new, old in zip(after, before)])

        self.run_with("[look() for x in [value]]\n[(look(), lambda: y) for y in [value]]", look, value=value)
        self.assertEqual(len(counts), 2)
        for differences in counts:
            # Up to 3.11 these are frames of functions, whose new f_locals keeps one reference to each value.
            self.assertLessEqual(max(differences), 0 if INLINES else 2)


class EntryTest(LocalsTestCase):
    def code(self, source):
        return compile(source, "source", "exec")

    def test_module_at_entry(self):
        code = self.code("before = [x for x in 'a']\nafter = [lambda: y for y in 'a']")
        for way, read in WAYS.items():
            namespace = {"x": "module", "y": "module"}
            with self.subTest(way=way):
                ours, _ = self.at_entry(code, lambda: exec(code, {}, namespace), lambda frame: dict(read(frame)))
                self.assertEqual(ours, {} if way == "mapping" else {"x": "module", "y": "module"})
                self.assertEqual((namespace["before"], namespace["after"][0]()), (["a"], "a"))

    def test_class_at_entry(self):
        code = self.code("def outer(f):\n class Body:\n  seen = f\n  [f for f in 'a']\n  def method(self): return __class__\n return Body")
        body = next(c for c in code.co_consts[0].co_consts if isinstance(c, types.CodeType))
        for way, read in WAYS.items():
            namespace = {}
            exec(code, namespace)
            with self.subTest(way=way):
                ours, made = self.at_entry(body, lambda: namespace["outer"](1), lambda frame: dict(read(frame)))
                self.assertEqual((ours, made.seen), ({}, 1))
                self.assertIs(made().method(), made)

    def test_prepared_namespace(self):
        class Namespace(dict):
            pass

        class Meta(type):
            @classmethod
            def __prepare__(cls, name, bases):
                return Namespace(given=1, __class__=2)

        def make():
            class Body(metaclass=Meta):
                own = given
                [lambda: own for own in "a"]

                def method(self):
                    return __class__

            return Body

        body = next(c for c in make.__code__.co_consts if isinstance(c, types.CodeType))
        for way, read in WAYS.items():
            with self.subTest(way=way):
                ours, made = self.at_entry(body, make, lambda frame: (type(read(frame)), dict(read(frame))))
                namespace = {"given": 1} if MERGES else {"given": 1, "__class__": 2}
                self.assertEqual(ours, (dict, {}) if way == "mapping" else (Namespace, namespace))
                self.assertEqual(made.own, 1)


if __name__ == "__main__":
    unittest.main()
