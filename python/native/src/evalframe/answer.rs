//! What a callback answers.

use crate::types::Types;
use core::ptr::NonNull;
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::view::{Code, Function};
use pyo3_ffi::*;

/// What is to become of a frame.
pub(super) enum Answer {
    /// It runs as it is.
    Run,
    /// Other code runs in its place, as this function if there is one.
    Code(Owned, Option<Owned>),
    /// It does not run: its call ends with this value.
    Value(Owned),
}

impl Answer {
    /// Understands what a callback has returned.
    ///
    /// # Errors
    /// `TypeError`.
    pub(super) fn of(types: &Types, answer: Owned) -> Result<Self, Raised> {
        // SAFETY: the reference keeps what is looked at; new references, or NULL with an exception.
        unsafe {
            let object = NonNull::new_unchecked(answer.as_ptr());
            if answer.as_ptr() == Py_None() {
                return Ok(Self::Run);
            }
            if Code::from_object(object).is_some() {
                return Ok(Self::Code(answer, None));
            }
            if let Some(function) = Function::from_object(object) {
                return Ok(Self::Code(Owned::from_borrowed(function.current_code().object()), Some(answer)));
            }
            if PyObject_TypeCheck(answer.as_ptr(), types.answer()?) != 0 {
                return Owned::from_new(PyObject_GetAttrString(answer.as_ptr(), c"value".as_ptr())).map(Self::Value);
            }
            let format = c"the callback must return None, code, a function or Return(value), not %.200s";
            PyErr_Format(PyExc_TypeError, format.as_ptr(), (*Py_TYPE(answer.as_ptr())).tp_name);
            Err(Raised::assume())
        }
    }
}
