//! Raw mirrors of the interpreter's private structures, and its opcode tables.
//!
//! bindgen makes the structures at build time from the headers of the interpreter that the library is built for, so they are
//! right for its patch release and flags. What those headers do not declare is written by hand, at the end.

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

/// What extensions keep with a code object: `co_extra`. No header has it (`Objects/codeobject.c`, 3.6 to 3.15).
#[cfg(interpreter_frames)]
#[repr(C)]
pub struct _PyCodeObjectExtra {
    /// How many places there are.
    pub ce_size: pyo3_ffi::Py_ssize_t,
    /// The first place.
    pub ce_extras: [*mut core::ffi::c_void; 1],
}

/// A frame-evaluation function (PEP 523): `_PyFrameEvalFunction`.
#[cfg(interpreter_frames)]
pub type Evaluator = unsafe extern "C" fn(
    *mut pyo3_ffi::PyThreadState,
    *mut _PyInterpreterFrame,
    core::ffi::c_int,
) -> *mut pyo3_ffi::PyObject;

// Exported by every minor from 3.9 on.
#[cfg(interpreter_frames)]
unsafe extern "C" {
    /// The interpreter's own evaluator.
    pub fn _PyEval_EvalFrameDefault(
        thread: *mut pyo3_ffi::PyThreadState,
        frame: *mut _PyInterpreterFrame,
        throwflag: core::ffi::c_int,
    ) -> *mut pyo3_ffi::PyObject;
    /// What evaluates the frames of an interpreter.
    pub fn _PyInterpreterState_GetEvalFrameFunc(interpreter: *mut pyo3_ffi::PyInterpreterState) -> Evaluator;
    /// Changes what evaluates the frames of an interpreter.
    pub fn _PyInterpreterState_SetEvalFrameFunc(interpreter: *mut pyo3_ffi::PyInterpreterState, evaluator: Evaluator);
    /// `PyDict_SetItem` with the key's hash at hand.
    pub fn _PyDict_SetItem_KnownHash(
        dict: *mut pyo3_ffi::PyObject,
        key: *mut pyo3_ffi::PyObject,
        value: *mut pyo3_ffi::PyObject,
        hash: pyo3_ffi::Py_hash_t,
    ) -> core::ffi::c_int;
}
