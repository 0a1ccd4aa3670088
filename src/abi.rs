//! Is the running interpreter the one that this build is for?
//!
//! Only functions that every minor exports are called here, so that a library in the wrong interpreter lives long
//! enough to say so.

use crate::error::Raised;
use crate::version;
use core::ffi::{CStr, c_int};
use pyo3_ffi::{Py_GetVersion, Py_ssize_t, PyBaseObject_Type, PyErr_SetString, PyExc_ImportError, PyObject};
use std::ffi::CString;

/// What the library was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// The version of pyframe-shim.
    pub shim: &'static CStr,
    /// The version of CPython whose headers it was built from, such as `3.12.1`.
    pub python: &'static CStr,
    /// Its minor: 12.
    pub minor: c_int,
    /// Its patch level: 1.
    pub patch: c_int,
    /// Whether it was a `Py_DEBUG` build.
    pub debug: bool,
    /// Whether the library has the frame symbols; 3.9 and 3.10 have nothing to replace.
    pub frames: bool,
}

const PYTHON: &str = env!("PYFRAME_SHIM_PYTHON_VERSION");

const fn c_str(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("the text must end in its only NUL"),
    }
}

/// This build.
pub const BUILD: Build = Build {
    shim: c_str(concat!(env!("CARGO_PKG_VERSION"), "\0")),
    python: c_str(concat!(env!("PYFRAME_SHIM_PYTHON_VERSION"), "\0")),
    minor: version::MINOR as c_int,
    patch: patch(PYTHON),
    debug: flag(env!("PYFRAME_SHIM_PYTHON_DEBUG")),
    frames: cfg!(interpreter_frames),
};

const fn flag(text: &str) -> bool {
    text.as_bytes()[0] == b'1'
}

/// The third number of a version, which may have a suffix (`3.13.0rc1`).
const fn patch(version: &str) -> c_int {
    let (bytes, mut index, mut dots, mut number) = (version.as_bytes(), 0, 0, 0);
    while index < bytes.len() {
        match bytes[index] {
            b'.' => dots += 1,
            digit @ b'0'..=b'9' if dots == 2 => number = number * 10 + (digit - b'0') as c_int,
            _ if dots == 2 => return number,
            _ => {}
        }
        index += 1;
    }
    number
}

/// Why the running interpreter is not the one that the library was built for.
///
/// Most who read this have installed an extension that holds the library, and have no source of either.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another minor.
    #[error(
        "pyframe-shim for CPython 3.{built} ({PYTHON}) was loaded into CPython {running}, which it cannot serve; install \
         the extension that holds it for this Python, if there is one, or use CPython 3.{built} (to build the extension \
         for this Python takes a pyframe-shim that was built for it, and there are those for CPython 3.11, 3.12 and 3.13)"
    )]
    Minor {
        /// The minor of the build.
        built: u32,
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
        built: u32,
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
        built: u32,
        /// The version that runs.
        running: String,
    },
}

/// Compares the build's minor with the one that runs, by the text of `Py_GetVersion`; then how objects begin. Needs no GIL,
/// and touches no object's reference count, which may be elsewhere.
///
/// # Errors
/// `Mismatch`; no exception is set.
pub fn check_version() -> Result<(), Mismatch> {
    // SAFETY: a static, NUL-terminated string; works without the GIL.
    let text = unsafe { CStr::from_ptr(Py_GetVersion()) }.to_string_lossy();
    compare_version(&text)?;
    // SAFETY: a static type, of which a field is read that is set before any extension can be loaded. Where objects begin
    // with other fields, what is read there lies in the same type.
    if unsafe { PyBaseObject_Type.tp_basicsize } != size_of::<PyObject>() as Py_ssize_t {
        let running = text.split(' ').next().unwrap_or_default().to_owned();
        return Err(Mismatch::Objects { built: version::MINOR, running });
    }
    Ok(())
}

/// The version that runs, such as `3.12.1`.
#[cfg(interpreter_frames)]
pub(crate) fn running_version() -> String {
    // SAFETY: a static, NUL-terminated string; works without the GIL.
    let text = unsafe { CStr::from_ptr(Py_GetVersion()) }.to_string_lossy();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The patch level of the version that runs: 1 for `3.12.1`.
#[cfg(interpreter_frames)]
pub(crate) fn running_patch() -> c_int {
    patch(&running_version())
}

/// Compares the build's minor with the version text of an interpreter.
///
/// # Errors
/// `Mismatch`.
pub fn compare_version(text: &str) -> Result<(), Mismatch> {
    let (built, running) = (version::MINOR, text.split(' ').next().unwrap_or_default().to_owned());
    if !running.starts_with(&format!("3.{built}.")) {
        return Err(Mismatch::Minor { built, running });
    }
    if text.contains("free-threading build") {
        return Err(Mismatch::FreeThreaded { built, running });
    }
    Ok(())
}

/// Proves that the library fits the running interpreter: the version, then the layout of a live frame, by the fields that
/// a patch release could move: what is followed to find frames and chunks, and where a frame's slots begin.
///
/// Imports nothing, and depends on nothing that Python code can replace. The C symbol is `PyFrameShim_CheckRuntime`.
///
/// # Errors
/// `ImportError`, which names both versions and what differs; or whatever kept the check from running, such as
/// `MemoryError`.
///
/// # Safety
/// The calling thread holds the GIL.
pub unsafe fn check_runtime() -> Result<(), Raised> {
    if let Err(mismatch) = check_version() {
        return Err(import_error(&mismatch.to_string()));
    }
    #[cfg(interpreter_frames)]
    // SAFETY: the GIL is held, says the caller.
    crate::layout::check(&unsafe { crate::thread::Thread::current() })?;
    Ok(())
}

/// Sets `ImportError`.
pub(crate) fn import_error(message: &str) -> Raised {
    let message = CString::new(message.replace('\0', "?")).unwrap_or_default();
    // SAFETY: sets the exception of the calling thread, which holds the GIL.
    unsafe {
        PyErr_SetString(PyExc_ImportError, message.as_ptr());
        Raised::assume()
    }
}
