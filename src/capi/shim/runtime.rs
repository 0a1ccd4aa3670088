//! The runtime check and the build's description, for C.

use crate::runtime::{BUILD, check_runtime};
use core::ffi::{c_char, c_int, c_uint};

/// Checks that the library fits the running interpreter ([`check_runtime`]): 0, or -1 with an
/// exception, `ImportError` if it does not.
///
/// # Safety
/// The calling thread holds the GIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_CheckRuntime() -> c_int {
    // There is no exception to be set, or to be seen, without it.
    #[cfg(interpreter_frames)]
    require_gil(c"PyFrameShim_CheckRuntime");
    // SAFETY: the GIL is held, says the caller.
    match unsafe { check_runtime() } {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// Ends the process if the calling thread does not hold the GIL. Not noticed where there are sub-interpreters: CPython does
/// not keep account of it then (`PyGILState_Check`).
#[cfg(interpreter_frames)]
fn require_gil(function: &core::ffi::CStr) {
    // SAFETY: both may be called at any time, by any thread.
    if unsafe { pyo3_ffi::Py_IsInitialized() == 0 || pyo3_ffi::PyGILState_Check() == 0 } {
        crate::capi::dropin::end_without_frame(function, "the calling thread must hold the GIL");
    }
}

/// `PyFrameShim_Build` of `include/pyframe_shim.h`.
#[repr(C)]
pub struct CBuild {
    size: usize,
    shim_version: *const c_char,
    python_version: *const c_char,
    python_major: c_int,
    python_minor: c_int,
    python_patch: c_int,
    flags: c_uint,
}

// SAFETY: never written to; the pointers lead to constants.
unsafe impl Sync for CBuild {}

/// The bits of `flags`, in the order of the header's constants.
const fn flags() -> c_uint {
    (BUILD.frames as c_uint) | (BUILD.debug as c_uint) << 1
}

static C_BUILD: CBuild = CBuild {
    size: size_of::<CBuild>(),
    shim_version: BUILD.shim.as_ptr(),
    python_version: BUILD.python.as_ptr(),
    python_major: 3,
    python_minor: BUILD.minor,
    python_patch: BUILD.patch,
    flags: flags(),
};

/// What the library was built for: static, never NULL, callable at any time, even without an interpreter.
#[unsafe(no_mangle)]
pub extern "C" fn PyFrameShim_BuildInfo() -> *const CBuild {
    &raw const C_BUILD
}
