//! What a C caller passes, as views.

use super::end::end_without_frame;
use crate::capi::counters::Symbol;
use crate::py::Raised;
use crate::sys::{_PyInterpreterFrame, PyCodeObject};
use crate::view::{Code, Frame, Thread};
use core::ptr::NonNull;
use pyo3_ffi::{Py_TYPE, PyCode_Type, PyErr_Format, PyExc_TypeError, PyObject, PyThreadState, PyTypeObject};

/// What a caller passed; ends the process if it is NULL.
#[inline]
pub(super) fn given<T>(value: Option<T>, symbol: Symbol, rule: &str) -> T {
    match value {
        Some(value) => value,
        None => end_without_frame(symbol.name(), rule),
    }
}

/// Views the frame that a C caller passed.
///
/// # Safety
/// As [`Frame::from_raw`].
#[inline]
pub(super) unsafe fn frame<'f>(raw: *mut _PyInterpreterFrame, symbol: Symbol) -> Frame<'f> {
    // SAFETY: the caller's promise.
    given(unsafe { Frame::from_raw(raw) }, symbol, "the frame must not be NULL")
}

/// Views the thread state that a C caller passed.
///
/// # Safety
/// As [`Thread::from_raw`].
#[inline]
pub(super) unsafe fn thread<'t>(raw: *mut PyThreadState, symbol: Symbol) -> Thread<'t> {
    // SAFETY: the caller's promise.
    given(unsafe { Thread::from_raw(raw) }, symbol, "the thread state must not be NULL")
}

/// Views the code that a C caller passed; `TypeError` if it is something else.
///
/// # Safety
/// `raw` is NULL or a live object, of whatever type.
pub(super) unsafe fn code<'c>(raw: *mut PyCodeObject, symbol: Symbol) -> Result<Code<'c>, Raised> {
    // SAFETY: alive, says the caller; the view is not used before the object's type has been compared.
    unsafe {
        let code = given(Code::from_raw(raw), symbol, "the code must not be NULL");
        require_type(code.object(), &raw mut PyCode_Type, symbol)?;
        Ok(code)
    }
}

/// Sets `TypeError` unless the object has this very type, of which there are no subtypes.
///
/// # Safety
/// The object is alive.
pub(super) unsafe fn require_type(
    object: NonNull<PyObject>,
    wanted: *mut PyTypeObject,
    symbol: Symbol,
) -> Result<(), Raised> {
    // SAFETY: a live object's type; the format matches its arguments.
    unsafe {
        let found = Py_TYPE(object.as_ptr());
        if found == wanted {
            return Ok(());
        }
        PyErr_Format(
            PyExc_TypeError,
            c"%s takes an object of type '%.100s', not '%.200s'".as_ptr(),
            symbol.name().as_ptr(),
            (*wanted).tp_name,
            (*found).tp_name,
        );
        Err(Raised::assume())
    }
}
