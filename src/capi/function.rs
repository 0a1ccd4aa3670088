//! The function copy, for C.

use super::counters::{Symbol, called};
use crate::check::require_some;
use crate::code::Code;
use crate::function::copy_with_new_code;
use crate::sys::{PyCodeObject, PyFunctionObject};
use core::ptr::{self, NonNull};

const NAME: &core::ffi::CStr = c"_PyFunction_CopyWithNewCode";

/// A copy of the function with other code ([`copy_with_new_code`]): a new reference, or NULL with an exception.
///
/// # Safety
/// Both are alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyFunction_CopyWithNewCode(
    function: *mut PyFunctionObject,
    code: *mut PyCodeObject,
) -> *mut PyFunctionObject {
    called(Symbol::_PyFunction_CopyWithNewCode);
    let function = require_some(NonNull::new(function), NAME, c"the function must not be NULL");
    // SAFETY: the caller's promise.
    let code = require_some(unsafe { Code::from_raw(code) }, NAME, c"the code must not be NULL");
    // SAFETY: the caller's promise.
    unsafe { copy_with_new_code(function, code) }.map_or(ptr::null_mut(), NonNull::as_ptr)
}
