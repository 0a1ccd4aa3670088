//! What the library was built for, and whether the interpreter that runs is laid out so.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! use pyframe_shim::runtime::{BUILD, check_runtime, check_version};
//!
//! assert_eq!(check_version(), Ok(()), "the library is built for CPython 3.{}", BUILD.minor);
//! // SAFETY: the thread holds the GIL.
//! assert!(unsafe { check_runtime() }.is_ok(), "an ImportError is set otherwise");
//! ```

mod build;
mod check;
#[cfg(interpreter_frames)]
mod layout;
mod running;
#[cfg(interpreter_frames)]
mod tier;

pub use build::{BUILD, Build};
pub use check::check_runtime;
#[cfg(interpreter_frames)]
pub(crate) use running::running_patch;
pub use running::{Mismatch, check_version, compare_version};
#[cfg(interpreter_frames)]
pub(crate) use tier::{has_tier_2, is_known_to_lack_tier_2};
