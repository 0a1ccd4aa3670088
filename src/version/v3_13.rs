//! CPython 3.13: `Include/internal/pycore_frame.h`, `Python/frame.c`, `Python/ceval.c`.

use super::kinds::{GeneratorState, Owner};
pub(crate) use super::plain::Word;
use crate::sys::{
    self, _Py_CODEUNIT, _PyInterpreterFrame, _PyStackChunk, PyCodeObject, PyFrameObject, PyFunctionObject, PyGenObject,
    PyThreadState,
};
use core::ffi::{CStr, c_char, c_int};
use core::mem::offset_of;
use core::ptr::{self, NonNull};

/// Whether an instruction is the first RESUME, which ends the prefix, or stands for it.
pub(crate) const fn ends_prefix(opcode: u32) -> bool {
    opcode == sys::RESUME
}

/// Whether a slot's kind is hidden: a variable of a comprehension inlined into a module or class body (PEP 709).
pub(crate) const fn is_hidden(kind: u8) -> bool {
    kind & sys::CO_FAST_HIDDEN as u8 != 0
}

/// Where the instruction pointer stands, in code units behind an instruction, once that instruction has executed:
/// `instr_ptr` stands on the next.
pub(crate) const EXECUTED: usize = 1;

/// Where the instruction pointer of a fresh frame stands, in code units from the first instruction: `instr_ptr` stands on it.
pub(crate) const FRESH: isize = 0;

/// Whether a generator takes the code that it shows (`gi_code`) from its function, and not from its frame.
pub(crate) const GENERATOR_TAKES_FUNCTIONS_CODE: bool = false;

/// Whether there are builds with a second tier of the evaluator (`_Py_TIER2`), which takes a frame's code from its function.
pub(crate) const MAY_HAVE_TIER_2: bool = true;

/// Whether `sys._jit` tells if the second tier is switched on.
pub(crate) const SYS_TELLS_OF_TIER_2: bool = false;

/// The function that gives an extension its place in every code object.
pub(crate) const NEW_CODE_EXTRA: &CStr = c"PyUnstable_Eval_RequestCodeExtraIndex";

/// The function that keeps something in such a place.
pub(crate) const SET_CODE_EXTRA: &CStr = c"PyUnstable_Code_SetExtra";

/// Whether a hook that does not evaluate a generator's frame has to tear it down, as `clear_gen_frame` does; the code
/// reference then stays with the generator.
pub(crate) const HOOK_DISCARDS_GENERATORS: bool = true;

/// Whether the evaluator clears and pops each frame that it is given.
pub(crate) const EVALUATOR_POPS_FRAMES: bool = true;

/// Whether `stacktop` still counts the slots of a thread's frame while the interpreter clears it: it is lowered first.
pub(crate) const CLEARS_WITH_SLOTS_LIVE: bool = false;

/// Whether cells of a module or class body that are not free are merged into its namespace with the locals.
pub(crate) const MERGES_CELLS_INTO_NAMESPACES: bool = false;

/// Which of two bound slots of one name is shown: the first one, or the second.
pub(crate) const FIRST_BOUND_SLOT_WINS: bool = true;

/// Whether a frame says that it runs: its number of live slots is not known then.
pub(crate) const SAYS_THAT_IT_RUNS: bool = true;

/// Whether the locals of a frame are cleared from the last slot to the first, which finalizers can tell.
pub(crate) const CLEARS_BACKWARDS: bool = false;

/// Whether a thread says how the evaluation of a generator has ended (`generator_return_kind`).
pub(crate) const SAYS_HOW_GENERATORS_END: bool = false;

/// The first patch release whose data stacks keep a chunk themselves (gh-142183).
pub(crate) const KEEPS_A_CHUNK_SINCE: Option<c_int> = Some(13);

/// The code; NULL for an entry frame, whose executable is `None`, and in the dead frame of a new frame object.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn code(frame: *mut _PyInterpreterFrame) -> *mut PyCodeObject {
    // SAFETY: the frame is live, and its executable is an object.
    unsafe {
        let executable = (*frame).f_executable;
        if !executable.is_null() && pyo3_ffi::PyCode_Check(executable) != 0 {
            executable.cast()
        } else {
            ptr::null_mut()
        }
    }
}

/// The address of the word that holds the code.
///
/// # Safety
/// `frame` is memory of an interpreter frame.
pub(crate) unsafe fn code_word(frame: *mut _PyInterpreterFrame) -> *mut Word {
    // SAFETY: the field lies in the frame.
    unsafe { (&raw mut (*frame).f_executable).cast() }
}

