//! Frame objects: creation, and the transfer of a frame's contents to the object that outlives it.

use super::prefix;
use crate::contract::{Broken, Failure, Rule, require};
use crate::py::{Owned, PendingException, Raised};
use crate::view::{Code, Frame, FrameObject, Owner, Thread, disown};

/// Makes an untracked frame object with room for a frame of `code`. Every field is set: until it is given a frame it
/// holds a dead frame, so that it may be released at any time.
///
/// Replaces `THP_PyFrame_New_NoTrack`. Source: `_PyFrame_New_NoTrack`, `Objects/frameobject.c` (3.11 to 3.15), which leaves
/// `f_frame` to its caller.
///
/// # Errors
/// `MemoryError`.
///
/// # Safety
/// The reference is released by a thread that holds the GIL.
pub unsafe fn new_untracked(code: Code<'_>) -> Result<Owned, Raised> {
    let object = FrameObject::make(code.slots() + code.stack_slots())?;
    // SAFETY: it is one.
    disown(unsafe { FrameObject::of(&object) });
    Ok(object)
}

/// Makes the frame's object and stores it in the frame, which owns it. The pending exception stays.
///
/// Replaces `THP_PyFrame_MakeAndSetFrameObject`. Source: `_PyFrame_MakeAndSetFrameObject`, `Python/frame.c` (3.11).
///
/// # Errors
/// `MemoryError`, in place of the pending exception; what of the contract is broken.
///
/// # Safety
/// The frame has come to its first RESUME, or is never evaluated and Python code does not see the object before the frame
/// is cleared: a generator function's frame that is still to run loses its object.
pub unsafe fn make_and_set<'f>(frame: &Frame<'f>) -> Result<FrameObject<'f>, Failure> {
    let code = require_makeable(frame)?;
    let pending = PendingException::take();
    let object = make(frame, code)?;
    pending.restore();
    Ok(object)
}

/// Whether a frame may be given an object; if so, its code.
fn require_makeable<'f>(frame: &Frame<'f>) -> Result<Code<'f>, Broken> {
    // First: no other field of an entry frame can be trusted, and up to 3.12 it has code all the same.
    if frame.owner() == Owner::Interpreter {
        return Err(Broken::without_frame(Rule::NoEntryFrame));
    }
    let code = frame.code().ok_or_else(|| Broken::without_frame(Rule::RunsCode))?;
    require(frame.frame_object().is_none(), Rule::HasNoObject, frame)?;
    require(frame.owner() != Owner::FrameObject, Rule::NotAnObjects, frame)?;
    require(frame.owner() != Owner::Cleared, Rule::NotCleared, frame)?;
    Ok(code)
}

/// As [`make_and_set`], where no exception is pending and the contract is held.
fn make<'f>(frame: &Frame<'f>, code: Code<'f>) -> Result<FrameObject<'f>, Raised> {
    // SAFETY: whoever has a frame holds the GIL, and it is released here or by the frame.
    let object = unsafe { new_untracked(code) }?;
    if let Some(winner) = frame.frame_object() {
        // GH-97002: on 3.11 the allocation may collect garbage, and a finalizer may ask for this very frame. It has
        // been given an object then, and that one is the frame's.
        return Ok(winner);
    }
    let object = frame.fill_frame_object(object);
    object.set_frame(frame.as_ptr());
    Ok(object)
}

/// Moves a frame's contents into its frame object, which others hold, before the frame's memory goes; links the object
/// to its caller's and has the collector track it. The pending exception stays, and so does everything else if memory
/// runs out: the object then has no `f_back`.
///
/// The object holds the references that the frame held. Replaces `THP_take_ownership`. Source: `take_ownership`,
/// `Python/frame.c` (3.13), which names the caller by `previous`. That field is not set in a frame that was never
/// linked, so the caller is taken to be the thread's current frame; in a frame that was linked they are the same.
///
/// # Safety
/// The frame is the thread's own, unlinked, not running, and neither cleared nor a frame object's; `object` was made for it,
/// has no `f_back`, and the frame no longer refers to it.
#[inline(never)]
pub unsafe fn take_ownership(frame: Frame<'_>, object: FrameObject<'_>, thread: &Thread<'_>) {
    // SAFETY: the object was made for this frame.
    let frame = unsafe { frame.move_into(object) };
    // First, so that code that looks at the object while memory is allocated finds no pointer into what is gone, or into what
    // a frame that was never linked has there.
    frame.clear_previous();
    if frame.is_incomplete() {
        prefix::finish(&frame);
        debug_assert!(!frame.is_incomplete());
    }
    link_back(object, thread);
    object.track();
}

/// Stores the frame object of the thread's innermost complete frame in `f_back`.
fn link_back(object: FrameObject<'_>, thread: &Thread<'_>) {
    // SAFETY: the view is not kept.
    let Some(caller) = (unsafe { thread.complete_frame() }) else { return };
    if let Some(back) = caller.frame_object().or_else(|| make_quietly(&caller)) {
        object.set_back(back);
    }
}

/// The object of a frame that has none; `None` if there is no memory. The pending exception stays either way: CPython up
/// to 3.13 loses the one that is on its way here if memory runs out, 3.14 keeps it so.
#[inline(never)]
fn make_quietly<'f>(frame: &Frame<'f>) -> Option<FrameObject<'f>> {
    let code = require_makeable(frame).ok()?;
    let pending = PendingException::take();
    let made = make(frame, code).ok();
    pending.restore();
    made
}
