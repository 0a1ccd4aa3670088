"""What a caller has to hold is checked: a breach ends the process with one line that says what, and in which frame."""

import sys
import unittest

from contract import ContractTestCase
from support import GENERATOR

# From 3.12 on a hook that does not evaluate a frame clears and pops it, a generator's too.
HOOK_DISCARDS_FRAMES = sys.version_info >= (3, 12)
# From 3.13 on an entry frame on the C stack has None for its code.
ENTRY_FRAMES_HAVE_NO_CODE = sys.version_info >= (3, 13)

CLEAR = "THP_PyFrame_Clear"
MAKE = "THP_PyFrame_MakeAndSetFrameObject"
PUSH = "THP_PyThreadState_BumpFramePointerSlow"
POP = "THP_PyThreadState_PopFrame"

UNLINKED = "the frame must be unlinked first"
ENDED = "the generator that owns the frame must have been cleared, or be running it (3.12+)"
NO_OBJECT_YET = "the frame must have no frame object yet"
NOT_AN_OBJECTS = "the frame must not be owned by a frame object"
NOT_AN_ENTRY_FRAME = "the frame must not be an entry frame on the C stack"
ON_TOP = "the frame must lie in the chunk in use, below its top: frames are popped once, in reverse order"
STILL_LINKED = "the frame, and what lies above it, must be unlinked first"
POPPED = "the frame must lie below the top of the thread's data stack: it has been popped already"
CLEARED = "the frame must not be cleared already"

# A frame of a generator or of a frame object, on the heap.
RESUME_WITH = "g = generator(1); next(g); probe.hook(generator.__code__, {}); next(g)"
# Whatever it holds but for its owner, an entry frame must be recognized.
ON_C_STACK = "f = probe.push_frame(plain, (1, 2)); probe.set_owner(f, 3); "
# What 3.13 puts below a frame that C has called for: code None, nothing else set.
ENTRY_FRAME = "memory = (ctypes.c_void_p * 20)(id(None)); entry = ctypes.addressof(memory)"
# Where the owner lies in it.
OWNERS_WORD, OWNERS_BIT = (9, 16) if sys.version_info >= (3, 14) else (8, 48)


