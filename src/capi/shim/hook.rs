//! Hooks, for C.

use super::arguments::value_error;
use super::run::refuse_null;
use crate::hook::{self, CodeHookFunction, Handle, HookFunction};
use crate::sys::_PyInterpreterFrame;
use core::ffi::{c_int, c_void};
use pyo3_ffi::{PyObject, PyThreadState};

/// Installs a hook ([`hook::install`]): its handle, or NULL with an exception.
///
/// # Safety
/// As [`hook::install`]; the function may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_InstallHook(function: Option<HookFunction>, data: *mut c_void) -> Handle {
    let Some(function) = function else { return no_function() };
    // SAFETY: the caller's promise.
    unsafe { hook::install(function, data) }.unwrap_or(Handle::NONE)
}

/// Installs a hook that is asked for code ([`hook::install_code_hook`]): its handle, or NULL with an exception.
///
/// # Safety
/// As [`hook::install_code_hook`]; the function may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_InstallCodeHook(function: Option<CodeHookFunction>, data: *mut c_void) -> Handle {
    let Some(function) = function else { return no_function() };
    // SAFETY: the caller's promise.
    unsafe { hook::install_code_hook(function, data) }.unwrap_or(Handle::NONE)
}

fn no_function() -> Handle {
    let _ = value_error(c"the hook function must not be NULL");
    Handle::NONE
}

/// Takes a hook out ([`hook::remove`]): 0, or -1 with an exception.
///
/// # Safety
/// The calling thread holds the GIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_RemoveHook(handle: Handle) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { hook::remove(handle) }.map_or(-1, |()| 0)
}

/// Evaluates a frame as it would have been without the hook, which consumes it ([`hook::eval_next`]).
///
/// # Safety
/// As [`hook::eval_next`]; the frame and the thread state may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_EvalNext(
    handle: Handle,
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    if raw.is_null() || tstate.is_null() {
        // SAFETY: the caller's promise.
        return unsafe { refuse_null(raw) };
    }
    // SAFETY: the caller's promise.
    unsafe { hook::eval_next(handle, tstate, raw, throwflag) }
}

/// Has the thread say how the evaluation of a generator's frame has ended ([`hook::say_how_it_ended`]).
///
/// # Safety
/// As [`hook::say_how_it_ended`]; both may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_SetGeneratorReturnKind(tstate: *mut PyThreadState, raw: *mut _PyInterpreterFrame) {
    // SAFETY: the caller's promise.
    unsafe { hook::say_how_it_ended(tstate, raw) }
}
