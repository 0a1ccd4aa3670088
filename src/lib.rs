//! The CPython 3.11, 3.12 and 3.13 frame internals that libpython does not export, for extensions that hook frame
//! evaluation (PEP 523).
//!
//! C and C++ extensions link the C symbols, declared in `include/cpython_defs.h` and `include/pyframe_shim.h`; Rust
//! extensions use the modules below and may leave the C symbols out (`default-features = false`). One build serves
//! one minor of CPython, and [`abi::check_runtime`] says whether it is the one that the process runs.
//!
//! Every call needs an attached thread state (the GIL). A "slot" is one word of a frame's `localsplus`, a "code unit"
//! two bytes of bytecode, and a size of the data stack is in words.
//!
//! `ARCHITECTURE.md` tells how the modules hang together.

pub mod abi;
#[cfg(interpreter_frames)]
mod arena;
#[cfg(feature = "capi")]
mod capi;
#[cfg(interpreter_frames)]
pub mod check;
#[cfg(interpreter_frames)]
pub mod chunk_cache;
#[cfg(interpreter_frames)]
pub mod clear;
#[cfg(interpreter_frames)]
pub mod code;
#[cfg(interpreter_frames)]
pub mod datastack;
pub mod error;
#[cfg(interpreter_frames)]
pub mod frame;
#[cfg(interpreter_frames)]
pub mod frame_object;
#[cfg(interpreter_frames)]
pub mod function;
#[cfg(interpreter_frames)]
mod layout;
#[cfg(interpreter_frames)]
pub mod locals;
#[cfg(interpreter_frames)]
mod mapped;
#[cfg(interpreter_frames)]
pub mod object;
#[cfg(interpreter_frames)]
mod prefix;
#[cfg(all(feature = "extension-module", interpreter_frames))]
mod python;
#[cfg(interpreter_frames)]
mod resident;
#[cfg(interpreter_frames)]
mod spare_chunk;
pub mod sys;
#[cfg(interpreter_frames)]
pub mod thread;
mod version;
