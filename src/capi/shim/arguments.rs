//! What a C caller passes, as views; what is wrong with it, as an exception; and what comes of a call, as C wants it.

use crate::py::{ExceptionType, Owned, Raised};
use crate::sys::_PyInterpreterFrame;
use crate::view::{Code, Frame, Function, Thread};
use core::ffi::CStr;
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyObject, PyThreadState};

/// Views the frame that a C caller passed; `ValueError` if it is NULL.
///
/// # Safety
/// As [`Frame::from_raw`].
#[inline(always)]
pub(super) unsafe fn frame<'f>(raw: *mut _PyInterpreterFrame) -> Result<Frame<'f>, Raised> {
    // SAFETY: the caller's promise.
    unsafe { Frame::from_raw(raw) }.ok_or_else(|| value_error(c"the frame must not be NULL"))
}

/// Views the thread state that a C caller passed; `ValueError` if it is NULL.
///
/// # Safety
/// As [`Thread::from_raw`].
#[inline(always)]
pub(super) unsafe fn thread<'t>(raw: *mut PyThreadState) -> Result<Thread<'t>, Raised> {
    // SAFETY: the caller's promise.
    unsafe { Thread::from_raw(raw) }.ok_or_else(|| value_error(c"the thread state must not be NULL"))
}

/// Views the code that a C caller passed; `TypeError` if it is something else, or NULL.
///
/// # Safety
/// `raw` is NULL or a live object.
#[inline(always)]
pub(super) unsafe fn code<'c>(raw: *mut PyObject) -> Result<Code<'c>, Raised> {
    // SAFETY: alive, says the caller.
    let code = NonNull::new(raw).and_then(|object| unsafe { Code::from_object(object) });
    code.ok_or_else(|| type_error(c"a code object is wanted"))
}

/// Views the function that a C caller passed; `TypeError` if it is something else, or NULL.
///
/// # Safety
/// `raw` is NULL or a live object.
pub(super) unsafe fn function<'f>(raw: *mut PyObject) -> Result<Function<'f>, Raised> {
    // SAFETY: alive, says the caller.
    let function = NonNull::new(raw).and_then(|object| unsafe { Function::from_object(object) });
    function.ok_or_else(|| type_error(c"a function is wanted"))
}

/// As [`function`], where NULL stands for none.
///
/// # Safety
/// As [`function`].
#[inline(always)]
pub(super) unsafe fn function_or_none<'f>(raw: *mut PyObject) -> Result<Option<Function<'f>>, Raised> {
    // SAFETY: the caller's promise.
    if raw.is_null() { Ok(None) } else { unsafe { function(raw) }.map(Some) }
}

#[cold]
pub(super) fn value_error(sentence: &CStr) -> Raised {
    Raised::with(ExceptionType::Value, sentence)
}

#[cold]
pub(super) fn type_error(sentence: &CStr) -> Raised {
    Raised::with(ExceptionType::Type, sentence)
}

/// A borrowed reference, or NULL.
pub(super) fn borrowed(object: Option<NonNull<PyObject>>) -> *mut PyObject {
    object.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// A new reference, or NULL with an exception.
pub(super) fn new_or_null(result: Result<Owned, Raised>) -> *mut PyObject {
    result.map_or(ptr::null_mut(), Owned::into_ptr)
}

/// A number, or -1 with an exception.
pub(super) fn count(result: Result<usize, Raised>) -> isize {
    result.map_or(-1, |count| count as isize)
}
