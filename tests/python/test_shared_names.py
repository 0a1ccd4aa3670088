"""Slots that share a name, as code.replace() makes them: one answer by every route."""

import itertools
import unittest

import probe
from support import FrameTestCase


def three(a, b, c):
    pass


def make_function(arguments):
    namespace = {}
    exec(f"def many({', '.join(f'v{number}' for number in range(arguments))}): pass", namespace)
    return namespace["many"]


class Mapping(dict):
    """No exact dict, so that it is written to as any mapping is."""


def routes(frame, names):
    """The locals by every route, again and again: the third dict is made from a template."""
    for _ in range(4):
        yield "mapping", probe.mapping(frame)
    old = dict.fromkeys(names, "old")
    for name, target in (("fresh", None), ("dict", {}), ("names in it", dict(old)), ("mapping", Mapping(old))):
        if target is not None:
            probe.set_f_locals(frame, target)
        yield name, dict(probe.fast_to_locals(frame)[0])
        yield name, dict(probe.get_locals_quietly(frame))
        probe.drop_f_locals(frame)


class SharedNamesTest(FrameTestCase):
    def test_the_last_bound_slot_is_shown(self):
        for names in (("a", "a", "b"), ("a", "b", "a"), ("b", "a", "a"), ("a", "a", "a")):
            three_code = three.__code__
            self.addCleanup(setattr, three, "__code__", three_code)
            three.__code__ = three_code.replace(co_varnames=names)
            for bound in itertools.product((False, True), repeat=3):
                values = [[slot] for slot in range(3)]
                frame = probe.push_frame(three, tuple(values))
                for slot in range(3):
                    if not bound[slot]:
                        probe.set_slot(frame, slot, ...)
                expected = {name: value for name, value, is_bound in zip(names, values, bound) if is_bound}
                answers = list(routes(frame, names))
                probe.clear(frame)
                probe.pop(frame)
                for route, answer in answers:
                    self.assertEqual(answer, expected, (names, bound, route))

    def test_behind_many_unbound_slots(self):
        """Whether a name is shared is looked up in another way once it has been asked for many of them."""
        many = make_function(40)
        names = tuple("shared" if slot in (20, 35) else f"v{slot}" for slot in range(40))
        many.__code__ = many.__code__.replace(co_varnames=names)
        frame = probe.push_frame(many, tuple([slot] for slot in range(40)))
        for slot in range(40):
            if slot != 20:
                probe.set_slot(frame, slot, ...)
        answers = list(routes(frame, names))
        probe.clear(frame)
        probe.pop(frame)
        for route, answer in answers:
            self.assertEqual(answer, {"shared": [20]}, route)


if __name__ == "__main__":
    unittest.main()
