//! Hooks that are asked for code: the whole of what a compiler needs.

use super::next::{eval_next, evaluator_behind};
use super::slot::{Handle, Slot};
use crate::evaluate::{Options, abandon, null, take_over, take_over_at_once};
use crate::frame::is_fresh;
use crate::py::{ExceptionType, Owned, Raised};
use crate::sys::_PyInterpreterFrame;
use crate::view::{Code, Frame, Function, Thread};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::Relaxed;
use pyo3_ffi::{PyErr_Occurred, PyObject, PyThreadState};

/// What is asked for each fresh frame. It returns a new reference to the code, or the function, that is to run in its place. If
/// it returns NULL with an exception, the call ends with that; without one the frame runs as it is.
pub type CodeHookFunction =
    unsafe extern "C" fn(*mut c_void, *mut PyThreadState, *mut _PyInterpreterFrame) -> *mut PyObject;

thread_local! {
    /// Whether the thread is in a function that is asked for code: the frames of what that runs are not asked about.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// The entry of a hook that is asked for code.
///
/// # Safety
/// As an evaluation function; the data is the hook's slot.
pub(super) unsafe extern "C" fn ask(
    hook: Handle,
    data: *mut c_void,
    thread: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    // SAFETY: the interpreter passes a frame and the calling thread's state.
    let (frame, view) = unsafe { (Frame::from_raw(raw), Thread::from_raw(thread)) };
    let (Some(frame), Some(view)) = (frame, view) else { return ptr::null_mut() };
    let answer = if throwflag == 0 && is_fresh(&frame, &view) {
        // SAFETY: the data is the slot, says the caller.
        unsafe { answer(Slot::from_data(data), thread, raw) }
    } else {
        None
    };
    match answer {
        // SAFETY: the frame has been given to this hook, and nothing has evaluated it.
        None => unsafe { eval_next(hook, thread, raw, throwflag) },
        // SAFETY: as above.
        Some(answer) => unsafe { run(hook, frame, &view, answer) },
    }
}

/// Asks the hook's function. `None`: the frame runs as it is.
///
/// # Safety
/// The slot is a code hook's, and the others are what its evaluation function was given.
#[inline(always)]
unsafe fn answer(
    slot: &Slot,
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
) -> Option<Result<Owned, Raised>> {
    // Its address is asked for once: that is a call, and three of them would cost 22 instructions more.
    let asking = core::hint::black_box(ASKING.try_with(ptr::from_ref).ok()?);
    // SAFETY: the cell is the thread's own, and stays for as long as the thread runs this. A code hook has such a function;
    // what it returns is a new reference, or NULL.
    unsafe {
        if (*asking).replace(true) {
            return None;
        }
        let function = core::mem::transmute::<*mut c_void, CodeHookFunction>(slot.function.load(Relaxed));
        let answer = NonNull::new(function(slot.data.load(Relaxed), thread, frame));
        (*asking).set(false);
        let answer = answer.map(|answer| Owned::from_owned(answer));
        // An exception ends the call, whatever the answer is.
        if PyErr_Occurred().is_null() { answer.map(Ok) } else { Some(Err(Raised::assume())) }
    }
}

/// Runs what the function has answered.
///
/// # Safety
/// As [`take_over`].
unsafe fn run(hook: Handle, frame: Frame<'_>, thread: &Thread<'_>, answer: Result<Owned, Raised>) -> *mut PyObject {
    // SAFETY: as the caller says. The answer is released before the code runs: the frame keeps what it needs of it.
    unsafe {
        let taken_over = match answer {
            Ok(answer) => match code_and_function(&answer) {
                Ok((code, None)) if take_over_at_once(&frame, thread, code) => {
                    drop(answer);
                    return evaluator_behind(hook)(thread.as_ptr().cast(), frame.as_ptr(), 0);
                }
                Ok((code, function)) => take_over(frame, thread, false, code, function, Options::default()),
                Err(raised) => Err(abandon(frame, thread, raised)),
            },
            Err(raised) => Err(abandon(frame, thread, raised)),
        };
        match taken_over {
            Ok(taken_over) => taken_over.evaluate(thread, evaluator_behind(hook)),
            Err(raised) => null(raised),
        }
    }
}

/// Code, or a function and its code.
fn code_and_function(answer: &Owned) -> Result<(Code<'_>, Option<Function<'_>>), Raised> {
    // SAFETY: the reference keeps what the views are of.
    unsafe {
        if let Some(code) = Code::from_object(answer.object()) {
            return Ok((code, None));
        }
        match Function::from_object(answer.object()) {
            Some(function) => Ok((function.code(), Some(function))),
            None => Err(Raised::with(ExceptionType::Type, c"a code hook must return code, a function or NULL")),
        }
    }
}
