//! The arena allocator: where CPython takes the chunks of its data stacks from, and the arenas of its objects.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use pyo3_ffi::{PyObject_GetArenaAllocator, PyObject_SetArenaAllocator, PyObjectArenaAllocator};

/// An arena allocator: two functions and the context that they are called with.
///
/// Its functions may be called by any thread, with the GIL or without.
#[derive(Clone, Copy)]
pub struct Arena(PyObjectArenaAllocator);

impl Arena {
    /// The allocator in use (`PyObject_GetArenaAllocator`). From 3.12 on this takes a lock.
    pub fn current() -> Self {
        let mut arena = MaybeUninit::uninit();
        // SAFETY: the call fills the whole structure.
        unsafe {
            PyObject_GetArenaAllocator(arena.as_mut_ptr());
            Self(arena.assume_init())
        }
    }

    /// Describes an allocator.
    pub(crate) fn new(functions: PyObjectArenaAllocator) -> Self {
        Self(functions)
    }

    /// Has CPython use this allocator (`PyObject_SetArenaAllocator`).
    pub(crate) fn install(mut self) {
        // SAFETY: the structure is copied. What the allocator in use has given out is freed by this one from now on,
        // which passes it on: said by the callers.
        unsafe { PyObject_SetArenaAllocator(&raw mut self.0) }
    }

    /// Allocates; NULL, with no exception, if there is nothing left.
    pub fn alloc(&self, bytes: usize) -> *mut c_void {
        (self.0.alloc.expect("an arena allocator has both functions"))(self.0.ctx, bytes)
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// `memory` came from this allocator with the same size, and nobody uses it.
    pub unsafe fn free(&self, memory: *mut c_void, bytes: usize) {
        (self.0.free.expect("an arena allocator has both functions"))(self.0.ctx, memory, bytes)
    }

    /// The context that its functions are called with.
    pub(crate) fn context(&self) -> *mut c_void {
        self.0.ctx
    }
}

impl PartialEq for Arena {
    fn eq(&self, other: &Self) -> bool {
        let functions = |arena: &Self| (arena.0.alloc.map(|f| f as usize), arena.0.free.map(|f| f as usize));
        self.0.ctx == other.0.ctx && functions(self) == functions(other)
    }
}
