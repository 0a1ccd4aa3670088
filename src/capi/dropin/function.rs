//! The function copy, for C.

use super::arguments::{code, given, require_type};
use crate::capi::counters::{Symbol, called};
use crate::frame::copy_with_new_code;
use crate::py::{Owned, Raised};
use crate::sys::{PyCodeObject, PyFunctionObject};
use crate::view::Function;
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyFunction_Type, PyObject};

const SYMBOL: Symbol = Symbol::_PyFunction_CopyWithNewCode;

/// A copy of the function with other code ([`copy_with_new_code`]): a new reference, or NULL with an exception.
///
/// # Safety
/// Both are live objects, of whatever type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyFunction_CopyWithNewCode(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
) -> *mut PyFunctionObject {
    called(SYMBOL);
    let function = given(NonNull::new(function.cast()), SYMBOL, "the function must not be NULL");
    // SAFETY: the caller's promise.
    unsafe { copied(function, code) }.map_or(ptr::null_mut(), Owned::into_ptr).cast()
}

/// # Safety
/// As the function above.
unsafe fn copied(function: NonNull<PyObject>, raw: *mut PyCodeObject) -> Result<Owned, Raised> {
    // SAFETY: both are alive, says the caller; the type is compared before the object is taken for a function.
    unsafe {
        let code = code(raw, SYMBOL)?;
        require_type(function, &raw mut PyFunction_Type, SYMBOL)?;
        copy_with_new_code(Function::from_object(function).unwrap_unchecked(), code)
    }
}
