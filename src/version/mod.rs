//! Everything that differs between the minors: each file offers the same items, and one of them is chosen here.
//!
//! To add a minor, write its file and its two lines below; `CONTRIBUTING.md` has the checklist.

mod kinds;
mod plain;

pub(crate) use kinds::GeneratorState;
pub use kinds::Owner;

#[cfg(Py_3_11)]
mod v3_11;
#[cfg(Py_3_11)]
pub(crate) use v3_11::*;
#[cfg(Py_3_12)]
mod v3_12;
#[cfg(Py_3_12)]
pub(crate) use v3_12::*;
#[cfg(Py_3_13)]
mod v3_13;
#[cfg(Py_3_13)]
pub(crate) use v3_13::*;
#[cfg(not(any(Py_3_11, Py_3_12, Py_3_13)))]
compile_error!("src/version has no file for this CPython minor");
