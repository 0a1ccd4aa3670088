//! Contract checks: what a caller has to hold is checked in every build, and a breach ends the process with one line
//! that says which rule was broken, in which call, on which frame.
//!
//! They stand where the C file has `CHECK`. Nothing can be returned from there: a frame that is half moved, or popped
//! out of order, has already spoilt the interpreter's state.

use crate::code::Code;
use crate::frame::Frame;
use crate::sys::_PyInterpreterFrame;
use core::ffi::{CStr, c_char};
use core::ptr;

/// The rule that an entry frame breaks wherever it is passed.
pub(crate) const NOT_AN_ENTRY_FRAME: &CStr = c"the frame must not be an entry frame on the C stack";

/// Ends the process unless `held`.
///
/// `function` is the C symbol or CPython function whose contract it is, `rule` what it asks for, as a sentence.
#[inline]
pub fn require(held: bool, function: &CStr, rule: &CStr, frame: Option<&Frame<'_>>) {
    if !held {
        // By address, so that a view of a frame need not lie in memory where all is well.
        broken(function, rule, frame.map_or(ptr::null_mut(), Frame::as_ptr));
    }
}

/// What a C caller passed, or what its frame must have; ends the process if it is `None`.
#[inline]
pub fn require_some<T>(value: Option<T>, function: &CStr, rule: &CStr) -> T {
    match value {
        Some(value) => value,
        None => broken(function, rule, ptr::null_mut()),
    }
}

#[cold]
#[inline(never)]
fn broken(function: &CStr, rule: &CStr, frame: *mut _PyInterpreterFrame) -> ! {
    // SAFETY: NULL, or that of a view of the caller's.
    let frame = unsafe { Frame::from_raw(frame) };
    let frame = frame.as_ref();
    let mut message = [0_u8; 1024];
    let (buffer, room) = (message.as_mut_ptr().cast::<c_char>(), message.len());
    // SAFETY: the formats match their arguments, NUL-terminated strings and one int, and the text is cut at the end of
    // the buffer, newline and all.
    unsafe {
        match frame.and_then(Frame::code).map(|code| (code, line(code, frame))) {
            Some((code, line)) => libc::snprintf(
                buffer,
                room,
                c"pyframe-shim: contract broken: %s: %s (frame of '%.200s', file \"%.400s\", line %d)\n".as_ptr(),
                function.as_ptr(),
                rule.as_ptr(),
                text((*code.as_ptr()).co_name),
                text((*code.as_ptr()).co_filename),
                line,
            ),
            None => libc::snprintf(
                buffer,
                room,
                c"pyframe-shim: contract broken: %s: %s\n".as_ptr(),
                function.as_ptr(),
                rule.as_ptr(),
            ),
        };
    }
    let length = message.iter().position(|&byte| byte == 0).unwrap_or(room);
    // A name may hold a newline; the message is one line all the same.
    message[..length.saturating_sub(1)].iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
    // SAFETY: the buffer holds that many bytes.
    unsafe {
        libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), length);
        libc::abort()
    }
}

/// The line that the frame is at; its code's first line up to the first RESUME.
fn line(code: Code<'_>, frame: Option<&Frame<'_>>) -> i32 {
    let offset = frame.map_or(0, |frame| frame.lasti().max(0)) * 2;
    // SAFETY: the code is alive; an offset that has no line gives -1.
    match unsafe { pyo3_ffi::PyCode_Addr2Line(code.as_ptr().cast(), offset as i32) } {
        // SAFETY: the code is alive.
        -1 => unsafe { (*code.as_ptr()).co_firstlineno },
        line => line,
    }
}

fn text(object: *mut pyo3_ffi::PyObject) -> *const c_char {
    // SAFETY: the object is a str that the code keeps; its UTF-8 form lives as long.
    let utf8 = unsafe { pyo3_ffi::PyUnicode_AsUTF8AndSize(object, core::ptr::null_mut()) };
    if utf8.is_null() { c"?".as_ptr() } else { utf8 }
}
