//! Is the running interpreter the one that this build is for?
//!
//! Only functions that every minor exports are called here, so that a library in the wrong interpreter lives long
//! enough to say so.

use super::build::{BUILD, PYTHON, number};
use core::ffi::{CStr, c_int};
use pyo3_ffi::{Py_GetVersion, Py_ssize_t, PyBaseObject_Type, PyObject};
use std::sync::LazyLock;

/// Why the running interpreter is not the one that the library was built for.
///
/// Most who read this have installed an extension that holds the library, and have no source of either.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another minor.
    #[error(
        "pyframe-shim for CPython 3.{built} ({PYTHON}) was loaded into CPython {running}, which it cannot serve; install \
         the extension that holds it for this Python, if there is one, or use CPython 3.{built} (to build the extension \
         for this Python takes a pyframe-shim that was built for it, and there are those for CPython 3.11 to 3.15)"
    )]
    Minor {
        /// The minor of the build.
        built: c_int,
        /// The version that runs.
        running: String,
    },
    /// A build without the GIL, where objects look different.
    #[error(
        "pyframe-shim for CPython 3.{built} ({PYTHON}) was loaded into the free-threaded CPython {running}, which it does \
         not support; use the build of CPython that has the GIL"
    )]
    FreeThreaded {
        /// The minor of the build.
        built: c_int,
        /// The version that runs.
        running: String,
    },
    /// A build whose frames hold no pointers, but numbers that are looked up.
    #[error(
        "pyframe-shim for CPython 3.{built} ({PYTHON}) was loaded into a CPython {running} that was built with \
         Py_STACKREF_DEBUG, whose frames it cannot read; use a build without it"
    )]
    StackrefDebug {
        /// The minor of the build.
        built: c_int,
        /// The version that runs.
        running: String,
    },
    /// A build whose objects begin with other fields.
    #[error(
        "pyframe-shim for CPython 3.{built} ({PYTHON}) was loaded into a CPython {running} whose objects are laid out \
         otherwise, as those of a build with Py_TRACE_REFS are; use a build without it"
    )]
    Objects {
        /// The minor of the build.
        built: c_int,
        /// The version that runs.
        running: String,
    },
}

/// The text of the version that runs: static, and to be had without the GIL.
fn version_text() -> std::borrow::Cow<'static, str> {
    // SAFETY: a static, NUL-terminated string.
    unsafe { CStr::from_ptr(Py_GetVersion()) }.to_string_lossy()
}

/// Compares the build's minor with the one that runs, by the text of `Py_GetVersion`; then how objects begin. Needs no GIL,
/// and touches no object's reference count, which may be elsewhere.
///
/// # Errors
/// `Mismatch`; no exception is set.
pub fn check_version() -> Result<(), Mismatch> {
    let text = version_text();
    compare_version(&text)?;
    // SAFETY: a static type, of which a field is read that is set before any extension can be loaded. Where objects begin
    // with other fields, what is read there lies in the same type.
    if unsafe { PyBaseObject_Type.tp_basicsize } != size_of::<PyObject>() as Py_ssize_t {
        return Err(Mismatch::Objects { built: BUILD.minor, running: number_in(&text) });
    }
    // Such a build of 3.14 and newer exports this, and no other.
    // SAFETY: asks the loader for a name.
    if unsafe { !libc::dlsym(libc::RTLD_DEFAULT, c"_Py_stackref_get_object".as_ptr()).is_null() } {
        return Err(Mismatch::StackrefDebug { built: BUILD.minor, running: number_in(&text) });
    }
    Ok(())
}

/// The version that runs, such as `3.12.1`.
pub(crate) fn running_version() -> String {
    number_in(&version_text())
}

/// The version in such a text, which goes on with how and when the interpreter was built.
fn number_in(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The patch level of the version that runs: 1 for `3.12.1`.
#[cfg(interpreter_frames)]
pub(crate) fn running_patch() -> c_int {
    static PATCH: LazyLock<c_int> = LazyLock::new(|| number(&running_version(), 2));
    *PATCH
}

/// Compares the build's minor with the version text of an interpreter.
///
/// # Errors
/// `Mismatch`.
pub fn compare_version(text: &str) -> Result<(), Mismatch> {
    let (built, running) = (BUILD.minor, number_in(text));
    if !running.starts_with(&format!("3.{built}.")) {
        return Err(Mismatch::Minor { built, running });
    }
    if text.contains("free-threading build") {
        return Err(Mismatch::FreeThreaded { built, running });
    }
    Ok(())
}
