//! Frame objects and clearing, for C.

use super::arguments::{code, frame};
use super::end::{held, held_or_raised};
use crate::capi::counters::{Symbol, called};
use crate::frame::{clear, clear_locals, make_and_set, new_untracked};
use crate::py::Owned;
use crate::sys::{_PyInterpreterFrame, PyCodeObject, PyFrameObject};
use crate::view::{FrameObject, Thread, object_in_word};
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// An untracked frame object for a frame of `code` ([`new_untracked`]): a new reference, or NULL with an exception.
///
/// # Safety
/// `code` is a live object, of whatever type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_New_NoTrack(raw: *const PyCodeObject) -> *mut PyFrameObject {
    const SYMBOL: Symbol = Symbol::THP_PyFrame_New_NoTrack;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    let made = unsafe { code(raw.cast_mut(), SYMBOL).and_then(|code| new_untracked(code)) };
    made.map_or(ptr::null_mut(), Owned::into_ptr).cast()
}

/// Makes the frame's object ([`make_and_set`]): a borrowed reference, or NULL with an exception.
///
/// # Safety
/// As [`crate::view::Frame::from_raw`] and [`make_and_set`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_MakeAndSetFrameObject(raw: *mut _PyInterpreterFrame) -> *mut PyFrameObject {
    const SYMBOL: Symbol = Symbol::THP_PyFrame_MakeAndSetFrameObject;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    let made = unsafe { make_and_set(&frame(raw, SYMBOL)) };
    held_or_raised(made, SYMBOL).map_or(ptr::null_mut(), FrameObject::as_ptr)
}

/// Drops what the frame holds, or moves it to its frame object ([`clear`]).
///
/// # Safety
/// As [`crate::view::Frame::from_raw`] and [`clear`], for the calling thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_Clear(raw: *mut _PyInterpreterFrame) {
    const SYMBOL: Symbol = Symbol::THP_PyFrame_Clear;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    held(unsafe { clear(frame(raw, SYMBOL), &Thread::current()) }, SYMBOL);
}

/// Drops what the frame's slots hold, and its `f_locals` ([`clear_locals`]).
///
/// # Safety
/// As [`crate::view::Frame::from_raw`] and [`clear_locals`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_ClearLocals(raw: *mut _PyInterpreterFrame) {
    const SYMBOL: Symbol = Symbol::THP_PyFrame_ClearLocals;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    held(unsafe { clear_locals(frame(raw, SYMBOL)) }, SYMBOL);
}

/// The object in a word of a frame, borrowed; NULL, and no exception, if the word is empty or holds a number. Not counted: it is
/// called for every word that is read.
///
/// # Safety
/// `word` is the address of a slot, or of the function or code field, of a live frame.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyStackRef_AsPyObjectBorrow(word: *mut c_void) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { object_in_word(word) }.map_or(ptr::null_mut(), NonNull::as_ptr)
}
