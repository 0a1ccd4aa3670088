//! Passing a frame on to what comes behind a hook.

use super::slot::Handle;
use crate::sys::{_PyEval_EvalFrameDefault, _PyInterpreterFrame, Evaluator};
use core::ffi::c_int;
use pyo3_ffi::{PyObject, PyThreadState};

/// Evaluates a frame as it would have been without the hook. A new reference, or NULL with an exception; consumes the frame.
///
/// The C symbol is `PyFrameShim_EvalNext`.
///
/// # Safety
/// The frame was given to a hook of the calling thread, and has not been evaluated.
#[inline(always)]
pub unsafe fn eval_next(
    hook: Handle,
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { evaluator_behind(hook)(thread, frame, throwflag) }
}

/// What evaluates the frames that a hook passes on; without a hook, the interpreter's own.
#[inline(always)]
pub fn evaluator_behind(hook: Handle) -> Evaluator {
    match hook.slot() {
        Some(slot) => slot.next(),
        None => _PyEval_EvalFrameDefault,
    }
}
