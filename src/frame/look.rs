//! What can be asked of a frame: whether it is fresh, who has called it, where it stands.

use crate::contract::Failure;
use crate::datastack::{self, Place};
use crate::frame::make_and_set;
use crate::py::{ExceptionType, Owned, Raised};
use crate::sys::_PyInterpreterFrame;
use crate::version::{self, GeneratorState};
use crate::view::{Code, Frame, Generator, Owner, Thread};
use core::ffi::CStr;
use core::ptr;
use pyo3_ffi::PyCode_Addr2Line;

/// Where a fresh frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Before its first instruction.
    Beginning,
    /// Behind COPY_FREE_VARS, which [`super::copy_free_variables`] has done in its stead.
    BehindFreeVariables,
}

/// Whether nothing of the frame has run, so that other code can run in its place. It may have a frame object.
pub fn is_fresh(frame: &Frame<'_>, thread: &Thread<'_>) -> bool {
    frame.code().is_some_and(|code| fresh(frame, code, thread).is_some())
}

/// What is known of a fresh frame.
pub(crate) struct Fresh {
    pub(crate) start: Start,
    /// Whether nothing lies behind it on the data stack.
    pub(crate) lies_last: bool,
}

/// What is known of the frame, if it is fresh.
#[inline(always)]
pub(crate) fn fresh(frame: &Frame<'_>, code: Code<'_>, thread: &Thread<'_>) -> Option<Fresh> {
    if frame.owner() != Owner::Thread {
        return None;
    }
    let start = if frame.is_at_start(code) { Start::Beginning } else { moved_start(frame, code)? };
    let lies_last = frame.as_ptr() as usize + datastack::frame_bytes(code) == thread.top() as usize;
    // No frame that is linked is fresh. On 3.13 the pointer stands at the start while the first instruction runs, too.
    // What is linked and lies last is the innermost such frame, whatever generators it has called.
    let is_certain = start == Start::Beginning && version::FRESH < 0;
    let usual = lies_last && (is_certain || thread.innermost_pushed() != frame.as_ptr());
    (usual || is_unlinked(frame, thread)).then_some(Fresh { start, lies_last })
}

/// Whether free variables have been copied from outside, and nothing else has been done.
#[cold]
#[inline(never)]
fn moved_start(frame: &Frame<'_>, code: Code<'_>) -> Option<Start> {
    let instruction = code.copy_free_vars()?;
    let is_copied = (code.first_free()..code.slots()).all(|slot| frame.slot(slot).is_some());
    (is_copied && frame.has_executed(code, instruction)).then_some(Start::BehindFreeVariables)
}

/// Whether a frame on the thread's data stack is none that the thread has linked. As deep as the thread's calls.
#[cold]
#[inline(never)]
fn is_unlinked(frame: &Frame<'_>, thread: &Thread<'_>) -> bool {
    datastack::place(thread, frame.as_ptr()) == Place::InUse && !thread.has_linked(frame)
}

/// The nearest complete caller; `None` at the bottom, and for a generator that nothing resumes.
///
/// The caller of a frame that a hook was given is the frame that the thread ran when it pushed that frame. A generator's frame
/// is not pushed: its caller is the thread's current frame, so a hook asks for it before it runs Python code.
///
/// # Safety
/// The view is not used when the caller has returned.
pub unsafe fn caller<'f>(frame: &Frame<'f>, thread: &Thread<'_>) -> Option<Frame<'f>> {
    let caller = match frame.owner() {
        Owner::Thread if may_be_unlinked(frame) => caller_of_fresh(frame, thread),
        Owner::Generator if is_about_to_be_resumed(frame, thread) => thread.current_frame(),
        _ => frame.previous(),
    };
    // SAFETY: linked frames are live, and so is each one's caller.
    unsafe { Frame::from_raw(caller)?.or_complete_caller() }
}

/// Whether the instruction pointer stands where it does in a fresh frame: only then may `previous` not be set.
fn may_be_unlinked(frame: &Frame<'_>) -> bool {
    frame.code().is_some_and(|code| frame.is_at_start(code) || moved_start(frame, code).is_some())
}

/// The caller of a frame that may be fresh, in whichever thread it lies.
fn caller_of_fresh(frame: &Frame<'_>, thread: &Thread<'_>) -> *mut _PyInterpreterFrame {
    let found = thread.find_in_any(|thread| {
        let is_here = datastack::place(thread, frame.as_ptr()) == Place::InUse;
        is_here.then(|| if thread.has_linked(frame) { frame.previous() } else { linked_before(frame, thread) })
    });
    found.unwrap_or(ptr::null_mut())
}

