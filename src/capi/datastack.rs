//! The data stack and its allocator, for C.

use super::counters::{Symbol, called};
use crate::arena::Arena;
use crate::check::require_some;
use crate::datastack::{pop, push};
use crate::sys::_PyInterpreterFrame;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyThreadState;

/// Takes `size` words from the data stack ([`push`]): the memory, or NULL with `MemoryError`.
///
/// # Safety
/// As [`crate::thread::Thread::from_raw`] and [`push`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyThreadState_BumpFramePointerSlow(
    tstate: *mut PyThreadState,
    size: usize,
) -> *mut _PyInterpreterFrame {
    called(Symbol::THP_PyThreadState_BumpFramePointerSlow);
    // SAFETY: the caller's promise.
    let thread = unsafe { super::thread(tstate, c"THP_PyThreadState_BumpFramePointerSlow") };
    // SAFETY: the caller's promise.
    unsafe { push(&thread, size) }.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// Gives back what was pushed last ([`pop`]).
///
/// # Safety
/// As [`crate::thread::Thread::from_raw`] and [`pop`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyThreadState_PopFrame(tstate: *mut PyThreadState, frame: *mut _PyInterpreterFrame) {
    called(Symbol::THP_PyThreadState_PopFrame);
    // SAFETY: the caller's promise.
    let thread = unsafe { super::thread(tstate, c"THP_PyThreadState_PopFrame") };
    let frame = require_some(NonNull::new(frame), c"THP_PyThreadState_PopFrame", c"the frame must not be NULL");
    // SAFETY: the caller's promise.
    unsafe { pop(&thread, frame) }
}

/// Allocates `size` bytes from the arena allocator ([`Arena::alloc`]): NULL, and no exception, if it has none left.
///
/// Source: `_PyObject_VirtualAlloc`, `Objects/obmalloc.c`.
#[unsafe(no_mangle)]
pub extern "C" fn THP_PyObject_VirtualAlloc(size: usize) -> *mut c_void {
    called(Symbol::THP_PyObject_VirtualAlloc);
    Arena::current().alloc(size)
}

/// Gives `size` bytes back to the arena allocator ([`Arena::free`]). Source: `_PyObject_VirtualFree`.
///
/// # Safety
/// As [`Arena::free`], of whichever allocator is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyObject_VirtualFree(memory: *mut c_void, size: usize) {
    called(Symbol::THP_PyObject_VirtualFree);
    // SAFETY: the caller's promise.
    unsafe { Arena::current().free(memory, size) }
}
