//! Clearing a frame: dropping what it holds, or moving it to the frame object that others still look at.

use crate::check::{NOT_AN_ENTRY_FRAME, require};
use crate::code::Code;
use crate::datastack::{self, Place, lies_on_top_chunk};
use crate::frame::{Frame, Owner, disown};
use crate::frame_object::take_ownership;
use crate::mapped::is_mapped;
use crate::sys::{self, _PyInterpreterFrame, PyGenObject};
use crate::thread::Thread;
use crate::version;
use core::ffi::CStr;
use core::mem::offset_of;
use core::ptr;
use pyo3_ffi::{Py_CLEAR, Py_DECREF, Py_INCREF, Py_REFCNT, PyObject};

const NAME: &CStr = c"THP_PyFrame_Clear";
const EXECUTING: i8 = sys::_framestate_FRAME_EXECUTING as i8;
const CLEARED: i8 = sys::_framestate_FRAME_CLEARED as i8;

/// Drops every reference that the frame holds, code included, or moves them to its frame object if others hold that.
/// The memory stays, to be popped.
///
/// From 3.12 on, a hook that does not evaluate a resumed generator's frame has to end the generator; that is done here
/// too, and its code is left to the generator.
///
/// Replaces `THP_PyFrame_Clear`. Sources: `_PyFrame_Clear` (3.11), `_PyFrame_ClearExceptCode`, `clear_thread_frame`
/// and `clear_gen_frame` (3.12, 3.13), whose recursion accounting is kept.
///
/// # Safety
/// The frame belongs to `thread`, which is the calling one, and is not evaluated again.
pub unsafe fn clear(frame: Frame<'_>, thread: &Thread<'_>) {
    require_place(&frame, thread);
    // GH-99729: finalizers may look at the stack, and must not find a frame that is half gone.
    require(thread.current_frame() != frame.as_ptr(), NAME, c"the frame must be unlinked first", Some(&frame));
    let is_usual = frame.owner() == Owner::Thread && frame.stacktop() >= 0;
    if let Some(frame) = if is_usual { Some(frame) } else { clear_unusual_frame(frame, thread) } {
        clear_thread_frame(frame, thread);
    }
}

/// Clears, or refuses, what is not a frame of a thread's that has come to an end or has not begun. A thread's frame that only
/// looked as if it ran is returned, still to be cleared.
#[cold]
#[inline(never)]
fn clear_unusual_frame<'f>(frame: Frame<'f>, thread: &Thread<'_>) -> Option<Frame<'f>> {
    if frame.stacktop() < 0 && frame.owner() != Owner::CStack {
        empty_value_stack(&frame, thread);
    }
    match frame.owner() {
        Owner::Thread => return Some(frame),
        Owner::Generator => clear_generator_frame(frame, thread),
        Owner::FrameObject => require(false, NAME, c"the frame must not be owned by a frame object", Some(&frame)),
        Owner::Cleared => require(false, NAME, c"the frame must not be cleared already", Some(&frame)),
        Owner::CStack => require(false, NAME, NOT_AN_ENTRY_FRAME, None),
    }
    None
}

/// Sets the `stacktop` of a frame that the evaluator has left as if it ran (3.11, where MAKE_CELL finds no memory).
fn empty_value_stack(frame: &Frame<'_>, thread: &Thread<'_>) {
    require(!thread.has_linked(frame), NAME, c"the frame must not be running", Some(frame));
    frame.set_stacktop(frame.code().map_or(0, |code| code.slots() as i32));
}

/// Ends the process unless the frame lies where one lies that can be cleared. From 3.12 on, where the evaluator pops frames,
/// nothing is read of a frame that may have been popped.
#[inline(always)]
fn require_place(frame: &Frame<'_>, thread: &Thread<'_>) {
    let is_usual = match version::EVALUATOR_POPS_FRAMES {
        true => lies_on_top_chunk(thread, frame.as_ptr()),
        // What lies last lies there too.
        false => frame.code().is_some_and(|code| is_last(frame, code, thread)),
    };
    if !is_usual {
        require_unusual_place(frame, thread);
    }
}

/// Whether nothing lies between the frame and the top of the data stack. A client may have pushed a little more than the frame
/// takes, but no second frame.
fn is_last(frame: &Frame<'_>, code: Code<'_>, thread: &Thread<'_>) -> bool {
    let end = frame.as_ptr() as usize + datastack::frame_words(code) * size_of::<*mut PyObject>();
    (thread.top() as usize).wrapping_sub(end) < offset_of!(_PyInterpreterFrame, localsplus)
}

