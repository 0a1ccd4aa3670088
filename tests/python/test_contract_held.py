"""The reverse of test_contract: what is documented not to be an error does not end the process."""

import sys
import unittest

from contract import ContractTestCase

HOOK_DISCARDS_FRAMES = sys.version_info >= (3, 12)


class LocalsTest(ContractTestCase):
    def test_nobody_asks_for_free_vars_copied(self):
        self.assert_held(
            "f = probe.push_frame(outer(), (1,))\n"
            "assert probe.get_locals_quietly(f) == {'a': 1, 'x': [1]}\n"
            "assert shim.THP_PyFrame_FastToLocalsWithError(ctypes.c_void_p(f), None) == 0\n"
            "probe.clear(f); probe.pop(f)"
        )

    def test_an_empty_slot_of_a_free_variable(self):
        """Is unbound: the C file ends the process."""
        self.assert_held(
            "g = outer_of_generator()(1); next(g); f = probe.generator_frame(g); probe.set_slot(f, 1, ...)\n"
            "assert probe.get_locals(f, 0)[0] == probe.fast_to_locals(f)[0] == {'a': 1}"
        )

    def test_an_empty_slot_has_its_closure(self):
        self.assert_held("f = probe.push_frame(outer(), (1,))\nassert probe.mapping(f) == {'a': 1, 'x': [1]}\nprobe.clear(f); probe.pop(f)")

    def test_a_cleared_frame(self):
        """Has no locals, whatever its slots hold, and none are looked at for a mapping."""
        self.assert_held(
            "f = probe.push_frame(plain, (1, 2)); probe.set_stacktop(f, 0)\n"
            "assert probe.mapping(f) == {}\n"
            "probe.set_slot(f, 0, ...); probe.set_slot(f, 1, ...)\n"
            "assert probe.get_locals(f, 0)[0] == {}\n"
            "probe.clear(f); probe.pop(f)"
        )

    def test_a_running_frame(self):
        self.assert_held("running(lambda _: probe.mapping(probe.frame_of(sys._getframe(1)))['x'] == 1 or 1 // 0)")

    def test_a_closure_of_the_wrong_length(self):
        """Is a SystemError: the C file reads past its end."""
        self.assert_held(
            "f = probe.push_frame(outer(), (1,)); function = probe.info(f)['function']\n"
            "where = next(w for w in range(16, 200, 8)\n"
            "             if ctypes.c_void_p.from_address(id(function) + w).value == id(function.__closure__))\n"
            "slot = ctypes.c_void_p.from_address(id(function) + where); closure = slot.value; slot.value = id(())\n"
            "try:\n    probe.get_locals(f, 0)\nexcept SystemError as error:\n    assert 'closure' in str(error)\n"
            "else:\n    assert False\n"
            "slot.value = closure; probe.clear(f); probe.pop(f)"
        )


class FrameObjectTest(ContractTestCase):
    def test_a_new_object_is_released_at_any_time(self):
        program = "for _ in range(100):\n    probe.new_frame_object(generator.__code__)\ngc.collect()"
        self.assert_held(program)
        self.assert_held(program, PYTHONMALLOC="debug")

    def test_made_with_an_exception_pending(self):
        self.assert_held(
            "f = probe.push_frame(plain, (1, 2)); error = KeyError(1)\n"
            "o, after = probe.make_with_pending(f, error); assert after is error\n"
            "del o; probe.clear(f); probe.pop(f)"
        )

    def test_made_after_the_first_was_dropped_with_its_frame(self):
        self.assert_held("for _ in range(100):\n    probe.never_run(plain, (1, 2), True, False)")

    def test_kept_by_somebody(self):
        self.assert_held(
            "o = probe.never_run(plain, (1, 2), True, True); assert o.f_locals == {'a': 1, 'b': 2}\n"
            "assert o.f_code is plain.__code__; del o; gc.collect()"
        )


