//! The CPython 3.11 to 3.15 frame internals that libpython does not export, for extensions that hook frame
//! evaluation (PEP 523).
//!
//! C and C++ extensions link the C symbols, declared in `include/cpython_defs.h` and `include/pyframe_shim.h`; Rust
//! extensions use the modules below and may leave the C symbols out (`default-features = false`). One build serves
//! one minor of CPython, and [`runtime::check_runtime`] says whether it is the one that the process runs.
//!
//! Every call needs an attached thread state (the GIL). A "slot" is one word of a frame's `localsplus`, a "code unit"
//! two bytes of bytecode, and a size of the data stack is in words.
//!
//! `ARCHITECTURE.md` tells how the modules hang together.

#[cfg(feature = "capi")]
mod capi;
#[cfg(all(feature = "capi", interpreter_frames))]
pub use capi::{c_functions, counters::calls};
pub mod py;
pub mod runtime;
pub mod sys;

/// What there is of frames: CPython 3.9 and 3.10 keep none to themselves.
#[cfg(interpreter_frames)]
#[path = "."]
mod frames {
    pub mod code_extra;
    pub mod contract;
    pub mod datastack;
    pub mod evaluate;
    pub mod frame;
    pub mod hook;
    pub mod locals;
    pub(crate) mod process;
    pub(crate) mod version;
    pub mod view;
}
#[cfg(interpreter_frames)]
pub use frames::*;