#[cold]
#[inline(never)]
fn require_unusual_place(frame: &Frame<'_>, thread: &Thread<'_>) {
    let place = datastack::place(thread, frame.as_ptr());
    // The evaluator of 3.12 and newer has popped each frame that it was given, and the chunk of that frame may be gone since.
    // What lies elsewhere is a generator's frame, a frame object's or, up to 3.11, a shadow frame in the client's own memory.
    let is_popped = place == Place::Popped
        || (place == Place::Elsewhere
            && version::EVALUATOR_POPS_FRAMES
            && (!is_mapped(frame.as_ptr()) || frame.owner() == Owner::Thread));
    let rule = c"the frame must lie below the top of the thread's data stack: it has been popped already";
    require(!is_popped, NAME, rule, None);
    // On 3.11 the hook's caller clears the frame that the hook was given: it would be cleared twice, and the shadow frame, which
    // still lies above it, never.
    let is_covered = !version::EVALUATOR_POPS_FRAMES
        && place == Place::InUse
        && frame.owner() == Owner::Thread
        && frame.stacktop() >= 0
        && frame.code().is_some_and(|code| !is_last(frame, code, thread));
    let rule =
        c"frames must be cleared in reverse order: a hook clears its shadow frame, and not what it was given (3.11)";
    require(!is_covered, NAME, rule, Some(frame));
}

fn clear_thread_frame(frame: Frame<'_>, thread: &Thread<'_>) {
    thread.with_recursion_spent(|| {
        if let Some(frame) = clear_contents(frame, thread) {
            frame.set_cleared();
            // SAFETY: the frame has not been cleared before.
            drop(unsafe { frame.take_live_code() });
        }
    });
}

/// Drops all but the code, and returns the frame, empty; or moves everything to the frame object.
#[inline(always)]
fn clear_contents<'f>(frame: Frame<'f>, thread: &Thread<'_>) -> Option<Frame<'f>> {
    if let Some(object) = frame.take_frame_object() {
        // SAFETY: the reference was the frame's and is ours now; the object was made for this frame.
        unsafe {
            if Py_REFCNT(object.as_ptr().cast()) > 1 {
                take_ownership(frame, object, thread);
                Py_DECREF(object.as_ptr().cast());
                return None;
            }
            // Deallocation may be delayed until the frame's memory is somebody else's, where 3.11.0 to 3.11.4 would still
            // look (gh-106092).
            disown(object);
            Py_DECREF(object.as_ptr().cast());
        }
    }
    // Nobody who is called by what follows sees more slots than still hold something.
    let slots = frame.stacktop();
    frame.set_stacktop(0);
    for slot in 0..slots as usize {
        drop(frame.take_slot(slot));
    }
    drop(frame.take_locals());
    // SAFETY: the frame has not been cleared before.
    drop(unsafe { frame.take_live_function() });
    Some(frame)
}

#[inline(never)]
fn clear_generator_frame(frame: Frame<'_>, thread: &Thread<'_>) {
    let generator = frame.generator();
    // SAFETY: the generator embeds the frame, and is kept by whoever resumed it.
    let state = unsafe { (*generator).gi_frame_state };
    require(
        state == CLEARED || (version::HOOK_DISCARDS_GENERATORS && state == EXECUTING),
        NAME,
        c"the generator that owns the frame must have been cleared, or be running it (3.12+)",
        Some(&frame),
    );
    // Whoever has cleared it has left no function, or no slots, behind; but the evaluator of 3.12 leaves both.
    let is_whole =
        !frame.function().is_null() && (frame.stacktop() > 0 || frame.code().is_none_or(|code| code.slots() == 0));
    require(is_whole, NAME, c"the frame must not be cleared already", Some(&frame));
    if state == EXECUTING {
        // SAFETY: as above.
        unsafe { end_generator(generator, thread) };
        frame.clear_previous();
    }
    let code = frame.code();
    if version::HOOK_DISCARDS_GENERATORS {
        // The generator keeps its reference to the code, so what is moved needs one of its own.
        reference(code);
    }
    thread.with_recursion_spent(|| {
        // The slot stays filled: it is the generator's.
        if clear_contents(frame, thread).is_some() {
            release(code);
        }
    });
    if state == EXECUTING {
        // SAFETY: as above; the exception that it was handling goes with it.
        unsafe { Py_CLEAR(&raw mut (*generator).gi_exc_state.exc_value) };
    }
}

/// Takes a reference to a code object.
fn reference(code: Option<Code<'_>>) {
    if let Some(code) = code {
        // SAFETY: the code is alive: its frame keeps it.
        unsafe { Py_INCREF(code.as_ptr().cast()) };
    }
}

/// Gives a reference to a code object up.
fn release(code: Option<Code<'_>>) {
    if let Some(code) = code {
        // SAFETY: the reference was the frame's, or was taken for it.
        unsafe { Py_DECREF(code.as_ptr().cast()) };
    }
}

/// Takes a running generator out of the thread's stack of handled exceptions, and marks it as done.
///
/// # Safety
/// The thread is running the generator.
unsafe fn end_generator(generator: *mut PyGenObject, thread: &Thread<'_>) {
    // SAFETY: the generator is alive, says the caller.
    unsafe {
        (*generator).gi_frame_state = CLEARED;
        require(
            thread.exception_item() == &raw mut (*generator).gi_exc_state,
            NAME,
            c"the generator's exception state must be the thread's innermost",
            None,
        );
        thread.set_exception_item((*generator).gi_exc_state.previous_item);
        (*generator).gi_exc_state.previous_item = ptr::null_mut();
    }
}
