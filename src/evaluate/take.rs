//! Taking a frame over, whatever the case.

use super::end::{abandon, refuse};
use super::fit::{Fit, Obstacle};
use super::give::{Given, give};
use super::options::{Options, Place};
use super::shadow;
use super::taken::TakenOver;
use crate::py::Raised;
use crate::view::{Code, Frame, Function, Thread};

/// Gives a frame other code, to be run with `function`: without one with the frame's own, or a copy where one is needed.
///
/// The C symbol, with [`TakenOver::evaluate`], is `PyFrameShim_EvalCode`.
///
/// # Errors
/// The frame has been consumed: `ValueError` or `SystemError` as [`Obstacle`] says; `MemoryError`.
///
/// # Safety
/// The frame was given to a hook of the calling thread, and has not been evaluated.
#[inline(never)]
pub unsafe fn take_over<'f>(
    frame: Frame<'f>,
    thread: &Thread<'_>,
    throwflag: bool,
    code: Code<'_>,
    function: Option<Function<'_>>,
    options: Options,
) -> Result<TakenOver<'f>, Raised> {
    let fit = match Fit::of(&frame, thread, throwflag, code, function) {
        Ok(fit) => fit,
        Err(obstacle) => return Err(refuse(frame, thread, obstacle)),
    };
    let given = match Given::new(&fit, code, function) {
        Ok(given) => given,
        Err(raised) => return Err(abandon(frame, thread, raised)),
    };
    let room = (thread.limit() as usize).wrapping_sub(frame.as_ptr() as usize);
    // Like CPython, a frame never fills a chunk to the last word. The object of a frame has room for the frame's own slots.
    let has_room = given.bytes() < room && fit.lies_last && frame.frame_object().is_none();
    match options.place {
        Place::Anywhere | Place::InPlace if has_room => {
            thread.set_top((frame.as_ptr() as usize + given.bytes()) as *mut _);
            give(&frame, &fit, given, options.locals_merged);
            Ok(TakenOver::in_place(frame))
        }
        Place::InPlace => Err(refuse(frame, thread, Obstacle::Room)),
        // SAFETY: the frame was given to a hook, says the caller.
        Place::Anywhere | Place::Shadow => unsafe { shadow::take_over(frame, thread, &fit, given, options) },
    }
}