class HookTest(ContractTestCase):
    """A hook that fails: what it has to clear and pop is cleared and popped."""

    def test_a_fresh_frame(self):
        for function, call in (("plain", "plain(1, 2)"), ("generator", "generator(1)")):
            with self.subTest(function):
                self.assert_held(
                    f"probe.hook({function}.__code__, lambda frame: 1 // 0)\n"
                    f"try:\n    {call}\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False\n"
                    "probe.unhook()"
                )

    def test_a_resumed_generator(self):
        """It has ended then."""
        self.assert_held(
            "g = generator(1); assert next(g) == 1\n"
            "probe.hook(generator.__code__, lambda frame: 1 // 0)\n"
            "try:\n    next(g)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False\n"
            "probe.unhook(); assert list(g) == []; del g; gc.collect()"
        )


class DataStackTest(ContractTestCase):
    @unittest.skipUnless(HOOK_DISCARDS_FRAMES, "up to 3.11 a hook pops no frame of a generator")
    def test_pop_of_a_generators_frame(self):
        """It does not lie on the data stack, and is left alone, also while chunks are open."""
        self.assert_held(
            "g = generator(1); next(g); before = probe.stack(); f = probe.generator_frame(g)\n"
            "probe.pop(f); assert probe.stack() == before\n"
            "large = probe.push(5000); before = probe.stack()\n"
            "probe.pop(f); assert probe.stack() == before; probe.pop(large)\n"
            "assert next(g) == 2"
        )

    def test_a_push_of_nothing(self):
        """Takes a word, so that it has an address of its own."""
        self.assert_held("a = probe.push(0); b = probe.push(0); assert a < b; probe.pop(b); probe.pop(a)")

    def test_a_few_words_more_than_the_frame_takes(self):
        self.assert_held("f = probe.push_frame(plain, (1, 2)); probe.push(8); probe.clear(f); probe.pop(f)")

    def test_pop_of_what_lies_below_in_the_same_chunk(self):
        self.assert_held("a = probe.push(10); b = probe.push(10); probe.pop(a)")

    def test_too_large(self):
        self.assert_held("try:\n    probe.push(2**61)\nexcept MemoryError:\n    pass\nelse:\n    assert False")

    def test_no_memory_for_an_arena(self):
        self.assert_held(
            "shim.THP_PyObject_VirtualAlloc.restype = ctypes.c_void_p\n"
            "for size in (0, 2**62, 2**64 - 1):\n"
            "    assert shim.THP_PyObject_VirtualAlloc(ctypes.c_size_t(size)) is None"
        )


class FunctionTest(ContractTestCase):
    def test_what_is_no_function_or_no_code(self):
        """Is a TypeError that names both types."""
        self.assert_held(
            "def assert_refused(name, found, *objects):\n"
            "    function = shim[name]; function.restype = ctypes.c_void_p\n"
            "    try:\n        function(*map(ctypes.py_object, objects))\n"
            "    except TypeError as error:\n        assert name in str(error) and found in str(error), error\n"
            "    else:\n        assert False, objects\n"
            "copy, new, code = '_PyFunction_CopyWithNewCode', 'THP_PyFrame_New_NoTrack', plain.__code__\n"
            "class Callable:\n    __code__ = code\n    def __call__(self): pass\n"
            "for other in (len, code, Callable(), Callable().__call__, None, object, 7, ''):\n"
            "    assert_refused(copy, type(other).__name__, other, code)\n"
            "for other in (plain, None, b'', Callable()):\n"
            "    assert_refused(copy, type(other).__name__, plain, other)\n"
            "    assert_refused(new, type(other).__name__, other)\n"
        )

    def test_a_closure_that_does_not_fit(self):
        self.assert_held(
            "for function, code in ((plain, outer().__code__), (outer(), plain.__code__)):\n"
            "    try:\n        probe.copy_function(function, code)\n    except ValueError:\n        pass\n"
            "    else:\n        assert False"
        )


if __name__ == "__main__":
    unittest.main()
