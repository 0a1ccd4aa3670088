//! What the library was built for, and whether the interpreter that runs is laid out so.

mod build;
mod check;
#[cfg(interpreter_frames)]
mod layout;
mod running;

pub use build::{BUILD, Build};
pub use check::check_runtime;
#[cfg(interpreter_frames)]
pub(crate) use running::running_patch;
pub use running::{Mismatch, check_version, compare_version};
