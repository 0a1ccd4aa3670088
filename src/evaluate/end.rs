//! The end of a frame that is not evaluated, or has been left behind by its shadow frame.

use super::fit::Obstacle;
use crate::contract::{Broken, Failure, Rule, require};
use crate::datastack::pop;
use crate::frame::{clear, is_about_to_be_resumed, is_fresh};
use crate::py::{ExceptionType, Owned, PendingException, Raised};
use crate::version;
use crate::view::{Frame, Owner, Thread};
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyErr_Occurred, PyObject};
use std::ffi::CString;

/// Consumes a frame that a hook was given and does not evaluate. On 3.11 its caller does that. The pending exception stays.
///
/// # Errors
/// What of the contract is broken, such as that the frame runs. It stays as it is then.
///
/// # Safety
/// The frame was given to a hook of the calling thread, or is any live frame.
pub unsafe fn discard(frame: Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    require_unevaluated(&frame, thread)?;
    if !version::EVALUATOR_POPS_FRAMES {
        return Ok(());
    }
    let pending = PendingException::take();
    // SAFETY: it is not evaluated, and belongs to the thread.
    let done = unsafe { clear_and_pop(frame, thread) };
    pending.restore();
    done
}

/// Ends the call of a frame that a hook was given and does not evaluate, with a result; without one, with the exception that is
/// set. Returns what the hook returns.
///
/// The C symbol is `PyFrameShim_Return`.
///
/// # Errors
/// `SystemError` if there is neither a result nor an exception, or the frame is no hook's to end; then it stays as it is.
///
/// # Safety
/// As [`discard`].
pub unsafe fn finish(frame: Frame<'_>, thread: &Thread<'_>, result: Option<Owned>) -> Result<Owned, Raised> {
    // SAFETY: the thread holds the GIL.
    let is_raised = unsafe { !PyErr_Occurred().is_null() };
    let wrong = match (&result, is_raised) {
        (None, false) => Some(c"a frame was ended with neither a result nor an exception"),
        (Some(_), true) => Some(c"a frame was ended with a result, though an exception is set"),
        _ => None,
    };
    let raised = wrong.map(|sentence| Raised::with(ExceptionType::System, sentence));
    // SAFETY: as the caller says.
    if let Err(broken) = unsafe { discard(frame, thread) } {
        return Err(raise(broken));
    }
    match (result, raised) {
        (Some(result), None) => Ok(result),
        // SAFETY: an exception was set before, or has been now.
        (_, raised) => Err(raised.unwrap_or_else(|| unsafe { Raised::assume() })),
    }
}

/// A frame that runs, is suspended, or has ended, is no hook's to consume.
fn require_unevaluated(frame: &Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    let (held, rule) = match frame.owner() {
        Owner::Thread => (is_fresh(frame, thread), Rule::GivenToHook),
        Owner::Generator => (is_about_to_be_resumed(frame, thread), Rule::GivenToHook),
        Owner::FrameObject => (false, Rule::NotAnObjects),
        Owner::Interpreter => return Err(Broken::without_frame(Rule::NoEntryFrame)),
        Owner::Cleared => (false, Rule::NotClearedAlready),
    };
    require(held, rule, frame)
}

/// Clears a frame and gives its memory back.
///
/// # Safety
/// As [`clear`] and [`pop`].
#[cold]
#[inline(never)]
pub(super) unsafe fn clear_and_pop(frame: Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    let memory = frame.memory();
    // SAFETY: as the caller says.
    unsafe {
        clear(frame, thread)?;
        pop(thread, memory)
    }
}

/// What has gone wrong, as an exception: `SystemError` with the rule that is broken, unless an exception is set already.
#[cold]
pub fn raise(failure: impl Into<Failure>) -> Raised {
    let broken = match failure.into() {
        Failure::Raised(raised) => return raised,
        Failure::Broken(broken) => broken,
    };
    // SAFETY: the thread holds the GIL.
    if unsafe { !PyErr_Occurred().is_null() } {
        // SAFETY: just asked.
        return unsafe { Raised::assume() };
    }
    let sentence = CString::new(broken.rule().to_string()).unwrap_or_default();
    Raised::with(ExceptionType::System, &sentence)
}

/// Releases a result that nobody gets.
pub(super) fn release(result: *mut PyObject) {
    // SAFETY: a new reference, or NULL.
    drop(NonNull::new(result).map(|result| unsafe { Owned::from_owned(result) }));
}

/// Consumes a frame that nothing can be run in.
#[cold]
#[inline(never)]
pub(super) fn refuse(frame: Frame<'_>, thread: &Thread<'_>, obstacle: Obstacle) -> Raised {
    let raised = obstacle.raise();
    abandon(frame, thread, raised)
}

/// Consumes a frame where an exception is set.
#[cold]
#[inline(never)]
pub(crate) fn abandon(frame: Frame<'_>, thread: &Thread<'_>, raised: Raised) -> Raised {
    // A frame that is no hook's to consume stays as it is; the exception tells that something is wrong.
    // SAFETY: whether it can be consumed is asked first.
    let _ = unsafe { discard(frame, thread) };
    raised
}

/// NULL, where an exception is set.
pub(crate) fn null(_: Raised) -> *mut PyObject {
    ptr::null_mut()
}
