//! A frame that has been taken over, and its evaluation.

use super::end::{self, null};
use crate::sys::Evaluator;
use crate::version;
use crate::view::{Frame, Thread};
use pyo3_ffi::PyObject;

/// A frame that has been taken over, and only has to be evaluated.
#[must_use]
pub struct TakenOver<'f> {
    runs: Frame<'f>,
    /// What a shadow frame has left behind.
    rest: Option<Frame<'f>>,
}

impl<'f> TakenOver<'f> {
    /// The frame itself runs the code.
    pub(super) fn in_place(frame: Frame<'f>) -> Self {
        Self { runs: frame, rest: None }
    }

    /// A shadow frame does.
    pub(super) fn by(shadow: Frame<'f>, rest: Frame<'f>) -> Self {
        Self { runs: shadow, rest: Some(rest) }
    }

    /// Evaluates the frame, by `next`, and consumes it: the hook returns what this returns, and does not look at the frame
    /// again. A new reference, or NULL with an exception.
    ///
    /// # Safety
    /// The thread is the one that the frame was taken over in, and nothing has been evaluated on it since.
    #[inline(always)]
    pub unsafe fn evaluate(self, thread: &Thread<'_>, next: Evaluator) -> *mut PyObject {
        match self.rest {
            // SAFETY: the frame is as the interpreter would have made it for the code.
            None => unsafe { next(thread.as_ptr().cast(), self.runs.as_ptr(), 0) },
            // SAFETY: as above.
            Some(rest) => unsafe { evaluate_shadow(self.runs, rest, thread, next) },
        }
    }
}

/// Evaluates the shadow frame, and consumes what has been left behind.
///
/// # Safety
/// As [`TakenOver::evaluate`].
#[cold]
#[inline(never)]
unsafe fn evaluate_shadow(shadow: Frame<'_>, rest: Frame<'_>, thread: &Thread<'_>, next: Evaluator) -> *mut PyObject {
    // SAFETY: the shadow frame is as the interpreter would have made it for the code.
    let result = unsafe { next(thread.as_ptr().cast(), shadow.as_ptr(), 0) };
    // The evaluator of 3.12 and newer has cleared and popped the shadow frame; the hook's caller of 3.11 will do so with
    // the frame.
    let left = if version::EVALUATOR_POPS_FRAMES { rest } else { shadow };
    // SAFETY: neither runs any more.
    if let Err(broken) = unsafe { end::clear_and_pop(left, thread) } {
        end::release(result);
        return null(end::raise(broken));
    }
    result
}
