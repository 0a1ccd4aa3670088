//! The data stack and its allocator, for C.

use super::arguments::{given, thread};
use super::end::{held, held_or_raised};
use crate::capi::counters::{Symbol, called};
use crate::datastack::{Arena, pop, push};
use crate::sys::_PyInterpreterFrame;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyThreadState;

/// Takes `size` words from the data stack ([`push`]): the memory, or NULL with `MemoryError`.
///
/// # Safety
/// As [`crate::view::Thread::from_raw`] and [`push`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyThreadState_BumpFramePointerSlow(
    tstate: *mut PyThreadState,
    size: usize,
) -> *mut _PyInterpreterFrame {
    const SYMBOL: Symbol = Symbol::THP_PyThreadState_BumpFramePointerSlow;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    let pushed = unsafe { push(&thread(tstate, SYMBOL), size) };
    held_or_raised(pushed, SYMBOL).map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// Gives back what was pushed last ([`pop`]).
///
/// # Safety
/// As [`crate::view::Thread::from_raw`] and [`pop`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyThreadState_PopFrame(tstate: *mut PyThreadState, frame: *mut _PyInterpreterFrame) {
    const SYMBOL: Symbol = Symbol::THP_PyThreadState_PopFrame;
    called(SYMBOL);
    // SAFETY: the caller's promise.
    let thread = unsafe { thread(tstate, SYMBOL) };
    let frame = given(NonNull::new(frame), SYMBOL, "the frame must not be NULL");
    // SAFETY: the caller's promise.
    held(unsafe { pop(&thread, frame) }, SYMBOL);
}

/// Allocates `size` bytes from the arena allocator: NULL, and no exception, if it has none left.
///
/// Source: `_PyObject_VirtualAlloc`, `Objects/obmalloc.c`.
#[unsafe(no_mangle)]
pub extern "C" fn THP_PyObject_VirtualAlloc(size: usize) -> *mut c_void {
    called(Symbol::THP_PyObject_VirtualAlloc);
    Arena::current().alloc(size)
}

/// Gives `size` bytes back to the arena allocator. Source: `_PyObject_VirtualFree`.
///
/// # Safety
/// `memory` came from the allocator in use with the same size, and nobody uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn THP_PyObject_VirtualFree(memory: *mut c_void, size: usize) {
    called(Symbol::THP_PyObject_VirtualFree);
    // SAFETY: the caller's promise.
    unsafe { Arena::current().free(memory, size) }
}