/// The address of the word that holds the function.
///
/// # Safety
/// `frame` is memory of an interpreter frame.
pub(crate) unsafe fn function_word(frame: *mut _PyInterpreterFrame) -> *mut Word {
    // SAFETY: the frame is live.
    unsafe { (&raw mut (*frame).f_funcobj).cast() }
}

/// The address of the instruction pointer.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn pointer_place(frame: *mut _PyInterpreterFrame) -> *mut *mut _Py_CODEUNIT {
    // SAFETY: the frame is live.
    unsafe { &raw mut (*frame).instr_ptr }
}

/// Whether a frame with its instruction pointer at `pointer` has not begun its first instruction, at `start`.
pub(crate) fn not_started(pointer: *const _Py_CODEUNIT, start: *const _Py_CODEUNIT) -> bool {
    // Also true while the first instruction runs. The question is about COPY_FREE_VARS, and that allocates nothing:
    // no Python code can look on.
    pointer == start
}

/// What keeps the frame's memory.
///
/// # Safety
/// `frame` is memory of an interpreter frame.
pub(crate) unsafe fn owner(frame: *mut _PyInterpreterFrame) -> Owner {
    // SAFETY: the field lies in the frame.
    match unsafe { (*frame).owner } as u32 {
        sys::_frameowner_FRAME_OWNED_BY_THREAD => Owner::Thread,
        sys::_frameowner_FRAME_OWNED_BY_GENERATOR => Owner::Generator,
        sys::_frameowner_FRAME_OWNED_BY_FRAME_OBJECT => Owner::FrameObject,
        CLEARED => Owner::Cleared,
        // FRAME_OWNED_BY_CSTACK, or what no frame has.
        _ => Owner::Interpreter,
    }
}

/// `FRAME_CLEARED`, a frame state that CPython also writes into the owner of a frame that nothing owns (GH-97002).
const CLEARED: u32 = sys::_framestate_FRAME_CLEARED as u32;

/// Says what keeps the frame's memory: a frame object, or nothing.
///
/// # Safety
/// `frame` is memory of an interpreter frame.
pub(crate) unsafe fn set_owner(frame: *mut _PyInterpreterFrame, owner: Owner) {
    let owner = match owner {
        Owner::FrameObject => sys::_frameowner_FRAME_OWNED_BY_FRAME_OBJECT,
        Owner::Cleared => CLEARED,
        Owner::Thread | Owner::Generator | Owner::Interpreter => unreachable!("no frame is given to one of these"),
    };
    // SAFETY: the field lies in the frame.
    unsafe { (*frame).owner = owner as c_char }
}

/// How many slots hold values, the value stack included; `None` while the frame runs.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn live_slots(frame: *mut _PyInterpreterFrame) -> Option<usize> {
    // SAFETY: the frame is live.
    usize::try_from(unsafe { (*frame).stacktop }).ok()
}

/// Says how many slots hold values.
///
/// # Safety
/// `frame` is memory of an interpreter frame.
pub(crate) unsafe fn set_live_slots(frame: *mut _PyInterpreterFrame, slots: usize) {
    // SAFETY: the field lies in the frame.
    unsafe { (*frame).stacktop = slots as c_int }
}

/// The address of the first slot.
///
/// # Safety
/// `frame` is memory of an interpreter frame.
pub(crate) unsafe fn slots(frame: *mut _PyInterpreterFrame) -> *mut Word {
    // SAFETY: the slots follow the header.
    unsafe { (&raw mut (*frame).localsplus).cast() }
}

/// The words of a frame of the code: its header, its slots and its value stack (`co_framesize`).
///
/// # Safety
/// `code` is a live code object.
pub(crate) unsafe fn frame_words(code: *mut PyCodeObject) -> usize {
    // SAFETY: the code is alive.
    unsafe { (*code).co_framesize as usize }
}

/// Moves a frame's header and its first slots to other memory.
///
/// # Safety
/// `from` is a live interpreter frame that does not run, with so many slots; `to` has room for them, and lies elsewhere.
pub(crate) unsafe fn move_frame(from: *mut _PyInterpreterFrame, to: *mut _PyInterpreterFrame, slots: usize) {
    // SAFETY: as the caller says; what is copied holds the references from now on.
    unsafe {
        let bytes = offset_of!(_PyInterpreterFrame, localsplus) + slots * size_of::<Word>();
        ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), bytes);
    }
}

