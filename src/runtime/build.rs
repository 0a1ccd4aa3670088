//! What the library was built for.

use core::ffi::{CStr, c_int};

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

pub(super) const PYTHON: &str = env!("PYFRAME_SHIM_PYTHON_VERSION");

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
    minor: number(PYTHON, 1),
    patch: number(PYTHON, 2),
    debug: flag(env!("PYFRAME_SHIM_PYTHON_DEBUG")),
    frames: cfg!(interpreter_frames),
};

const fn flag(text: &str) -> bool {
    text.as_bytes()[0] == b'1'
}

/// The minor (1) or the patch level (2) of a version, which may have a suffix (`3.13.0rc1`).
pub(super) const fn number(version: &str, place: usize) -> c_int {
    let (bytes, mut index, mut dots, mut number) = (version.as_bytes(), 0, 0, 0);
    while index < bytes.len() {
        match bytes[index] {
            b'.' => dots += 1,
            digit @ b'0'..=b'9' if dots == place => number = number * 10 + (digit - b'0') as c_int,
            _ if dots == place => return number,
            _ => {}
        }
        index += 1;
    }
    number
}
