//! Whether a frame still has its locals.
//!
//! A finalizer that runs while a frame is cleared may ask for the locals of that very frame. Not every minor empties a slot
//! before it gives up what was in it, nor says first that no slot is live: what is read there may be gone.

use crate::contract::{Broken, Failure, Rule};
use crate::datastack::{self, Place};
use crate::py::{ExceptionType, Raised};
use crate::version::{self, GeneratorState};
use crate::view::{Frame, Owner, Thread};

/// What there is to be read of a frame's locals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// The slots hold what they should.
    There,
    /// The frame is being cleared, or has ended: nothing may be read, and nothing may be left in it.
    Gone,
    /// `THP_PyFrame_Clear` has cleared the frame.
    Cleared,
}

impl Presence {
    /// Asks a frame, which must be no entry frame.
    pub(super) fn of(frame: &Frame<'_>) -> Result<Self, Broken> {
        let gone = match frame.owner() {
            Owner::Thread => may_be_going(frame) && has_started(frame) && is_going(frame),
            Owner::Generator => frame.generator().is_none_or(|it| it.state() == GeneratorState::Cleared),
            // The object is being deallocated.
            Owner::FrameObject => frame.code().is_none(),
            Owner::Cleared => return Ok(Self::Cleared),
            Owner::Interpreter => return Err(Broken::without_frame(Rule::NoEntryFrame)),
        };
        Ok(if gone { Self::Gone } else { Self::There })
    }
}

/// A frame that has been cleared, or is being cleared, holds nothing: `ValueError`.
#[inline(always)]
pub(super) fn require_there(frame: &Frame<'_>) -> Result<(), Failure> {
    match Presence::of(frame)? {
        Presence::There if !(frame.is_empty() && has_slots(frame)) => Ok(()),
        Presence::There | Presence::Gone | Presence::Cleared => Err(no_locals().into()),
    }
}

#[cold]
fn has_slots(frame: &Frame<'_>) -> bool {
    frame.code().is_some_and(|code| code.slots() > 0)
}

#[cold]
pub(super) fn no_locals() -> Raised {
    Raised::with(ExceptionType::Value, c"the frame has no locals any more: it has been cleared, or is being cleared")
}

/// Whether so many slots are live as in a frame that is being cleared.
fn may_be_going(frame: &Frame<'_>) -> bool {
    frame.live_slots().is_some_and(|slots| slots == 0 || version::CLEARS_WITH_SLOTS_LIVE)
}

/// Whether the first instruction has begun. Does not read the code, which may be gone.
fn has_started(frame: &Frame<'_>) -> bool {
    frame.code().is_some() && !frame.is_not_started()
}

/// Whether a frame of a thread's, which has started and does not run, is on its way out, and not only waiting for one that
/// it has called.
#[cold]
#[inline(never)]
fn is_going(frame: &Frame<'_>) -> bool {
    // SAFETY: there is a view of a frame, so the GIL is held.
    let thread = unsafe { Thread::current() };
    let going = thread.find_in_any(|thread| match datastack::place(thread, frame.as_ptr()) {
        Place::Popped => Some(true),
        // One that has not come to its first RESUME may be a client's, which has not been linked yet.
        Place::InUse => Some(!frame.is_incomplete() && !thread.has_linked(frame)),
        Place::Elsewhere => None,
    });
    // A greenlet that is suspended takes its chunks along.
    going.unwrap_or(false)
}
