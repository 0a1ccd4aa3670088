//! Clearing a frame: dropping what it holds, or moving it to the frame object that others still look at.
//!
//! First the contract is checked, all of it; then nothing can go wrong any more.

use super::object::take_ownership;
use crate::contract::{Broken, Rule, require, require_plainly};
use crate::datastack::{self, Place};
use crate::process::is_mapped;
use crate::py::Owned;
use crate::version::{self, GeneratorState};
use crate::view::{Code, Frame, FrameObject, Generator, Owner, Thread, disown};

/// Drops every reference that the frame holds, code included, or moves them to its frame object if others hold that.
/// The memory stays, to be popped.
///
/// From 3.12 on, a hook that does not evaluate a resumed generator's frame has to end the generator; that is done here
/// too, and its code is left to the generator.
///
/// Replaces `THP_PyFrame_Clear`. Sources: `_PyFrame_Clear` (3.11), `_PyFrame_ClearExceptCode`, `clear_thread_frame`
/// and `clear_gen_frame` (3.12 to 3.15), whose recursion accounting is kept.
///
/// # Errors
/// What of the contract is broken. Nothing has been done then.
///
/// # Safety
/// The frame belongs to `thread`, which is the calling one, and is not evaluated again. It may have been popped.
// In line: a frame's end clears with it too, and out of line it takes 8 instructions more.
#[inline(always)]
pub unsafe fn clear(frame: Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    require_place(&frame, thread)?;
    require(thread.current_frame() != frame.as_ptr(), Rule::Unlinked, &frame)?;
    match (frame.owner(), frame.live_slots()) {
        (Owner::Thread, Some(slots)) => clear_thread_frame(frame, slots, thread),
        _ => clear_unusual_frame(frame, thread),
    }
}

/// Fails unless the frame lies where one lies that can be cleared. From 3.12 on, where the evaluator pops frames, nothing is
/// read of a frame that may have been popped.
#[inline(always)]
fn require_place(frame: &Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    let lies_on_top_chunk = || datastack::lies_on_top_chunk(thread, frame.as_ptr());
    let lies_last = || frame.code().is_some_and(|code| is_last(frame, code, thread));
    let is_usual = if !version::EVALUATOR_POPS_FRAMES {
        // What lies last lies on that chunk too.
        lies_last()
    } else if version::SAYS_THAT_IT_RUNS {
        lies_on_top_chunk()
    } else {
        // What lies last and runs is the innermost such frame, whatever generators it has called.
        lies_on_top_chunk() && lies_last() && thread.innermost_pushed() != frame.as_ptr()
    };
    if is_usual { Ok(()) } else { require_unusual_place(frame, thread) }
}

/// Whether nothing lies between the frame and the top of the data stack. A client may have pushed a little more than the frame
/// takes, but no second frame.
fn is_last(frame: &Frame<'_>, code: Code<'_>, thread: &Thread<'_>) -> bool {
    let end = frame.as_ptr() as usize + datastack::frame_bytes(code);
    (thread.top() as usize).wrapping_sub(end) < datastack::HEADER_BYTES
}

#[cold]
#[inline(never)]
fn require_unusual_place(frame: &Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    let place = datastack::place(thread, frame.as_ptr());
    // The evaluator of 3.12 and newer has popped each frame that it was given, and the chunk of that frame may be gone since.
    // What lies elsewhere is a generator's frame, a frame object's or, up to 3.11, a shadow frame in the client's own memory.
    let is_popped = place == Place::Popped
        || (place == Place::Elsewhere
            && version::EVALUATOR_POPS_FRAMES
            && (!is_mapped(frame.as_ptr()) || frame.owner() == Owner::Thread));
    require_plainly(!is_popped, Rule::NotPopped)?;
    // The current one is to be unlinked first, and that is asked next.
    let may_run = !version::SAYS_THAT_IT_RUNS && thread.current_frame() != frame.as_ptr();
    require(!may_run || !thread.has_linked(frame), Rule::NotRunning, frame)?;
    let is_covered = !version::EVALUATOR_POPS_FRAMES
        && place == Place::InUse
        && frame.owner() == Owner::Thread
        && frame.live_slots().is_some()
        && frame.code().is_some_and(|code| !is_last(frame, code, thread));
    require(!is_covered, Rule::ClearedInReverse, frame)
}

/// Clears what is no frame of a thread's that has come to an end or has not begun.
#[cold]
#[inline(never)]
fn clear_unusual_frame(frame: Frame<'_>, thread: &Thread<'_>) -> Result<(), Broken> {
    if frame.live_slots().is_none() && frame.owner() != Owner::Interpreter {
        require(!thread.has_linked(&frame), Rule::NotRunning, &frame)?;
    }
    match frame.owner() {
        // The evaluator of 3.11 leaves a frame as if it ran where MAKE_CELL finds no memory.
        Owner::Thread => {
            let slots = frame.code().map_or(0, Code::slots);
            frame.set_live_slots(slots);
            clear_thread_frame(frame, slots, thread)
        }
        Owner::Generator => {
            if let Some(generator) = require_given_up(&frame, thread)? {
                clear_generator_frame(frame, &generator, thread);
            }
            Ok(())
        }
        Owner::FrameObject => Err(Broken::by(Rule::NotAnObjects, &frame)),
        Owner::Cleared => Err(Broken::by(Rule::NotClearedAlready, &frame)),
        Owner::Interpreter => Err(Broken::without_frame(Rule::NoEntryFrame)),
    }
}

