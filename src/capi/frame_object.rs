//! Frame objects and clearing, for C.

use super::counters::{Symbol, called};
use crate::clear::clear;
use crate::frame_object::{make_and_set, new_untracked};
use crate::sys::{_PyInterpreterFrame, PyCodeObject, PyFrameObject};
use crate::thread::Thread;
use core::ffi::CStr;
use core::ptr::{self, NonNull};

/// An untracked frame object for a frame of `code` ([`new_untracked`]): a new reference, or NULL with an exception.
///
/// # Safety
/// `code` is a live object, of whatever type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_New_NoTrack(code: *const PyCodeObject) -> *mut PyFrameObject {
    called(Symbol::THP_PyFrame_New_NoTrack);
    const NAME: &CStr = c"THP_PyFrame_New_NoTrack";
    // SAFETY: the caller's promise.
    unsafe { super::code(code.cast_mut(), NAME) }.and_then(new_untracked).map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// Makes the frame's object ([`make_and_set`]): a borrowed reference, or NULL with an exception.
///
/// # Safety
/// As [`crate::frame::Frame::from_raw`] and [`make_and_set`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_MakeAndSetFrameObject(frame: *mut _PyInterpreterFrame) -> *mut PyFrameObject {
    called(Symbol::THP_PyFrame_MakeAndSetFrameObject);
    // SAFETY: the caller's promise.
    let frame = unsafe { super::frame(frame, c"THP_PyFrame_MakeAndSetFrameObject") };
    // SAFETY: the caller's promise.
    unsafe { make_and_set(&frame) }.map_or(ptr::null_mut(), NonNull::as_ptr)
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