class ClearTest(ContractTestCase):
    def test_the_current_frame(self):
        here = "probe.clear(probe.current_frame())"
        self.assert_broken("current()", CLEAR, UNLINKED, "current", here)

    def test_a_running_frame(self):
        program = "running(lambda _: probe.clear(probe.frame_of(sys._getframe(1))))"
        rule = "the frame must not be running"
        self.assert_broken(program, CLEAR, rule, "running", "return list(map(action, [1]))")

    def test_a_generators_frame(self):
        program = "g = generator(1); next(g); {}probe.clear(probe.generator_frame(g))"
        self.assert_broken(program.format(""), CLEAR, ENDED, "generator", "yield a")
        self.assert_broken(program.format("next(g);"), CLEAR, ENDED, "generator", "yield a + 1")

    def test_the_frame_of_a_generator_that_has_not_begun(self):
        program = "g = generator(1); probe.clear(probe.generator_frame(g))"
        self.assert_broken(program, CLEAR, ENDED, "generator", "def generator(a):")

    @unittest.skipIf(HOOK_DISCARDS_FRAMES, "a resumed generator's frame may be cleared from 3.12 on")
    def test_the_frame_of_a_resumed_generator(self):
        self.assert_broken(RESUME_WITH.format("probe.clear"), CLEAR, ENDED, "generator", "yield a")

    @unittest.skipUnless(HOOK_DISCARDS_FRAMES, "a generator's frame that runs is refused up to 3.11")
    def test_the_frame_of_a_generator_that_another_runs_in(self):
        """The exception that the thread handles is not the generator's."""
        program = "g = generator(1); next(g); probe.clear_generator(g, probe.FRAME_EXECUTING)"
        self.assert_broken(program, CLEAR, "the generator's exception state must be the thread's innermost")

    def test_the_frame_of_a_frame_object(self):
        """It is the object's to clear, which would drop the code once more."""
        program = "o = kept(); probe.clear(probe.frame_of(o))"
        self.assert_broken(program, CLEAR, NOT_AN_OBJECTS, "kept", "return sys._getframe()")

    def test_twice(self):
        """The code would be dropped once more."""
        program = "f = probe.push_frame(plain, (1, 2)); probe.clear(f); probe.clear(f)"
        self.assert_dies_in(program, CLEAR, CLEARED)

    def test_what_has_moved_to_a_frame_object(self):
        program = "f = probe.push_frame(plain, (1, 2)); o = probe.make_frame_object(f); probe.clear(f); probe.clear(f)"
        self.assert_dies_in(program, CLEAR, CLEARED)

    def test_what_has_been_popped(self):
        program = "f = probe.push_frame(plain, (1, 2)); {}probe.pop(f); probe.clear(f)"
        self.assert_broken(program.format(""), CLEAR, POPPED)
        self.assert_broken(program.format("probe.clear(f); "), CLEAR, POPPED)

    def test_what_has_been_popped_while_another_chunk_is_in_use(self):
        program = "f = probe.push_frame(plain, (1, 2)); probe.pop(f); probe.push(5000); probe.clear(f)"
        self.assert_broken(program, CLEAR, POPPED)

    @unittest.skipUnless(HOOK_DISCARDS_FRAMES, "up to 3.11 a shadow frame may lie elsewhere than on the data stack")
    def test_what_lay_in_a_chunk_that_is_gone(self):
        program = "f, g = probe.push(2000), probe.push(2000); probe.pop(g); probe.pop(f); probe.clear({})"
        for which in "fg":
            self.assert_broken(program.format(which), CLEAR, POPPED)

    @unittest.skipUnless(HOOK_DISCARDS_FRAMES, "up to 3.11 a shadow frame may lie elsewhere than on the data stack")
    def test_of_another_thread(self):
        program = "f = probe.push_frame(plain, (1, 2))\n_thread.start_new_thread(lambda: probe.clear(f), ()); time.sleep(60)"
        self.assert_broken(program, CLEAR, POPPED)

    @unittest.skipIf(HOOK_DISCARDS_FRAMES, "from 3.12 on the evaluator clears the shadow frame")
    def test_below_a_frame_that_is_still_there(self):
        """As a hook does that clears the frame that it was given instead of its shadow frame."""
        rule = "frames must be cleared in reverse order: a hook clears its shadow frame, and not what it was given (3.11)"
        for shadow in ("probe.push_frame(plain, (3, 4))", "probe.push(2000)"):
            program = f"f = probe.push_frame(plain, (1, 2)); {shadow}; probe.clear(f)"
            self.assert_broken(program, CLEAR, rule, "plain", "def plain(a, b):")

    def test_a_generators_frame_twice(self):
        program = "g = generator(1); next(g); probe.clear_generator(g); probe.clear_generator(g)"
        self.assert_broken(program, CLEAR, CLEARED, "generator", "yield a")

    def test_moving_to_the_object_what_is_the_objects(self):
        program = "f = probe.push_frame(plain, (1, 2)); o = probe.make_frame_object(f); {}; probe.clear(f)"
        first = "def plain(a, b):"
        self.assert_broken(program.format("probe.set_owner(f, 2)"), CLEAR, NOT_AN_OBJECTS, "plain", first)
        self.assert_dies_in(program.format("probe.set_owner(f, probe.FRAME_CLEARED)"), CLEAR, "the frame must not be cleared already")

    def test_an_object_that_has_a_caller_already(self):
        program = (
            "f = probe.push_frame(plain, (1, 2)); o = probe.make_frame_object(f)\n"
            "ctypes.c_void_p.from_address(id(o) + object.__basicsize__).value = id(kept())\n"
            "probe.clear(f)"
        )
        rule = "the frame object must not have an f_back yet"
        self.assert_broken(program, CLEAR, rule, "plain", "def plain(a, b):")

    def test_an_entry_frame(self):
        self.assert_broken(ON_C_STACK + "probe.clear(f)", CLEAR, NOT_AN_ENTRY_FRAME)


