//! Fast to locals, for C.

use super::arguments::frame;
use super::end::held_or_raised;
use crate::capi::counters::{Symbol, called};
use crate::py::{Owned, Raised};
use crate::sys::_PyInterpreterFrame;
use core::ffi::c_int;
use core::ptr;
use pyo3_ffi::PyObject;

/// Merges the frame's locals into its `f_locals` ([`crate::locals::merge`]). 0, or -1 with an exception.
///
/// `*free_vars_copied` becomes 1 if the free variables were copied into their slots, and is left alone if not; it may
/// be NULL.
///
/// # Safety
/// As [`crate::view::Frame::from_raw`]; `free_vars_copied` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_FastToLocalsWithError(
    raw: *mut _PyInterpreterFrame,
    free_vars_copied: *mut c_int,
) -> c_int {
    const SYMBOL: Symbol = Symbol::THP_PyFrame_FastToLocalsWithError;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    if unsafe { merged(raw, false, free_vars_copied, SYMBOL) }.is_ok() { 0 } else { -1 }
}

/// The same, and returns the mapping: a new reference, or NULL with an exception. With `include_hidden`, hidden locals
/// that are bound are in what is returned, but not in `f_locals` (3.12+).
///
/// # Safety
/// As [`THP_PyFrame_FastToLocalsWithError`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyFrame_GetLocals(
    raw: *mut _PyInterpreterFrame,
    include_hidden: c_int,
    free_vars_copied: *mut c_int,
) -> *mut PyObject {
    const SYMBOL: Symbol = Symbol::THP_PyFrame_GetLocals;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    let locals = unsafe { merged(raw, include_hidden != 0, free_vars_copied, SYMBOL) };
    locals.map_or(ptr::null_mut(), Owned::into_ptr)
}

/// A fresh dict of the frame's bound locals ([`crate::locals::mapping`]): a new reference, or NULL with an exception.
///
/// # Safety
/// As [`crate::view::Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_framelocals_mapping(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    const SYMBOL: Symbol = Symbol::get_framelocals_mapping;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    let locals = crate::locals::mapping(&unsafe { frame(raw, SYMBOL) });
    held_or_raised(locals, SYMBOL).map_or(ptr::null_mut(), Owned::into_ptr)
}

/// # Safety
/// As [`THP_PyFrame_FastToLocalsWithError`].
unsafe fn merged(
    raw: *mut _PyInterpreterFrame,
    include_hidden: bool,
    free_vars_copied: *mut c_int,
    symbol: Symbol,
) -> Result<Owned, Raised> {
    // SAFETY: the caller's promise.
    let frame = unsafe { frame(raw, symbol) };
    // Told also where an error follows: the slots are filled by then.
    if held_or_raised(crate::locals::prepare(&frame), symbol)? && !free_vars_copied.is_null() {
        // SAFETY: valid for writes, says the caller.
        unsafe { *free_vars_copied = 1 };
    }
    held_or_raised(crate::locals::merge(&frame, include_hidden), symbol)
}
