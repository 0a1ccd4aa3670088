//! Everything that differs between the minors: each file offers the same items, and one of them is chosen here.
//!
//! To add a minor, write its file and its two lines below; `CONTRIBUTING.md` has the checklist.

mod kinds;
#[cfg(any(Py_3_11, Py_3_12, Py_3_13))]
mod plain;
#[cfg(any(Py_3_14, Py_3_15))]
mod tagged;

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
#[cfg(Py_3_14)]
mod v3_14;
#[cfg(Py_3_14)]
pub(crate) use v3_14::*;
#[cfg(Py_3_15)]
mod v3_15;
#[cfg(Py_3_15)]
pub(crate) use v3_15::*;
#[cfg(not(any(Py_3_11, Py_3_12, Py_3_13, Py_3_14, Py_3_15)))]
compile_error!("src/version has no file for this CPython minor");

/// Whether the running patch release keeps a chunk for each thread's next push.
pub(crate) fn keeps_a_chunk() -> bool {
    KEEPS_A_CHUNK_SINCE.is_some_and(|patch| crate::runtime::running_patch() >= patch)
}