/// How far a generator has come.
///
/// # Safety
/// `generator` is a live generator, coroutine or async generator.
pub(crate) unsafe fn generator_state(generator: *mut PyGenObject) -> GeneratorState {
    // SAFETY: the generator is alive.
    match i32::from(unsafe { (*generator).gi_frame_state }) {
        sys::_framestate_FRAME_EXECUTING => GeneratorState::Executing,
        sys::_framestate_FRAME_COMPLETED => GeneratorState::Completed,
        sys::_framestate_FRAME_CLEARED => GeneratorState::Cleared,
        _ => GeneratorState::Waiting,
    }
}

/// Says that a generator is at its end.
///
/// # Safety
/// `generator` is a live generator, coroutine or async generator.
pub(crate) unsafe fn end_generator(generator: *mut PyGenObject) {
    // SAFETY: the generator is alive.
    unsafe { (*generator).gi_frame_state = sys::_framestate_FRAME_CLEARED as i8 }
}

/// The place of the chunk that the interpreter keeps for the thread's next push; `None`: this patch release keeps none, or the
/// headers of the build did not tell where.
///
/// # Safety
/// `thread` is a live thread state.
pub(crate) unsafe fn cached_chunk(_thread: *mut PyThreadState) -> Option<NonNull<*mut _PyStackChunk>> {
    #[cfg(datastack_cached_chunk)]
    if super::keeps_a_chunk() {
        // SAFETY: the field lies in the thread state, which has it in this patch release.
        return unsafe { NonNull::new(&raw mut (*_thread).datastack_cached_chunk) };
    }
    None
}

/// Says in the thread how the evaluation of a generator has ended, as its state tells. Only 3.15 asks.
///
/// # Safety
/// `thread` is the calling thread's state, and `generator` a live generator that does not run.
pub(crate) unsafe fn say_how_it_ended(_thread: *mut PyThreadState, _generator: *mut PyGenObject) {}

/// Whether the generator that the thread has evaluated last has yielded a value, as the thread says. Only 3.15 does.
///
/// # Safety
/// `thread` is a live thread state.
pub(crate) unsafe fn says_that_one_yielded(_thread: *mut PyThreadState) -> Option<bool> {
    None
}

/// Has a profiler that samples the thread forget a frame that is going away. Only 3.15 remembers one.
///
/// # Safety
/// `thread` is the calling thread's state.
pub(crate) unsafe fn forget_profiled(_thread: *mut PyThreadState, _frame: *mut _PyInterpreterFrame) {}

/// The innermost frame that the thread has linked, complete or not; NULL at the bottom.
///
/// # Safety
/// `thread` is a live thread state.
pub(crate) unsafe fn current_frame(thread: *mut PyThreadState) -> *mut _PyInterpreterFrame {
    // SAFETY: the thread state is live.
    unsafe { (*thread).current_frame }
}

/// Whether the thread has raised an exception (`PyErr_Occurred`).
///
/// # Safety
/// `thread` is the calling thread's state.
pub(crate) unsafe fn has_raised(thread: *mut PyThreadState) -> bool {
    // SAFETY: the thread state is live.
    unsafe { !(*thread).current_exception.is_null() }
}

/// Changes how many levels of recursion are left to spend: the interpreter has one less while it clears a frame.
///
/// # Safety
/// `thread` is the calling thread's state.
pub(crate) unsafe fn change_recursion(thread: *mut PyThreadState, levels: c_int) {
    // SAFETY: the counter is the thread's own, and only the thread changes it.
    unsafe { (*thread).c_recursion_remaining += levels }
}

/// Sets the fields of a new frame object that only some minors have.
///
/// # Safety
/// `object` is a frame object under construction.
pub(crate) unsafe fn init_frame_object(object: *mut PyFrameObject) {
    // SAFETY: the object is ours to write.
    unsafe {
        (*object).f_extra_locals = ptr::null_mut();
        (*object).f_locals_cache = ptr::null_mut();
    }
}

/// Copies the fields of a function that only some minors have: the type parameters (PEP 695), with a reference.
///
/// # Safety
/// `new` is a function under construction, `old` a live one.
pub(crate) unsafe fn copy_function_fields(new: *mut PyFunctionObject, old: *mut PyFunctionObject) {
    // SAFETY: both are functions, and the new one's fields are ours to write.
    unsafe {
        pyo3_ffi::Py_XINCREF((*old).func_typeparams);
        (*new).func_typeparams = (*old).func_typeparams;
    }
}
