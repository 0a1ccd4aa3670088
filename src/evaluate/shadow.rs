//! Other code in a shadow frame: where the frame's chunk has no room for it, or others hold the frame's object.

use super::end::{abandon, raise};
use super::fit::Fit;
use super::give::{Given, give};
use super::options::Options;
use super::taken::TakenOver;
use crate::datastack::{WORD, push};
use crate::frame::Start;
use crate::py::Raised;
use crate::view::{Frame, Thread};

/// Moves the frame to a new place on the data stack, and gives it the code there. What is left of it is to be consumed as the
/// frame would be.
///
/// # Safety
/// As [`super::take_over`].
#[cold]
#[inline(never)]
pub(super) unsafe fn take_over<'f>(
    frame: Frame<'f>,
    thread: &Thread<'_>,
    fit: &Fit<'_>,
    given: Given<'_>,
    options: Options,
) -> Result<TakenOver<'f>, Raised> {
    // SAFETY: what is pushed is popped by `evaluate`, or by the evaluator, before the frame is.
    let memory = match unsafe { push(thread, given.bytes() / WORD) } {
        Ok(memory) => memory,
        Err(failure) => return Err(abandon(frame, thread, raise(failure))),
    };
    // Whatever else has been in the memory is no slot of the frame's yet.
    let arguments = fit.own.arguments();
    // SAFETY: arguments are the first slots of both codes, and the others of a fresh frame are empty, but for free variables,
    // which the code copies anew: they stay behind.
    let shadow = unsafe { frame.move_fresh_to(memory, arguments) };
    // SAFETY: the memory has room for the code's slots.
    unsafe { shadow.make_empty(arguments..fit.own.slots().min(given.code().slots())) };
    let fit = Fit { start: Start::Beginning, ..*fit };
    give(&shadow, &fit, given, options.locals_merged);
    Ok(TakenOver::by(shadow, frame))
}
