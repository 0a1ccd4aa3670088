//! Raw mirrors of the interpreter's private structures, and its opcode tables.
//!
//! Nothing here is written by hand but the declarations at the end: bindgen makes the structures at build time from
//! the headers of the interpreter that the library is built for, so they are right for its patch release and flags.

#[cfg(interpreter_frames)]
mod mirrors {
    #![allow(missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals, unused)]
    #![allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::missing_safety_doc)]
    include!(concat!(env!("OUT_DIR"), "/mirrors.rs"));
}

#[cfg(interpreter_frames)]
pub use mirrors::*;

/// The number of entries in an opcode table: one for each value of a byte.
pub const OPCODES: usize = 256;

#[cfg(interpreter_frames)]
unsafe extern "C" {
    /// The number of inline cache code units behind each opcode. `_PyOpcode_Caches` of the build's headers.
    pub safe static pyframe_shim_opcode_caches: [u8; OPCODES];
    /// The opcode that each specialized opcode stands for. `_PyOpcode_Deopt` of the build's headers.
    pub safe static pyframe_shim_opcode_deopt: [u8; OPCODES];
}

#[cfg(interpreter_frames)]
unsafe extern "C" {
    /// `PyDict_SetItem` with the key's hash at hand. Exported by every minor from 3.9 to 3.14.
    pub fn _PyDict_SetItem_KnownHash(
        dict: *mut pyo3_ffi::PyObject,
        key: *mut pyo3_ffi::PyObject,
        value: *mut pyo3_ffi::PyObject,
        hash: pyo3_ffi::Py_hash_t,
    ) -> core::ffi::c_int;
}
