//! CPython 3.11: `Include/internal/pycore_frame.h`, `Python/frame.c`, `Python/ceval.c`.

use crate::sys::{_Py_CODEUNIT, _PyInterpreterFrame, PyCodeObject, PyFrameObject, PyFunctionObject, PyThreadState};
use core::ffi::c_int;
use pyo3_ffi::PyObject;

/// The minor that this build is for.
pub(crate) const MINOR: u32 = 11;

/// Whether a slot's kind is hidden. 3.11 inlines no comprehensions and hides nothing.
pub(crate) const fn is_hidden(_kind: u8) -> bool {
    false
}

/// Where the instruction pointer stands, in code units behind an instruction, once that instruction has executed:
/// `prev_instr` stands on it.
pub(crate) const EXECUTED: usize = 0;

/// Whether a hook that does not evaluate a generator's frame has to tear it down. The generator does it on 3.11,
/// whose `_PyFrame_Clear` also drops the code reference of a generator's frame.
pub(crate) const HOOK_DISCARDS_GENERATORS: bool = false;

/// Whether the evaluator clears and pops each frame that it is given. On 3.11 the hook's caller does that to the frame that
/// the hook was given, and the hook to its shadow frame.
pub(crate) const EVALUATOR_POPS_FRAMES: bool = false;

/// Whether `stacktop` still counts the slots of a thread's frame while the interpreter clears it, emptied or not. On 3.11 the
/// hook's caller does so, when the hook has no business with the frame any more.
pub(crate) const CLEARS_WITH_STACKTOP_AS_IT_WAS: bool = false;

/// Whether cells of a module or class body that are not free are merged into its namespace with the locals.
pub(crate) const MERGES_CELLS_INTO_NAMESPACES: bool = true;

/// Which of two bound slots of one name is shown: the first one, or the second.
pub(crate) const FIRST_BOUND_SLOT_WINS: bool = false;

/// The first patch release whose data stacks keep a chunk themselves (gh-142183): none.
pub(crate) const KEEPS_A_CHUNK_SINCE: Option<c_int> = None;

/// The code; NULL in the dead frame of a new frame object.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn code(frame: *mut _PyInterpreterFrame) -> *mut PyCodeObject {
    // SAFETY: the frame is live.
    unsafe { (*frame).f_code }
}

/// The address of the code slot, which owns a reference.
///
/// # Safety
/// `frame` is memory for an interpreter frame.
pub(crate) unsafe fn code_slot(frame: *mut _PyInterpreterFrame) -> *mut *mut PyObject {
    // SAFETY: the field lies in the frame.
    unsafe { (&raw mut (*frame).f_code).cast() }
}

/// The address of the function slot, which owns a reference.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn function_slot(frame: *mut _PyInterpreterFrame) -> *mut *mut PyObject {
    // SAFETY: the frame is live.
    unsafe { (&raw mut (*frame).f_func).cast() }
}

/// The address of the instruction pointer.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn pointer_slot(frame: *mut _PyInterpreterFrame) -> *mut *mut _Py_CODEUNIT {
    // SAFETY: the frame is live.
    unsafe { &raw mut (*frame).prev_instr }
}

/// Whether a frame with its instruction pointer at `pointer` has not begun its first instruction, at `start`.
pub(crate) fn not_started(pointer: *const _Py_CODEUNIT, start: *const _Py_CODEUNIT) -> bool {
    pointer < start
}

/// Whether the frame is an entry frame on the C stack. 3.11 has none.
///
/// # Safety
/// `frame` is a live interpreter frame.
pub(crate) unsafe fn on_c_stack(_frame: *mut _PyInterpreterFrame) -> bool {
    false
}

/// The innermost frame that the thread has linked, complete or not; NULL at the bottom.
///
/// # Safety
/// `thread` is a live thread state.
pub(crate) unsafe fn current_frame(thread: *mut PyThreadState) -> *mut _PyInterpreterFrame {
    // SAFETY: a live thread state always has a `_PyCFrame`, its own root at least.
    unsafe { (*(*thread).cframe).current_frame }
}

/// The counter that the interpreter lowers by one while it clears a frame.
///
/// # Safety
/// `thread` is a live thread state.
pub(crate) unsafe fn recursion_slot(thread: *mut PyThreadState) -> *mut c_int {
    // SAFETY: the thread state is live.
    unsafe { &raw mut (*thread).recursion_remaining }
}

/// Sets the fields of a new frame object that only some minors have.
///
/// # Safety
/// `object` is a frame object under construction.
pub(crate) unsafe fn init_frame_object(object: *mut PyFrameObject) {
    // SAFETY: the object is ours to write.
    unsafe { (*object).f_fast_as_locals = 0 }
}

/// Copies the fields of a function that only some minors have; 3.11 has no type parameters.
///
/// # Safety
/// `new` is a function under construction, `old` a live one.
pub(crate) unsafe fn copy_function_fields(_new: *mut PyFunctionObject, _old: *mut PyFunctionObject) {}
