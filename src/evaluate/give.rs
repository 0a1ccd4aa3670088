//! Giving a fresh frame other code: what is written, and in which order.

use super::fit::{Fit, Needed};
use crate::datastack::frame_bytes;
use crate::frame::Start;
use crate::py::{Owned, Raised};
use crate::view::{Code, Frame, Function};

/// Code, and the function for it, if that is not the frame's own.
pub(super) struct Given<'c> {
    code: Code<'c>,
    function: Option<Owned>,
}

impl<'c> Given<'c> {
    /// Finds the function that is to lie in the frame.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline(always)]
    pub(super) fn new(fit: &Fit<'_>, code: Code<'c>, function: Option<Function<'_>>) -> Result<Self, Raised> {
        let function = match (fit.needed, function) {
            (Needed::Own, _) | (Needed::Given, None) => None,
            // SAFETY: the caller keeps it.
            (Needed::Given, Some(function)) => Some(unsafe { Owned::from_borrowed(function.object()) }),
            (Needed::Copy, _) => Some(fit.copy(code)?),
        };
        Ok(Self { code, function })
    }

    /// The bytes of a frame of the code.
    #[inline(always)]
    pub(super) fn bytes(&self) -> usize {
        frame_bytes(self.code)
    }

    pub(super) fn code(&self) -> Code<'c> {
        self.code
    }
}

/// Writes the code into a fresh frame that has room for it. What is released comes last: that may run Python code, which has to
/// find the frame whole.
#[inline(always)]
pub(super) fn give(frame: &Frame<'_>, fit: &Fit<'_>, given: Given<'_>, locals_merged: bool) {
    let Given { code, function } = given;
    if fit.start == Start::BehindFreeVariables {
        give_back_free_variables(frame, fit.own);
    }
    // Up to 3.12 `locals()` of optimized code shows what is in there, and that is named after the old code.
    let merged = if locals_merged && code.is_optimized() { frame.take_locals() } else { None };
    // SAFETY: a function, as the code's check has found.
    let own_function = function.and_then(|function| unsafe { frame.replace_function(function) });
    drop((give_code(frame, fit.own, code), own_function, merged));
}

/// Writes what a frame says of its code, and returns the old.
#[inline(always)]
pub(super) fn give_code(frame: &Frame<'_>, own: Code<'_>, code: Code<'_>) -> Option<Owned> {
    // Arguments are the first slots of both; what lies behind them in a fresh frame is empty.
    // SAFETY: the frame has room for the code's slots.
    unsafe { frame.make_empty(own.slots()..code.slots()) };
    frame.set_at_start(code);
    frame.set_live_slots(code.slots());
    // SAFETY: it is code, and all else has been changed.
    unsafe { frame.replace_code(Owned::from_borrowed(code.object())) }
}

/// Takes the free variables out of a frame that has been given them from outside, and has it begin at its beginning:
/// COPY_FREE_VARS of the other code, which may have them elsewhere, fills its own slots.
#[cold]
#[inline(never)]
fn give_back_free_variables(frame: &Frame<'_>, own: Code<'_>) {
    frame.set_at_start(own);
    for slot in own.first_free()..own.slots() {
        drop(frame.take_slot(slot));
    }
}
