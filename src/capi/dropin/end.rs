//! The end of the process where the contract is broken, with one line that says which rule, in which call, on which frame.
//!
//! That is what the C file does, with `CHECK`. Its functions return nothing that could tell of it, and who calls them out of
//! order has already spoilt the interpreter's state.

use crate::capi::counters::Symbol;
use crate::contract::{Broken, Failure};
use crate::py::Raised;
use crate::view::{Code, Frame};
use core::ffi::{CStr, c_char};
use core::fmt::Write;
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyCode_Addr2Line, PyObject, PyUnicode_AsUTF8AndSize};

/// The longest line.
const ROOM: usize = 1024;

/// What came of a call whose contract was held; ends the process if it was not.
#[inline]
pub(super) fn held<T>(result: Result<T, Broken>, symbol: Symbol) -> T {
    match result {
        Ok(value) => value,
        Err(broken) => end(symbol.name(), broken),
    }
}

/// As [`held`], for a call that may raise.
#[inline]
pub(super) fn held_or_raised<T>(result: Result<T, Failure>, symbol: Symbol) -> Result<T, Raised> {
    match result {
        Ok(value) => Ok(value),
        Err(Failure::Raised(raised)) => Err(raised),
        Err(Failure::Broken(broken)) => end(symbol.name(), broken),
    }
}

#[cold]
#[inline(never)]
fn end(function: &CStr, broken: Broken) -> ! {
    let mut line = Line::new(function, &broken);
    // SAFETY: NULL, or the frame that the caller passed, and which the rule was asked of.
    let frame = unsafe { Frame::from_raw(broken.frame()) };
    if let Some((frame, code)) = frame.and_then(|frame| frame.code().map(|code| (frame, code))) {
        let (name, file) = (text(code.name()), text(code.file_name()));
        line.append(format_args!(" (frame of '"));
        line.append_cut(name, 200);
        line.append(format_args!("', file \""));
        line.append_cut(file, 400);
        line.append(format_args!("\", line {})", line_number(&frame, code)));
    }
    line.end()
}

/// Ends the process where there is no frame to tell of.
#[cold]
#[inline(never)]
pub(in crate::capi) fn end_without_frame(function: &CStr, rule: &str) -> ! {
    Line::new(function, &rule).end()
}

/// A line that is made without an allocation.
struct Line {
    bytes: [u8; ROOM],
    length: usize,
}

impl Line {
    fn new(function: &CStr, rule: &dyn core::fmt::Display) -> Self {
        let mut line = Self { bytes: [0; ROOM], length: 0 };
        line.append(format_args!("pyframe-shim: contract broken: "));
        line.append_cut(function.to_bytes(), ROOM);
        line.append(format_args!(": {rule}"));
        line
    }

    fn append(&mut self, text: core::fmt::Arguments<'_>) {
        // What does not fit is cut.
        let _ = self.write_fmt(text);
    }

    /// Appends so many bytes of a text at most.
    fn append_cut(&mut self, text: &[u8], most: usize) {
        for &byte in text.iter().take(most).take(ROOM - 1 - self.length) {
            // A name may hold a newline; the message is one line all the same.
            self.bytes[self.length] = if byte == b'\n' { b' ' } else { byte };
            self.length += 1;
        }
    }

    fn end(mut self) -> ! {
        self.bytes[self.length] = b'\n';
        // SAFETY: the buffer holds that many bytes.
        unsafe {
            libc::write(libc::STDERR_FILENO, self.bytes.as_ptr().cast(), self.length + 1);
            libc::abort()
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.append_cut(text.as_bytes(), ROOM);
        Ok(())
    }
}

/// The line that the frame is at; its code's first line up to the first RESUME.
fn line_number(frame: &Frame<'_>, code: Code<'_>) -> i32 {
    let offset = frame.lasti().max(0) * 2;
    // SAFETY: the code is alive; an offset that has no line gives -1.
    match unsafe { PyCode_Addr2Line(code.as_ptr().cast(), offset as i32) } {
        -1 => code.first_line(),
        line => line,
    }
}

fn text<'t>(object: NonNull<PyObject>) -> &'t [u8] {
    // SAFETY: the object is a str that the code keeps; its UTF-8 form lives as long.
    let utf8: *const c_char = unsafe { PyUnicode_AsUTF8AndSize(object.as_ptr(), ptr::null_mut()) };
    if utf8.is_null() {
        return b"?";
    }
    // SAFETY: NUL-terminated.
    unsafe { CStr::from_ptr(utf8) }.to_bytes()
}
