//! Frame objects and clearing, for C.

use super::counters::{Symbol, called};
use crate::check::require_some;
use crate::clear::clear;
use crate::code::Code;
use crate::frame_object::{make_and_set, new_untracked};
use crate::sys::{_PyInterpreterFrame, PyCodeObject, PyFrameObject};
use crate::thread::Thread;
use core::ptr::{self, NonNull};

/// An untracked frame object for a frame of `code` ([`new_untracked`]): a new reference, or NULL with an exception.
///
/// # Safety
/// `code` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_New_NoTrack(code: *const PyCodeObject) -> *mut PyFrameObject {
    called(Symbol::THP_PyFrame_New_NoTrack);
    // SAFETY: the caller's promise.
    let code = unsafe { Code::from_raw(code.cast_mut()) };
    let code = require_some(code, c"THP_PyFrame_New_NoTrack", c"the code must not be NULL");
    new_untracked(code).map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// Makes the frame's object ([`make_and_set`]): a borrowed reference, or NULL with an exception.
///
/// # Safety
/// As [`crate::frame::Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_MakeAndSetFrameObject(frame: *mut _PyInterpreterFrame) -> *mut PyFrameObject {
    called(Symbol::THP_PyFrame_MakeAndSetFrameObject);
    // SAFETY: the caller's promise.
    let frame = unsafe { super::frame(frame, c"THP_PyFrame_MakeAndSetFrameObject") };
    make_and_set(&frame).map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// Drops what the frame holds, or moves it to its frame object ([`clear`]).
///
/// # Safety
/// As [`crate::frame::Frame::from_raw`] and [`clear`], for the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_Clear(frame: *mut _PyInterpreterFrame) {
    called(Symbol::THP_PyFrame_Clear);
    // SAFETY: the caller's promise.
    unsafe { clear(super::frame(frame, c"THP_PyFrame_Clear"), &Thread::current()) }
}
