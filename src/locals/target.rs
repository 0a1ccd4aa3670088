//! The mapping that locals are written to: any mapping, with a shorter way for a real dict.

use crate::code::SlotKind;
use crate::error::Raised;
use crate::object::Owned;
use core::ffi::c_int;
use core::ptr::NonNull;
use pyo3_ffi::{
    PyDict_CheckExact, PyDict_Contains, PyDict_DelItem, PyDict_SetItem, PyErr_Clear, PyErr_ExceptionMatches,
    PyExc_KeyError, PyObject, PyObject_DelItem, PyObject_SetItem,
};

/// A mapping to write names to.
pub(super) struct Target<'m> {
    mapping: &'m Owned,
    is_dict: bool,
    /// Made empty for this purpose: only what has been set since can be in it.
    is_fresh: bool,
}

impl<'m> Target<'m> {
    pub(super) fn new(mapping: &'m Owned, is_fresh: bool) -> Self {
        // SAFETY: the mapping is alive.
        let is_dict = unsafe { PyDict_CheckExact(mapping.as_ptr()) } != 0;
        Self { mapping, is_dict, is_fresh }
    }

    /// Gives the name its value.
    pub(super) fn set(&self, name: *mut PyObject, value: NonNull<PyObject>) -> Result<(), Raised> {
        let mapping = self.mapping.as_ptr();
        let failed = if self.is_dict {
            // SAFETY: a dict takes its own reference to the value before it runs any code.
            unsafe { PyDict_SetItem(mapping, name, value.as_ptr()) }
        } else {
            // The value is borrowed from a slot or a cell, which the mapping's own code may empty: keep it alive.
            // SAFETY: the value is alive, and so are the mapping and the name.
            unsafe {
                let value = Owned::from_borrowed(value);
                PyObject_SetItem(mapping, name, value.as_ptr())
            }
        };
        status(failed)
    }

    /// Makes sure that the name has no value. A `KeyError` while it is removed means that it had none.
    pub(super) fn remove(&self, name: *mut PyObject, kind: SlotKind) -> Result<(), Raised> {
        // The compiler gives two slots one name only where the later of them is a free variable's.
        if self.is_fresh && !kind.is_free() {
            return Ok(());
        }
        let mapping = self.mapping.as_ptr();
        // SAFETY: the mapping and the name are alive. A dict is asked first: the exception costs more than the look.
        let failed = unsafe {
            if self.is_dict {
                match PyDict_Contains(mapping, name) {
                    1 => PyDict_DelItem(mapping, name),
                    outcome => outcome,
                }
            } else {
                PyObject_DelItem(mapping, name)
            }
        };
        // SAFETY: asked only if an exception is set.
        if failed != 0 && unsafe { PyErr_ExceptionMatches(PyExc_KeyError) } != 0 {
            // SAFETY: the calling thread's exception, just looked at.
            unsafe { PyErr_Clear() };
            return Ok(());
        }
        status(failed)
    }
}

fn status(failed: c_int) -> Result<(), Raised> {
    match failed {
        0 => Ok(()),
        // SAFETY: CPython's functions set an exception when they fail.
        _ => Err(unsafe { Raised::assume() }),
    }
}