/// Checks the generator that a frame belongs to.
fn require_given_up<'f>(frame: &Frame<'f>, thread: &Thread<'_>) -> Result<Option<Generator<'f>>, Broken> {
    let Some(generator) = frame.generator() else { return Ok(None) };
    match generator.state() {
        GeneratorState::Cleared => {}
        GeneratorState::Executing if version::HOOK_DISCARDS_GENERATORS => {
            let innermost = thread.exception_item() == generator.exception_item();
            require_plainly(innermost, Rule::HandlesInnermost)?;
        }
        GeneratorState::Executing | GeneratorState::Waiting | GeneratorState::Completed => {
            return Err(Broken::by(Rule::GeneratorGivesItUp, frame));
        }
    }
    // Clearing it has left no function, or no slots, behind. But the evaluator of 3.12 leaves both.
    let has_slots = !frame.is_empty() || frame.code().is_none_or(|code| code.slots() == 0);
    require(!frame.has_lost_its_function() && has_slots, Rule::NotClearedAlready, frame)?;
    require_no_back(frame.frame_object(), frame)?;
    Ok(Some(generator))
}

/// The object is to get its caller's when the frame moves to it.
fn require_no_back(object: Option<FrameObject<'_>>, frame: &Frame<'_>) -> Result<(), Broken> {
    require(object.is_none_or(|object| !object.has_back()), Rule::HasNoBack, frame)
}

#[inline(always)]
fn clear_thread_frame(frame: Frame<'_>, slots: usize, thread: &Thread<'_>) -> Result<(), Broken> {
    let object = frame.frame_object();
    require_no_back(object, &frame)?;
    thread.forget_profiled(&frame);
    let _spent = thread.spend_recursion();
    if let Some(frame) = clear_contents(frame, slots, object, thread) {
        frame.set_cleared();
        // SAFETY: the frame has not been cleared before.
        drop(unsafe { frame.take_code() });
    }
    Ok(())
}

/// Drops all but the code, and returns the frame, empty; or moves everything to the frame object.
#[inline(always)]
fn clear_contents<'f>(
    frame: Frame<'f>,
    slots: usize,
    object: Option<FrameObject<'_>>,
    thread: &Thread<'_>,
) -> Option<Frame<'f>> {
    if let Some(view) = object {
        // Released when this has ended.
        let object = frame.take_frame_object();
        if object.as_ref().is_some_and(Owned::is_shared) {
            // SAFETY: the frame can be cleared, and so it can be moved; its object has no f_back.
            unsafe { take_ownership(frame, view, thread) };
            return None;
        }
        // Deallocation may be delayed until the frame's memory is another frame's, where 3.11.0 to 3.11.4 would still
        // look (gh-106092).
        disown(view);
    }
    release_locals(&frame, slots);
    // SAFETY: the frame has not been cleared before.
    drop(unsafe { frame.take_function() });
    Some(frame)
}

#[inline(always)]
fn release_locals(frame: &Frame<'_>, slots: usize) {
    // Code that is called by what follows sees no more slots than still hold something.
    frame.set_live_slots(0);
    for slot in 0..slots {
        frame.release_slot(if version::CLEARS_BACKWARDS { slots - 1 - slot } else { slot });
    }
    drop(frame.take_locals());
}

/// Drops what the slots hold, the value stack included, and the mapping in `f_locals`. The rest stays, to be cleared.
///
/// Replaces `THP_PyFrame_ClearLocals`. Source: `_PyFrame_ClearLocals` (3.14).
///
/// # Errors
/// The frame runs, as far as it says so. Nothing has been done then.
///
/// # Safety
/// The frame is the calling thread's, and is not evaluated again.
pub unsafe fn clear_locals(frame: Frame<'_>) -> Result<(), Broken> {
    let slots = frame.live_slots().ok_or_else(|| Broken::by(Rule::NotRunning, &frame))?;
    release_locals(&frame, slots);
    Ok(())
}

#[inline(never)]
fn clear_generator_frame(frame: Frame<'_>, generator: &Generator<'_>, thread: &Thread<'_>) {
    thread.forget_profiled(&frame);
    let was_executing = generator.state() == GeneratorState::Executing;
    if was_executing {
        // It is taken out of the thread's stack of handled exceptions.
        generator.set_ended();
        thread.set_exception_item(generator.take_previous_item());
        frame.clear_previous();
    }
    let code = frame.code().map(Code::object);
    // SAFETY: the frame keeps its code. From 3.12 on the generator keeps the frame's reference, so what is moved needs one of
    // its own; on 3.11 the reference goes, though the word stays filled.
    let code = code.map(|code| unsafe {
        if version::HOOK_DISCARDS_GENERATORS { Owned::from_borrowed(code) } else { Owned::from_owned(code) }
    });
    let (slots, object) = (frame.live_slots().unwrap_or(0), frame.frame_object());
    let spent = thread.spend_recursion();
    if clear_contents(frame, slots, object, thread).is_some() {
        drop(code);
    } else {
        // It has moved to the frame object.
        core::mem::forget(code);
    }
    drop(spent);
    if was_executing {
        generator.clear_exception();
        thread.say_how_it_ended(generator);
    }
}