class MakeTest(ContractTestCase):
    def test_twice(self):
        program = "f = probe.push_frame(plain, (1, 2)); {0}; {0}".format("probe.make_frame_object(f)")
        self.assert_broken(program, MAKE, NO_OBJECT_YET, "plain", "def plain(a, b):")

    def test_for_a_running_frame(self):
        """sys._getframe() has made it."""
        program = "running(lambda _: probe.make_frame_object(probe.frame_of(sys._getframe(1))))"
        self.assert_broken(program, MAKE, NO_OBJECT_YET, "running", "return list(map(action, [1]))")

    def test_a_frame_with_a_prefix_is_at_its_first_line(self):
        """Instructions that no line belongs to come first."""
        twice = "; probe.make_frame_object(f); probe.make_frame_object(f)"
        program = "f = probe.push_frame(outer(), (1,))" + twice
        self.assert_broken(program, MAKE, NO_OBJECT_YET, "closure", "def closure(a):")
        program = "f = probe.push_frame(outer_of_generator(), (1,))" + twice
        self.assert_broken(program, MAKE, NO_OBJECT_YET, "closing", "def closing(a):")

    def test_for_the_frame_of_a_frame_object(self):
        program = "o = kept(); probe.make_frame_object(probe.frame_of(o))"
        self.assert_broken(program, MAKE, NOT_AN_OBJECTS, "kept", "return sys._getframe()")

    def test_for_a_cleared_frame(self):
        program = "f = probe.push_frame(plain, (1, 2)); probe.set_owner(f, probe.FRAME_CLEARED); probe.make_frame_object(f)"
        self.assert_broken(program, MAKE, "the frame must not be cleared", "plain", "def plain(a, b):")

    def test_for_the_dead_frame_of_a_new_object(self):
        """It has no code that could be told."""
        program = "o = probe.new_frame_object(plain.__code__); probe.make_frame_object(probe.frame_of(o))"
        self.assert_dies_in(program, MAKE, PYTHONMALLOC="debug")

    @unittest.skipUnless(ENTRY_FRAMES_HAVE_NO_CODE, "every frame has code up to 3.12")
    def test_for_an_entry_frame(self):
        rule = "the frame must run a code object"
        self.assert_broken(f"{ENTRY_FRAME}; probe.make_frame_object(entry)", MAKE, rule)

    def test_for_an_entry_frame_with_code(self):
        self.assert_broken(ON_C_STACK + "probe.make_frame_object(f)", MAKE, NOT_AN_ENTRY_FRAME)

    @unittest.skipUnless(ENTRY_FRAMES_HAVE_NO_CODE, "every frame has code up to 3.12")
    def test_for_an_entry_frame_full_of_junk(self):
        """Its other fields are not set, so its owner and its code are what must be looked at first."""
        program = f"{ENTRY_FRAME}; memory[1:] = [0xDEAD0] * 19; {{}}probe.make_frame_object(entry)"
        self.assert_broken(program.format(f"memory[{OWNERS_WORD}] = 3 << {OWNERS_BIT}; "), MAKE, NOT_AN_ENTRY_FRAME)
        self.assert_broken(program.format(f"memory[{OWNERS_WORD}] = 0; "), MAKE, "the frame must run a code object")


