//! How failures travel: Python's own exception state inside, return codes outside.

// 3.12 deprecates PyErr_Fetch and PyErr_Restore for functions that older minors do not export. A library that needs one
// of those could not be loaded into the wrong interpreter, and so could not say that it is the wrong one.
#![allow(deprecated)]

use core::ffi::CStr;
use core::ptr;
use pyo3_ffi::{
    Py_XDECREF, PyErr_Clear, PyErr_Fetch, PyErr_Occurred, PyErr_Restore, PyErr_SetString, PyExc_ImportError,
    PyExc_IndexError, PyExc_RuntimeError, PyExc_SystemError, PyExc_TypeError, PyExc_ValueError, PyObject,
};
use std::ffi::CString;

/// Proof that a Python exception is set. The function that returns it has set one.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Raised(());

impl Raised {
    /// States that an exception is set.
    ///
    /// # Safety
    /// The calling thread has an exception set.
    pub unsafe fn assume() -> Self {
        debug_assert!(
            // SAFETY: the caller holds the GIL, as everywhere in this crate.
            unsafe { !PyErr_Occurred().is_null() },
            "a failure was reported with no exception set"
        );
        Self(())
    }

    /// Sets `ImportError`. The calling thread holds the GIL.
    pub(crate) fn import_error(message: &str) -> Self {
        let message = CString::new(message.replace('\0', "?")).unwrap_or_default();
        // SAFETY: sets the exception of the calling thread.
        unsafe { PyErr_SetString(PyExc_ImportError, message.as_ptr()) };
        Self(())
    }

    /// Sets an exception. The calling thread holds the GIL.
    #[cold]
    pub(crate) fn with(kind: ExceptionType, message: &CStr) -> Self {
        // SAFETY: sets the exception of the calling thread, which holds the GIL.
        unsafe { PyErr_SetString(kind.object(), message.as_ptr()) };
        Self(())
    }

    /// Sets `MemoryError`. The calling thread holds the GIL.
    #[cold]
    pub(crate) fn no_memory() -> Self {
        // SAFETY: sets the exception of the calling thread, which holds the GIL.
        unsafe { pyo3_ffi::PyErr_NoMemory() };
        Self(())
    }
}

/// The types of exceptions that are set with a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExceptionType {
    Index,
    Runtime,
    System,
    Type,
    Value,
}

impl ExceptionType {
    fn object(self) -> *mut PyObject {
        // SAFETY: set before any extension can be loaded, and never changed.
        unsafe {
            match self {
                Self::Index => PyExc_IndexError,
                Self::Runtime => PyExc_RuntimeError,
                Self::System => PyExc_SystemError,
                Self::Type => PyExc_TypeError,
                Self::Value => PyExc_ValueError,
            }
        }
    }
}

/// The exception that was set when it was taken, held while something else runs.
///
/// Dropped, it is discarded. The thread holds the GIL for as long. Functions: `PyErr_Fetch` and `PyErr_Restore`, which every
/// minor has and which lose nothing of a 3.12+ exception either; most often there is none, and then neither is called.
pub(crate) struct PendingException(Option<[*mut PyObject; 3]>);

impl PendingException {
    /// Takes the pending exception, if any, and leaves none set.
    pub(crate) fn take() -> Self {
        // SAFETY: the caller holds the GIL, as everywhere in this crate.
        if unsafe { PyErr_Occurred().is_null() } {
            return Self(None);
        }
        let [mut kind, mut value, mut traceback] = [ptr::null_mut(); 3];
        // SAFETY: the three pointers are valid for writes; each receives NULL or an owned reference.
        unsafe { PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback) };
        Self(Some([kind, value, traceback]))
    }

    /// Sets the exception again, in place of any that has been set since; with none held, clears.
    pub(crate) fn restore(mut self) {
        match self.0.take() {
            // SAFETY: the three references are owned and handed over.
            Some([kind, value, traceback]) => unsafe { PyErr_Restore(kind, value, traceback) },
            // SAFETY: as in `take`.
            None => unsafe {
                if !PyErr_Occurred().is_null() {
                    PyErr_Clear();
                }
            },
        }
    }
}

impl Drop for PendingException {
    fn drop(&mut self) {
        for part in self.0.into_iter().flatten() {
            // SAFETY: NULL or an owned reference, given up once.
            unsafe { Py_XDECREF(part) };
        }
    }
}
