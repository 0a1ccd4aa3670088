//! The sizes of chunks, and of the frames in them.

use crate::contract::{Broken, Rule};
use crate::sys::_PyInterpreterFrame;
use crate::view::{Code, Frame};
use core::mem::offset_of;
use pyo3_ffi::PyObject;

/// The bytes of a word.
pub(crate) const WORD: usize = size_of::<*mut PyObject>();

/// The bytes of a frame's header, which its slots follow (`FRAME_SPECIALS_SIZE`, in words).
pub(crate) const HEADER_BYTES: usize = offset_of!(_PyInterpreterFrame, localsplus);

/// The words of a frame's header.
pub const HEADER_WORDS: usize = HEADER_BYTES / WORD;

/// The size of the smallest chunk in bytes (`DATA_STACK_CHUNK_SIZE`).
pub const CHUNK_BYTES: usize = 16 * 1024;

/// The words that a chunk has room for beyond the frame that it is made for (`MINIMUM_OVERHEAD`).
pub const OVERHEAD_WORDS: usize = 1000;

/// The size of the largest chunk in bytes: the largest that CPython, which counts bytes in an `int`, can describe.
pub const LARGEST_CHUNK_BYTES: usize = 1 << 30;

/// The size in bytes of the chunk that a frame of `words` asks for: the smallest doubling of [`CHUNK_BYTES`] that holds
/// it and the overhead; `None` above [`LARGEST_CHUNK_BYTES`].
pub fn chunk_bytes(words: usize) -> Option<usize> {
    let needed = words.checked_add(OVERHEAD_WORDS)?.checked_mul(WORD)?;
    if needed > LARGEST_CHUNK_BYTES {
        return None;
    }
    Some(needed.next_power_of_two().max(CHUNK_BYTES))
}

/// The bytes of a frame of `code`: its header, its slots and its value stack.
pub(crate) fn frame_bytes(code: Code<'_>) -> usize {
    code.frame_words() * WORD
}

/// The words of a frame on the data stack, or wherever it lies.
///
/// # Errors
/// The frame runs no code.
pub fn frame_words(frame: &Frame<'_>) -> Result<usize, Broken> {
    let code = frame.code().ok_or_else(|| Broken::without_frame(Rule::RunsCode))?;
    Ok(code.frame_words())
}
