//! The opcode cache table, for C: data that is there from the moment the library is loaded.
//!
//! Both are writable. PyTorch from 2.10 on writes them when it starts, through whichever definition its loader bound.

use core::ffi::c_int;
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

#[cfg(interpreter_frames)]
const TABLE: (*mut u8, c_int) =
    ((&raw const crate::sys::pyframe_shim_opcode_caches).cast::<u8>().cast_mut(), crate::sys::OPCODES as c_int);
/// Up to 3.10 the interpreter has no inline caches, and the C file has no table.
#[cfg(not(interpreter_frames))]
const TABLE: (*mut u8, c_int) = (core::ptr::null_mut(), 0);

/// The number of inline cache code units behind each opcode: `THP_PyOpcode_Caches_size` bytes, read-only. NULL up to
/// 3.10. An atomic is laid out as what it holds: for C it is a `const uint8_t *`.
#[unsafe(no_mangle)]
pub static THP_PyOpcode_Caches: AtomicPtr<u8> = AtomicPtr::new(TABLE.0);

/// The number of entries in `THP_PyOpcode_Caches`: 256, or 0 up to 3.10. For C it is an `int`.
#[unsafe(no_mangle)]
pub static THP_PyOpcode_Caches_size: AtomicI32 = AtomicI32::new(TABLE.1);

/// Gives both their values again. They have them from the start; PyTorch from 2.10 calls this when it starts, and
/// interpreters that each have a GIL may do so at the same time.
#[unsafe(no_mangle)]
pub extern "C" fn init_THPCaches() {
    #[cfg(interpreter_frames)]
    crate::capi::counters::called(crate::capi::counters::Symbol::init_THPCaches);
    THP_PyOpcode_Caches.store(TABLE.0, Ordering::Relaxed);
    THP_PyOpcode_Caches_size.store(TABLE.1, Ordering::Relaxed);
}