class LocalsTest(ContractTestCase):
    CALLS = {
        "THP_PyFrame_GetLocals": "probe.get_locals(f, {})",
        "THP_PyFrame_FastToLocalsWithError": "probe.fast_to_locals(f)",
        "get_framelocals_mapping": "probe.mapping(f)",
    }

    NO_CELL = "g = outer_of_generator()(1); next(g); f = probe.generator_frame(g); probe.set_slot(f, 1, 'no'); "
    A_CELL = "the slot of a free variable must hold a cell"

    def test_no_cell_in_a_free_variables_slot(self):
        program = self.NO_CELL + "probe.get_locals(f, 0)"
        self.assert_broken(program, "THP_PyFrame_GetLocals", self.A_CELL, "closing", "yield x, a")

    def test_the_call_that_is_named(self):
        """Is the one that was made."""
        for function, call in self.CALLS.items():
            with self.subTest(function):
                self.assert_broken(self.NO_CELL + call.format(0), function, self.A_CELL, "closing", "yield x, a")

    def test_no_cell_before_the_frame_has_begun(self):
        """The closure is looked at only where the slot is empty."""
        program = "f = probe.push_frame(outer(), (1,)); probe.set_slot(f, 1, 'no'); probe.mapping(f)"
        self.assert_dies_in(program, "(THP_PyFrame_GetLocals|get_framelocals_mapping)")

    def test_an_entry_frame_with_code(self):
        for empty in ("", "probe.set_stacktop(f, 0); "):
            for function, call in self.CALLS.items():
                with self.subTest(function, empty=empty):
                    self.assert_broken(ON_C_STACK + empty + call.format(0), function, NOT_AN_ENTRY_FRAME)

    @unittest.skipUnless(ENTRY_FRAMES_HAVE_NO_CODE, "every frame has code up to 3.12")
    def test_an_entry_frame(self):
        program = f"{ENTRY_FRAME}; memory[8] = 0xFFFFFFFF; f = entry; probe.get_locals(f, 0)"
        self.assert_broken(program, "THP_PyFrame_GetLocals", "the frame must run a code object")


class PopTest(ContractTestCase):
    def test_at_the_top(self):
        """Where nothing lies: it has been popped already."""
        self.assert_broken("a = probe.push(10); probe.pop(a); probe.pop(a)", POP, ON_TOP)

    def test_a_linked_frame(self):
        self.assert_broken("def current():\n    probe.pop(probe.current_frame())\ncurrent()", POP, STILL_LINKED)
        calling = "running(lambda _: probe.pop(probe.frame_of(sys._getframe(1))))"
        self.assert_broken(calling, POP, STILL_LINKED)

    def test_the_only_frame_of_a_chunk_while_it_is_linked(self):
        program = "probe.push(2000)\ndef current():\n    probe.pop(probe.current_frame())\ncurrent()"
        self.assert_broken(program, POP, STILL_LINKED)

    def test_of_a_chunk_that_is_gone(self):
        """The second chunk of the two that are given back is unmapped, or kept as the spare."""
        program = "a = probe.push(2000); b = probe.push(2000); probe.pop(b); probe.pop(a); probe.pop({})"
        self.assert_broken(program.format("b"), POP, ON_TOP)
        self.assert_broken(program.format("a"), POP, ON_TOP)

    def test_out_of_order(self):
        self.assert_broken("a = probe.push(10); b = probe.push(10); probe.pop(a); probe.pop(b)", POP, ON_TOP)

    def test_twice(self):
        """The second time there is something below the frame that is not its chunk's."""
        program = "a = probe.push(10); b = probe.push(5); probe.pop(b); probe.pop(a); probe.pop(b)"
        self.assert_broken(program, POP, ON_TOP)

    def test_twice_whatever_has_been_left_there(self):
        """Where the owner was there may lie anything, such as a generator's."""
        program = "a = probe.push(100); probe.pop(a); ctypes.memset(a, {}, 800); probe.pop(a)"
        for left in (0, GENERATOR, 255):
            self.assert_broken(program.format(left), POP, ON_TOP)

    def test_below_an_open_chunk(self):
        self.assert_broken("a = probe.push_frame(plain, (1, 2)); b = probe.push(5000); probe.pop(a)", POP, ON_TOP)

    def test_above_the_top(self):
        self.assert_broken("a = probe.push(100); probe.pop(a + 101 * 8)", POP, ON_TOP)

    def test_the_frame_of_a_frame_object(self):
        self.assert_broken("o = kept(); probe.pop(probe.frame_of(o))", POP, ON_TOP)

    @unittest.skipIf(HOOK_DISCARDS_FRAMES, "a generator's frame is left alone from 3.12 on")
    def test_the_frame_of_a_generator(self):
        self.assert_broken("g = generator(1); next(g); probe.pop(probe.generator_frame(g))", POP, ON_TOP)

    def test_memory_that_is_no_frame(self):
        program = "memory = ctypes.create_string_buffer(800); probe.pop(ctypes.addressof(memory))"
        self.assert_broken(program, POP, ON_TOP)

    def test_the_root_chunk(self):
        """Its first word is not a frame's. In a thread without Python code, none of which may be linked above it."""
        in_c = "collections.deque, (map(probe.pop, map((-8).__add__, map(probe.push, [10]))),)"
        program = f"import collections; _thread.start_new_thread({in_c}); time.sleep(60)"
        self.assert_broken(program, POP, "the root chunk must stay")

    def test_in_a_thread_that_has_pushed_nothing(self):
        program = "f = probe.push_frame(plain, (1, 2)); _thread.start_new_thread(probe.pop, (f,)); time.sleep(60)"
        self.assert_broken(program, POP, ON_TOP)

    def test_of_another_thread(self):
        program = "f = probe.push_frame(plain, (1, 2))\n_thread.start_new_thread(lambda: probe.pop(f), ()); time.sleep(60)"
        self.assert_broken(program, POP, ON_TOP)


