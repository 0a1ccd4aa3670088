//! The function copy, for C.

use super::counters::{Symbol, called};
use crate::check::require_some;
use crate::error::Raised;
use crate::function::copy_with_new_code;
use crate::sys::{PyCodeObject, PyFunctionObject};
use core::ptr::{self, NonNull};
use pyo3_ffi::PyFunction_Type;

const NAME: &core::ffi::CStr = c"_PyFunction_CopyWithNewCode";

/// A copy of the function with other code ([`copy_with_new_code`]): a new reference, or NULL with an exception.
///
/// # Safety
/// Both are live objects, of whatever type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyFunction_CopyWithNewCode(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
) -> *mut PyFunctionObject {
    called(Symbol::_PyFunction_CopyWithNewCode);
    let function = require_some(NonNull::new(function), NAME, c"the function must not be NULL");
    // SAFETY: both are alive, says the caller, and looked at before they are taken for a function and code.
    unsafe { copied(function, code) }.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// # Safety
/// As the function above.
unsafe fn copied(
    function: NonNull<PyFunctionObject>,
    code: *mut PyCodeObject,
) -> Result<NonNull<PyFunctionObject>, Raised> {
    // SAFETY: both are alive, says the caller.
    unsafe {
        super::require_type(function.as_ptr().cast(), &raw mut PyFunction_Type, NAME)?;
        copy_with_new_code(function, super::code(code, NAME)?)
    }
}
