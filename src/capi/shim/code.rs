//! Code and functions, for C.

use super::arguments::{code, frame, function, new_or_null};
use crate::code_extra::{self, Release};
use crate::frame::{copy_with_closure, is_fresh};
use crate::py::{Owned, Raised};
use crate::sys::{_PyInterpreterFrame, OPCODES, pyframe_shim_opcode_caches};
use crate::view::{Code, Frame, Owner, Thread};
use core::ffi::{c_int, c_uchar, c_void};
use core::ptr::{self, NonNull};
use pyo3_ffi::{Py_ssize_t, PyObject};

/// A function that is like another, with other code ([`copy_with_closure`]): a new reference, or NULL with an exception.
///
/// # Safety
/// All are NULL or live objects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_CopyFunction(
    raw: *mut PyObject,
    new_code: *mut PyObject,
    closure: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    new_or_null(unsafe { copied(raw, new_code, closure) })
}

/// # Safety
/// As [`PyFrameShim_CopyFunction`].
unsafe fn copied(raw: *mut PyObject, new_code: *mut PyObject, closure: *mut PyObject) -> Result<Owned, Raised> {
    // SAFETY: the caller's promise.
    let (function, code) = unsafe { (function(raw)?, code(new_code)?) };
    copy_with_closure(function, code, NonNull::new(closure).or_else(|| function.closure_for(code)))
}

/// A place in every code object ([`code_extra::new_place`]): its number, or -1 with an exception.
///
/// # Safety
/// The calling thread holds the GIL; `release` is NULL, or takes what is kept, at any later time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_NewCodeExtra(release: Option<Release>) -> Py_ssize_t {
    // SAFETY: the caller's promise.
    unsafe { code_extra::new_place(release) }.unwrap_or(-1)
}

/// What is kept with the code in a place; quiet NULL if that is nothing.
///
/// # Safety
/// `raw` is NULL or a live object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetCodeExtra(raw: *mut PyObject, place: Py_ssize_t) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { code(raw) }.map_or(ptr::null_mut(), |code| code_extra::get(code, place))
}

/// What is kept with the code of a fresh frame in a place; quiet NULL if that is nothing, or the frame is not fresh.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetFreshExtra(
    raw: *mut _PyInterpreterFrame,
    throwflag: c_int,
    place: Py_ssize_t,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    let Ok(frame) = (unsafe { frame(raw) }) else { return ptr::null_mut() };
    if throwflag != 0 || frame.owner() != Owner::Thread {
        return ptr::null_mut();
    }
    // SAFETY: just asked.
    let code = unsafe { frame.code_of_call() };
    if frame.is_at_start(code) { code_extra::get(code, place) } else { fresh_extra(&frame, code, place) }
}

/// As [`PyFrameShim_GetFreshExtra`], where the frame does not stand at its start: its free variables may have been copied.
#[cold]
#[inline(never)]
fn fresh_extra(frame: &Frame<'_>, code: Code<'_>, place: Py_ssize_t) -> *mut c_void {
    // SAFETY: whoever has a frame holds the GIL.
    if is_fresh(frame, &unsafe { Thread::current() }) { code_extra::get(code, place) } else { ptr::null_mut() }
}

/// Keeps something with the code in a place ([`code_extra::set`]): 0, or -1 with an exception.
///
/// # Safety
/// `raw` is NULL or a live object; `extra` is what the place's function can release.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_SetCodeExtra(raw: *mut PyObject, place: Py_ssize_t, extra: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let kept = unsafe { code(raw).and_then(|code| code_extra::set(code, place, extra)) };
    kept.map_or(-1, |()| 0)
}

/// The inline cache code units behind each opcode, and how many opcodes there are: static.
///
/// # Safety
/// `count` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_OpcodeCaches(count: *mut Py_ssize_t) -> *const c_uchar {
    if !count.is_null() {
        // SAFETY: valid for writes, says the caller.
        unsafe { *count = OPCODES as Py_ssize_t };
    }
    pyframe_shim_opcode_caches.as_ptr()
}

/// The byte offset of the first RESUME; -1 with an exception.
///
/// # Safety
/// `raw` is NULL or a live object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_BodyOffset(raw: *mut PyObject) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { code(raw) }.map_or(-1, |code| 2 * code.prefix_units() as c_int)
}
