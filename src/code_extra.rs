//! What extensions keep with code objects: places that CPython gives out (PEP 523).
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! # use example::run;
//! use pyframe_shim::code_extra::{get, new_place, set};
//! use pyframe_shim::view::Code;
//! use std::ptr::NonNull;
//!
//! let code = run(c"code = (lambda: 1).__code__", c"code");
//! // SAFETY: the reference keeps the code; a number is kept with it, which nobody has to release.
//! unsafe {
//!     let code = Code::from_object(NonNull::new(code.as_ptr()).expect("an object")).expect("code");
//!     let place = new_place(None).expect("there are 255");
//!     assert!(get(code, place).is_null());
//!     set(code, place, std::ptr::without_provenance_mut(7)).expect("there is memory");
//!     assert_eq!(get(code, place) as usize, 7);
//! }
//! ```

use crate::py::{ExceptionType, Raised};
use crate::version::{NEW_CODE_EXTRA, SET_CODE_EXTRA};
use crate::view::Code;
use core::ffi::{CStr, c_int, c_void};
use pyo3_ffi::{Py_ssize_t, PyErr_Occurred, PyObject};

/// What is called with what is kept in a place, where that is replaced or its code goes.
pub type Release = unsafe extern "C" fn(*mut c_void);

/// Has CPython give out a place in every code object of the interpreter. There are 255, and none is ever given back.
///
/// The C symbol is `PyFrameShim_NewCodeExtra`. Source: `_PyEval_RequestCodeExtraIndex` (3.11),
/// `PyUnstable_Eval_RequestCodeExtraIndex` (3.12 and newer).
///
/// # Errors
/// `RuntimeError` if all are given out.
///
/// # Safety
/// The thread holds the GIL; `release` stays callable.
pub unsafe fn new_place(release: Option<Release>) -> Result<Py_ssize_t, Raised> {
    type Request = unsafe extern "C" fn(Option<Release>) -> Py_ssize_t;
    let found = exported(NEW_CODE_EXTRA)?;
    // SAFETY: that is the function's type on every minor.
    let place = unsafe { core::mem::transmute::<*mut c_void, Request>(found)(release) };
    if place < 0 {
        return Err(Raised::with(
            ExceptionType::Runtime,
            c"CPython has no more places for what is kept with code objects",
        ));
    }
    Ok(place)
}

/// What is kept with the code in a place; NULL if that is nothing, or the place has not been given out.
///
/// The C symbol is `PyFrameShim_GetCodeExtra`. Source: `_PyCode_GetExtra` (3.11), `PyUnstable_Code_GetExtra` (3.12 and newer).
#[inline]
pub fn get(code: Code<'_>, place: Py_ssize_t) -> *mut c_void {
    // A negative number becomes one that no code has.
    code.extra(place as usize)
}

/// Keeps something with the code in a place; what was kept there is released.
///
/// The C symbol is `PyFrameShim_SetCodeExtra`. Source: `_PyCode_SetExtra` (3.11), `PyUnstable_Code_SetExtra` (3.12 and newer).
///
/// # Errors
/// `SystemError` if CPython has not given out the place; `MemoryError`.
///
/// # Safety
/// `extra` is what the place's function can release.
pub unsafe fn set(code: Code<'_>, place: Py_ssize_t, extra: *mut c_void) -> Result<(), Raised> {
    type Set = unsafe extern "C" fn(*mut PyObject, Py_ssize_t, *mut c_void) -> c_int;
    let found = exported(SET_CODE_EXTRA)?;
    // SAFETY: that is the function's type on every minor; it tells a wrong place.
    let failed = unsafe { core::mem::transmute::<*mut c_void, Set>(found)(code.as_ptr().cast(), place, extra) } != 0;
    if !failed {
        return Ok(());
    }
    // SAFETY: the thread holds the GIL, as everywhere in this crate.
    if unsafe { PyErr_Occurred() }.is_null() {
        return Err(Raised::no_memory());
    }
    // SAFETY: just asked.
    Err(unsafe { Raised::assume() })
}

/// A function that only some minors export: a library that called it by name could not be loaded into the others, and so could
/// not say that it is in the wrong one.
fn exported(name: &CStr) -> Result<*mut c_void, Raised> {
    // SAFETY: asks the loader for a name.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return Err(Raised::with(
            ExceptionType::System,
            c"this CPython does not export its functions for what is kept with code",
        ));
    }
    Ok(found)
}
