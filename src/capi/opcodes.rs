//! The opcode cache table, for C: data that is there from the moment the library is loaded.
//!
//! Both are writable. PyTorch from 2.10 on writes them when it starts, through whichever definition its loader bound.

use core::ffi::c_int;

#[cfg(interpreter_frames)]
const TABLE: (*const u8, c_int) =
    ((&raw const crate::sys::pyframe_shim_opcode_caches).cast(), crate::sys::OPCODES as c_int);
/// Up to 3.10 the interpreter has no inline caches, and the C file has no table.
#[cfg(not(interpreter_frames))]
const TABLE: (*const u8, c_int) = (core::ptr::null(), 0);

/// The number of inline cache code units behind each opcode: `THP_PyOpcode_Caches_size` bytes, read-only. NULL up to
/// 3.10.
#[unsafe(no_mangle)]
pub static mut THP_PyOpcode_Caches: *const u8 = TABLE.0;

/// The number of entries in `THP_PyOpcode_Caches`: 256, or 0 up to 3.10.
#[unsafe(no_mangle)]
pub static mut THP_PyOpcode_Caches_size: c_int = TABLE.1;

/// Gives both their values again. They have them from the start; PyTorch from 2.10 calls this when it starts.
#[unsafe(no_mangle)]
pub extern "C" fn init_THPCaches() {
    // SAFETY: plain stores of the values that are there already, unless a client has written others; called with the
    // GIL, as everything here.
    unsafe {
        THP_PyOpcode_Caches = TABLE.0;
        THP_PyOpcode_Caches_size = TABLE.1;
    }
}
