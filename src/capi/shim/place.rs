//! Where a frame lies on the data stack, for C.

use super::arguments::{frame, thread};
use super::sized::{fill, size_in_common};
use crate::datastack::{Location, frame_words, locate};
use crate::evaluate::raise;
use crate::py::Raised;
use crate::sys::_PyInterpreterFrame;
use core::ffi::c_int;
use pyo3_ffi::PyThreadState;

/// `PyFrameShim_Place` of `include/pyframe_shim.h`.
#[repr(C)]
pub struct CPlace {
    size: usize,
    chunk: usize,
    word: usize,
    words: usize,
    room: usize,
}

/// Fills as much of `place` as its `size`, which the caller sets, says that there is: 1; 0 if the frame lies elsewhere; or -1
/// with an exception.
///
/// # Safety
/// As [`Frame::from_raw`](crate::view::Frame::from_raw) and [`Thread::from_raw`](crate::view::Thread::from_raw), of any thread;
/// `place` is NULL, or valid for reads of its `size` and for writes of as many bytes as that says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_DataStackPlace(
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    place: *mut CPlace,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { filled(tstate, raw, place) }.map_or(-1, c_int::from)
}

/// # Safety
/// As [`PyFrameShim_DataStackPlace`].
unsafe fn filled(
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    place: *mut CPlace,
) -> Result<bool, Raised> {
    // SAFETY: the caller's promise.
    let (thread, frame) = unsafe { (thread(tstate)?, frame(raw)?) };
    // SAFETY: NULL, or the first field is there, says the caller.
    let size = unsafe { size_in_common(place)? };
    let Some(Location { chunk, word, room }) = locate(&thread, &frame) else { return Ok(false) };
    let words = frame_words(&frame).map_err(raise)?;
    let full = CPlace { size, chunk, word, words, room };
    // SAFETY: that many bytes may be written, says the caller.
    unsafe { fill(place, &full, size) };
    Ok(true)
}
