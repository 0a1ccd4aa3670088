//! A strong reference that is released when it goes out of scope.

use super::error::Raised;
use core::ptr::NonNull;
use pyo3_ffi::{Py_DECREF, Py_INCREF, Py_REFCNT, PyObject};

/// A strong reference to a Python object. Dropping it may run Python code.
pub struct Owned(NonNull<PyObject>);

impl Owned {
    /// Takes over the new reference that a CPython function returned.
    ///
    /// # Errors
    /// `Raised` if it returned NULL.
    ///
    /// # Safety
    /// `object` is a reference that the caller owns, or NULL with an exception set.
    pub unsafe fn from_new(object: *mut PyObject) -> Result<Self, Raised> {
        // SAFETY: NULL comes with an exception, says the caller.
        NonNull::new(object).map(Self).ok_or_else(|| unsafe { Raised::assume() })
    }

    /// Takes over a reference.
    ///
    /// # Safety
    /// `object` is a reference that the caller owns and gives up.
    pub unsafe fn from_owned(object: NonNull<PyObject>) -> Self {
        Self(object)
    }

    /// Makes a new reference to a borrowed object.
    ///
    /// # Safety
    /// `object` is alive.
    pub unsafe fn from_borrowed(object: NonNull<PyObject>) -> Self {
        // SAFETY: the object is alive, says the caller.
        unsafe { Py_INCREF(object.as_ptr()) };
        Self(object)
    }

    /// Makes a new reference to a borrowed object, unless the object is being deallocated: then it must not get one.
    ///
    /// # Safety
    /// The object is alive, or being deallocated.
    pub(crate) unsafe fn from_living(object: NonNull<PyObject>) -> Option<Self> {
        // SAFETY: the object's memory is there, says the caller.
        unsafe { (Py_REFCNT(object.as_ptr()) > 0).then(|| Self::from_borrowed(object)) }
    }

    /// The object, borrowed, which is never NULL.
    pub(crate) fn object(&self) -> NonNull<PyObject> {
        self.0
    }

    /// The object, borrowed.
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Whether others have references to the object too.
    pub(crate) fn is_shared(&self) -> bool {
        // SAFETY: the object is alive, as this reference is.
        unsafe { Py_REFCNT(self.as_ptr()) > 1 }
    }

    /// The object, and with it the duty to release it.
    pub fn into_ptr(self) -> *mut PyObject {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Clone for Owned {
    /// Another reference to the same object.
    fn clone(&self) -> Self {
        // SAFETY: the object is alive, as this reference is.
        unsafe { Self::from_borrowed(self.0) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and given up once.
        unsafe { Py_DECREF(self.0.as_ptr()) };
    }
}
