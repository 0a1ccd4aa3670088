//! Fast to locals, for C.

use super::counters::{Symbol, called};
use crate::error::Raised;
use crate::locals::{fast_to_locals, mapping};
use crate::object::Owned;
use crate::sys::_PyInterpreterFrame;
use core::ffi::{CStr, c_int};
use core::ptr;
use pyo3_ffi::PyObject;

/// Merges the frame's locals into its `f_locals` ([`fast_to_locals`]). 0, or -1 with an exception.
///
/// `*free_vars_copied` becomes 1 if the free variables were copied into their slots, and is left alone if not; it may
/// be NULL.
///
/// # Safety
/// As [`crate::frame::Frame::from_raw`]; `free_vars_copied` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_FastToLocalsWithError(
    frame: *mut _PyInterpreterFrame,
    free_vars_copied: *mut c_int,
) -> c_int {
    called(Symbol::THP_PyFrame_FastToLocalsWithError);
    // SAFETY: the caller's promise.
    match unsafe { merged(frame, false, free_vars_copied, c"THP_PyFrame_FastToLocalsWithError") } {
        Ok(_) => 0,
        Err(_) => -1,
    }
}

/// The same, and returns the mapping: a new reference, or NULL with an exception. With `include_hidden`, hidden locals
/// that are bound are in what is returned, but not in `f_locals` (3.12+).
///
/// # Safety
/// As [`THP_PyFrame_FastToLocalsWithError`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_GetLocals(
    frame: *mut _PyInterpreterFrame,
    include_hidden: c_int,
    free_vars_copied: *mut c_int,
) -> *mut PyObject {
    called(Symbol::THP_PyFrame_GetLocals);
    // SAFETY: the caller's promise.
    let locals = unsafe { merged(frame, include_hidden != 0, free_vars_copied, c"THP_PyFrame_GetLocals") };
    locals.map_or(ptr::null_mut(), Owned::into_ptr)
}

const MAPPING: &CStr = c"get_framelocals_mapping";

/// A fresh dict of the frame's bound locals ([`mapping`]): a new reference, or NULL with an exception.
///
/// # Safety
/// As [`crate::frame::Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_framelocals_mapping(frame: *mut _PyInterpreterFrame) -> *mut PyObject {
    called(Symbol::get_framelocals_mapping);
    // SAFETY: the caller's promise.
    let frame = unsafe { super::frame(frame, MAPPING) };
    mapping(&frame, MAPPING).map_or(ptr::null_mut(), Owned::into_ptr)
}

/// # Safety
/// As [`THP_PyFrame_FastToLocalsWithError`].
unsafe fn merged(
    frame: *mut _PyInterpreterFrame,
    include_hidden: bool,
    free_vars_copied: *mut c_int,
    function: &'static CStr,
) -> Result<Owned, Raised> {
    let mut copied = false;
    // SAFETY: the caller's promise.
    let locals = fast_to_locals(&unsafe { super::frame(frame, function) }, include_hidden, &mut copied, function);
    if copied && !free_vars_copied.is_null() {
        // SAFETY: valid for writes, says the caller.
        unsafe { *free_vars_copied = 1 };
    }
    locals
}