/// The frame that the thread ran when it pushed this one, which is not linked. Frames of Python code that the hook runs lie
/// behind it on the data stack.
fn linked_before(frame: &Frame<'_>, thread: &Thread<'_>) -> *mut _PyInterpreterFrame {
    let place = datastack::locate(thread, frame);
    let mut found = thread.current_frame();
    let mut next = found;
    // SAFETY: linked frames are live, and so is each one's caller.
    while let Some(linked) = unsafe { Frame::from_raw(next) } {
        if linked.owner() == Owner::Thread {
            if datastack::locate(thread, &linked) < place {
                break;
            }
            found = linked.previous();
        }
        next = linked.previous();
    }
    found
}

/// Whether the frame is a generator's that has been asked for its next value, and is not evaluated yet.
pub(crate) fn is_about_to_be_resumed(frame: &Frame<'_>, thread: &Thread<'_>) -> bool {
    // Being closed or thrown into, from outside of one that it delegates to, it executes too, and handles no exceptions.
    let is_asked =
        |it: Generator<'_>| it.state() == GeneratorState::Executing && it.exception_item() == thread.exception_item();
    frame.generator().is_some_and(is_asked) && !is_linked_in_any(frame)
}

/// The byte offset of the instruction that was begun last; -1 before the first.
///
/// On 3.13 the instruction pointer of a frame that does not run stands on the next instruction, and `f_lasti` tells of that
/// one; here it is the same on every minor.
pub fn last_instruction(frame: &Frame<'_>) -> isize {
    const UNIT: isize = 2;
    let stands_on_next = match frame.owner() {
        // It is linked for as long as it runs, and then has a caller, an entry frame at least (3.12+).
        Owner::Generator => frame.previous().is_null(),
        Owner::Thread => frame.is_not_started(),
        Owner::FrameObject | Owner::Interpreter | Owner::Cleared => false,
    };
    let begun = frame.lasti() - if stands_on_next { version::EXECUTED as isize } else { 0 };
    if begun < 0 { -1 } else { begun * UNIT }
}

/// The line of the instruction that was begun last, or that the code begins with; `None` if it has none.
pub fn line(frame: &Frame<'_>) -> Option<i32> {
    let code = frame.code()?;
    let offset = i32::try_from(last_instruction(frame)).unwrap_or(-1);
    // SAFETY: the frame keeps its code; an offset that has no line gives -1, and -1 the first line.
    let line = unsafe { PyCode_Addr2Line(code.as_ptr().cast(), offset) };
    (line >= 0).then_some(line)
}

/// Whether the frame has come to its first RESUME, so that it may have a frame object. It is the same on every minor, though
/// 3.13 takes a fresh frame without prefix instructions for complete.
pub fn is_complete(frame: &Frame<'_>) -> bool {
    match frame.owner() {
        Owner::Interpreter | Owner::Cleared => false,
        Owner::Thread if frame.is_not_started() => !frame.is_incomplete() && is_linked_in_any(frame),
        Owner::Thread | Owner::Generator | Owner::FrameObject => !frame.is_incomplete(),
    }
}

/// Whether the frame runs, or waits for one that it has called, as far as it says so itself; from 3.14 on, where it does not, as
/// deep as the calls of all threads.
pub(crate) fn runs(frame: &Frame<'_>) -> bool {
    if version::SAYS_THAT_IT_RUNS { frame.live_slots().is_none() } else { is_linked_in_any(frame) }
}

/// Whether a thread has linked the frame. As deep as the calls of all threads.
fn is_linked_in_any(frame: &Frame<'_>) -> bool {
    // SAFETY: there is a view of a frame, so the GIL is held.
    let thread = unsafe { Thread::current() };
    thread.find_in_any(|thread| thread.has_linked(frame).then_some(())).is_some()
}

/// A reference to the frame's object, which is made if there is none.
///
/// # Errors
/// `RuntimeError` for a frame that is not complete; `MemoryError`; what of the contract is broken.
pub fn object(frame: &Frame<'_>) -> Result<Owned, Failure> {
    let existing = match frame.owner() {
        Owner::FrameObject => frame.keeper(),
        Owner::Thread | Owner::Generator => frame.frame_object().and_then(|object| object.keep()),
        // Not all fields of such a frame are set.
        Owner::Interpreter | Owner::Cleared => None,
    };
    if let Some(object) = existing {
        return Ok(object);
    }
    if !is_complete(frame) {
        const WHY: &CStr = c"the frame has not come to its first RESUME, and has no frame object before";
        return Err(Raised::with(ExceptionType::Runtime, WHY).into());
    }
    // SAFETY: the frame has come to its first RESUME.
    let object = unsafe { make_and_set(frame) }?;
    // SAFETY: the frame keeps it.
    Ok(unsafe { Owned::from_borrowed(object.object()) })
}
