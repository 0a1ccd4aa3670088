//! Frame objects: creation, and the transfer of a frame's contents to the object that outlives it.

use crate::check::{NOT_AN_ENTRY_FRAME, require, require_some};
use crate::code::Code;
use crate::error::{PendingException, Raised};
use crate::frame::{self, Frame, Owner};
use crate::prefix;
use crate::sys::PyFrameObject;
use crate::thread::Thread;
use crate::version;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    Py_DECREF, Py_INCREF, PyFrame_Type, PyObject, PyObject_GC_IsTracked, PyObject_GC_NewVar, PyObject_GC_Track,
};

/// Makes an untracked frame object with room for a frame of `code`. Every field is set: until it is given a frame it
/// stands for a dead one of its own, so that it may be released at any time.
///
/// Returns a new reference. Replaces `THP_PyFrame_New_NoTrack`. Source: `_PyFrame_New_NoTrack`, `Objects/frameobject.c`
/// (3.11 to 3.13), which leaves `f_frame` to its caller.
///
/// # Errors
/// `MemoryError`.
pub fn new_untracked(code: Code<'_>) -> Result<NonNull<PyFrameObject>, Raised> {
    let slots = code.slots() + code.stack_slots();
    // SAFETY: the object is ours until it is returned; all of its fields, and the header that `disown` writes, lie
    // within the type's basic size.
    unsafe {
        let object: *mut PyFrameObject = PyObject_GC_NewVar((&raw mut PyFrame_Type).cast(), slots as isize);
        let Some(object) = NonNull::new(object) else { return Err(Raised::assume()) };
        let fields = object.as_ptr();
        (*fields).f_back = ptr::null_mut();
        (*fields).f_trace = ptr::null_mut();
        (*fields).f_lineno = 0;
        (*fields).f_trace_lines = 1;
        (*fields).f_trace_opcodes = 0;
        version::init_frame_object(fields);
        frame::disown(object);
        Ok(object)
    }
}

/// Makes the frame's object and stores it in the frame, which owns it. The pending exception stays.
///
/// Returns a borrowed reference. Replaces `THP_PyFrame_MakeAndSetFrameObject`. Source:
/// `_PyFrame_MakeAndSetFrameObject`, `Python/frame.c` (3.11).
///
/// # Errors
/// `MemoryError`, in place of the pending exception.
///
/// # Safety
/// The frame has come to its first RESUME, or is never evaluated and Python code does not see the object before the frame
/// is cleared: a generator function's frame that is still to run loses its object.
pub unsafe fn make_and_set(frame: &Frame<'_>) -> Result<NonNull<PyFrameObject>, Raised> {
    let pending = PendingException::take();
    let object = make(frame)?;
    pending.restore();
    Ok(object)
}

/// As [`make_and_set`], where no exception is pending.
fn make(frame: &Frame<'_>) -> Result<NonNull<PyFrameObject>, Raised> {
    const NAME: &core::ffi::CStr = c"THP_PyFrame_MakeAndSetFrameObject";
    // First: no other field of an entry frame can be trusted, and up to 3.12 it has code all the same.
    require(frame.owner() != Owner::CStack, NAME, NOT_AN_ENTRY_FRAME, None);
    let code = require_some(frame.code(), NAME, c"the frame must run a code object");
    require(frame.frame_object().is_null(), NAME, c"the frame must have no frame object yet", Some(frame));

    let object = new_untracked(code)?;
    if let Some(winner) = NonNull::new(frame.frame_object()) {
        // GH-97002: on 3.11 the allocation may collect garbage, and a finalizer may ask for this very frame. It has
        // been given an object then, and that one is the frame's.
        // SAFETY: the new object is ours, and stands for no frame.
        unsafe { Py_DECREF(object.as_ptr().cast()) };
        return Ok(winner);
    }
    let owner = frame.owner();
    require(owner != Owner::FrameObject, NAME, c"the frame must not be owned by a frame object", Some(frame));
    require(owner != Owner::Cleared, NAME, c"the frame must not be cleared", Some(frame));
    // SAFETY: the object is ours, and the frame keeps it from here on.
    unsafe { (*object.as_ptr()).f_frame = frame.as_ptr() };
    frame.set_frame_object(object);
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
/// and the frame no longer refers to it.
#[inline(never)]
pub unsafe fn take_ownership(frame: Frame<'_>, object: NonNull<PyFrameObject>, thread: &Thread<'_>) {
    const NAME: &core::ffi::CStr = c"THP_PyFrame_Clear";
    // SAFETY: the object was made for this frame.
    let frame = unsafe { frame.move_into(object) };
    // First, so that whoever looks at the object while memory is allocated finds no pointer into what is gone, or into what
    // a frame that was never linked has there.
    frame.clear_previous();
    if frame.is_incomplete() {
        prefix::finish(&frame);
        require(!frame.is_incomplete(), NAME, c"the frame must be complete once it is owned", Some(&frame));
    }
    // SAFETY: the object is alive.
    let back = unsafe { (*object.as_ptr()).f_back };
    require(back.is_null(), NAME, c"the frame object must not have an f_back yet", Some(&frame));
    link_back(object, thread);
    // SAFETY: the object is complete now.
    unsafe {
        let object: *mut PyObject = object.as_ptr().cast();
        if PyObject_GC_IsTracked(object) == 0 {
            PyObject_GC_Track(object.cast());
        }
    }
}

/// Stores the frame object of the thread's innermost complete frame in `f_back`.
fn link_back(object: NonNull<PyFrameObject>, thread: &Thread<'_>) {
    // SAFETY: the view is not kept.
    let Some(caller) = (unsafe { thread.complete_frame() }) else { return };
    let Some(back) = NonNull::new(caller.frame_object()).or_else(|| make_quietly(&caller)) else { return };
    // SAFETY: the caller's object is alive, and f_back owns the new reference.
    unsafe {
        Py_INCREF(back.as_ptr().cast());
        (*object.as_ptr()).f_back = back.as_ptr();
    }
}

/// The object of a frame that has none; `None` if there is no memory. The pending exception stays either way: CPython up
/// to 3.13 loses the one that is on its way here if memory runs out, 3.14 keeps it so.
#[inline(never)]
fn make_quietly(frame: &Frame<'_>) -> Option<NonNull<PyFrameObject>> {
    let pending = PendingException::take();
    let made = make(frame).ok();
    pending.restore();
    made
}