class PushTest(ContractTestCase):
    def test_a_thread_with_half_a_data_stack(self):
        rule = "the thread must have both a top and a limit of its data stack, or neither"
        self.assert_broken("probe.forget_top(); probe.push(1)", PUSH, rule)


class NullTest(ContractTestCase):
    def test_every_pointer(self):
        """Straight to the shared library, as a C caller would."""
        frame, thread, code = (f"the {what} must not be NULL" for what in ("frame", "thread state", "code"))
        cases = [
            ("THP_PyFrame_FastToLocalsWithError", "None, None", frame),
            ("THP_PyFrame_GetLocals", "None, 0, None", frame),
            ("get_framelocals_mapping", "None", frame),
            ("THP_PyFrame_MakeAndSetFrameObject", "None", frame),
            ("THP_PyFrame_Clear", "None", frame),
            ("THP_PyFrame_New_NoTrack", "None", code),
            ("THP_PyThreadState_BumpFramePointerSlow", "None, ctypes.c_size_t(1)", thread),
            ("THP_PyThreadState_PopFrame", "None, None", thread),
            ("THP_PyThreadState_PopFrame", "ctypes.c_void_p(THREAD), None", frame),
            ("_PyFunction_CopyWithNewCode", "None, None", "the function must not be NULL"),
            ("_PyFunction_CopyWithNewCode", "None, ctypes.py_object(plain.__code__)", "the function must not be NULL"),
            ("_PyFunction_CopyWithNewCode", "ctypes.py_object(plain), None", code),
        ]
        start = "THREAD = ctypes.PYFUNCTYPE(ctypes.c_void_p)(('PyThreadState_Get', ctypes.pythonapi))()\n"
        for function, arguments, rule in cases:
            with self.subTest(function, arguments=arguments):
                self.assert_broken(f"{start}shim.{function}({arguments})", function, rule)


class MessageTest(ContractTestCase):
    """The line is one line, whatever the code is called."""

    def told(self, name, file):
        program = (
            f"plain.__code__ = plain.__code__.replace(co_name={name!a}, co_filename={file!a})\n"
            "f = probe.push_frame(plain, (1, 2)); probe.make_frame_object(f); probe.make_frame_object(f)"
        )
        return program, f"{MAKE}: {NO_OBJECT_YET} (frame of '{name[:200]}', file \"{file[:400]}\", line 1)"

    def test_format_characters(self):
        self.assert_dies(*self.told("%s%n%d", "%s/%n.py"))

    def test_other_alphabets(self):
        self.assert_dies(*self.told("caf\u00e9_\u540d\u524d", "\u043f\u0443\u0442\u044c/\U0001f40d.py"), PYTHONUTF8="1")

    def test_long_names(self):
        self.assert_dies(*self.told("n" * 5000, "f" * 5000))
        self.assert_dies(*self.told("n" * 200, "f" * 400))

    def test_no_names(self):
        self.assert_dies(*self.told("", ""))


if __name__ == "__main__":
    unittest.main()
