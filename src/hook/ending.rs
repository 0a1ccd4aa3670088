//! The end of an interpreter that has hooks. Its dict keeps a capsule, whose destructor takes them out.

use super::slot::SLOTS;
use crate::py::{Owned, Raised};
use core::ffi::c_char;
use pyo3_ffi::{
    PyCapsule_Destructor, PyCapsule_New, PyDict_GetItemWithError, PyDict_SetItem, PyErr_Occurred, PyInterpreterState,
    PyInterpreterState_GetDict, PyUnicode_FromString,
};
use std::ffi::CString;

const NAME: *const c_char = c"pyframe_shim.hooks".as_ptr();

/// Has `end` called when an interpreter ends, in that interpreter.
///
/// # Errors
/// `MemoryError`.
pub(super) fn watch(interpreter: *mut PyInterpreterState, end: PyCapsule_Destructor) -> Result<(), Raised> {
    // The key is this copy of the library: another has hooks of its own.
    let key = CString::new(format!("pyframe_shim.hooks {:p}", &raw const SLOTS)).unwrap_or_default();
    // SAFETY: the interpreter is the calling thread's own; new references, or NULL with an exception. Its dict is borrowed, and
    // NULL with no exception if there is no memory for it.
    unsafe {
        let dict = PyInterpreterState_GetDict(interpreter);
        if dict.is_null() {
            return Err(Raised::no_memory());
        }
        let key = Owned::from_new(PyUnicode_FromString(key.as_ptr()))?;
        if !PyDict_GetItemWithError(dict, key.as_ptr()).is_null() {
            return Ok(());
        }
        if !PyErr_Occurred().is_null() {
            return Err(Raised::assume());
        }
        let capsule = Owned::from_new(PyCapsule_New((&raw const SLOTS).cast_mut().cast(), NAME, Some(end)))?;
        if PyDict_SetItem(dict, key.as_ptr(), capsule.as_ptr()) != 0 {
            return Err(Raised::assume());
        }
    }
    Ok(())
}
