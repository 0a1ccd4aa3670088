//! The data stack: the chunks of memory that a thread's frames lie in, one behind the other.
//!
//! CPython: `push_chunk`, `_PyThreadState_PushFrame` and `_PyThreadState_PopFrame`, `Python/pystate.c`. Sizes are in
//! words unless they say bytes. CPython's own pushes and pops may come between ours: everything that is on the stack is
//! kept where it keeps it, and nothing but the three fields that every patch release has is touched.

use crate::check::require;
use crate::error::Raised;
use crate::frame::{Frame, Owner};
use crate::spare_chunk;
use crate::sys::{_PyInterpreterFrame, _PyStackChunk};
use crate::thread::Thread;
use crate::version;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

const WORD: usize = size_of::<*mut PyObject>();

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

/// Takes `words` from the thread's data stack, in a new chunk if the one in use has too little room. The memory is not
/// initialized.
///
/// Replaces `THP_PyThreadState_BumpFramePointerSlow`. Source: `_PyThreadState_PushFrame` (3.12), in a wider integer.
///
/// # Errors
/// `MemoryError`.
pub fn push(thread: &Thread<'_>, words: usize) -> Result<NonNull<_PyInterpreterFrame>, Raised> {
    let (top, limit) = (thread.top(), thread.limit());
    let room = (limit as usize).saturating_sub(top as usize) / WORD;
    // NULL and NULL leave no room. Like CPython, a frame never fills a chunk to the last word.
    match NonNull::new(top) {
        Some(frame) if words < room => {
            thread.set_top(top.wrapping_add(words));
            return Ok(frame.cast());
        }
        _ => {}
    }
    require(
        top.is_null() == limit.is_null(),
        c"THP_PyThreadState_BumpFramePointerSlow",
        c"the thread must have both a top and a limit of its data stack, or neither",
        None,
    );
    push_chunk(thread, words)
}

#[inline(never)]
fn push_chunk(thread: &Thread<'_>, words: usize) -> Result<NonNull<_PyInterpreterFrame>, Raised> {
    let bytes = chunk_bytes(words).ok_or_else(Raised::no_memory)?;
    let chunk = spare_chunk::take(bytes).ok_or_else(Raised::no_memory)?.as_ptr();
    let previous = thread.chunk();
    // SAFETY: the chunk is ours, and large enough for the words; the previous one is the thread's own.
    unsafe {
        (*chunk).previous = previous;
        if !previous.is_null() {
            (*previous).top = (thread.top() as usize - data(previous) as usize) / WORD;
        }
        // The first word of the root chunk stays empty, so that no frame lies where a pop would free the chunk.
        let base = data(chunk).add(usize::from(previous.is_null()));
        thread.set_chunk(chunk, base.add(words), end(chunk));
        Ok(NonNull::new_unchecked(base.cast()))
    }
}

/// Gives back everything from `frame` on, and the chunk with it if the frame is its first. On 3.12+ a generator's frame,
/// which lies elsewhere, is left alone: a hook that did not evaluate it need not ask whose it is.
///
/// Replaces `THP_PyThreadState_PopFrame`. Source: `_PyThreadState_PopFrame` (3.11 to 3.13).
///
/// # Safety
/// `frame` is the frame that was pushed last of those not popped yet, and nobody uses it.
pub unsafe fn pop(thread: &Thread<'_>, frame: NonNull<_PyInterpreterFrame>) {
    const NAME: &core::ffi::CStr = c"THP_PyThreadState_PopFrame";
    let chunk = thread.chunk();
    let base: *mut *mut PyObject = frame.as_ptr().cast();
    let first = match chunk.is_null() {
        // The thread has run nothing but generators. No frame lies at NULL.
        true => ptr::null_mut(),
        // SAFETY: the chunk in use is live.
        false => unsafe { data(chunk) },
    };
    if base == first {
        // SAFETY: the frame was the only one of its chunk.
        unsafe { pop_chunk(thread, chunk) };
    } else if first < base && base <= thread.top() {
        thread.set_top(base);
    } else {
        // SAFETY: the caller passes a frame; it is not on top of the data stack, so it should be a generator's.
        let owner = unsafe { Frame::from_raw(frame.as_ptr()) }.map(|frame| frame.owner());
        require(
            version::HOOK_DISCARDS_GENERATORS && owner == Some(Owner::Generator),
            NAME,
            c"the frame must lie in the chunk in use, below its top: frames are popped in reverse order",
            None,
        );
    }
}

/// Makes the previous chunk the one in use; this one is kept for the next push, or freed.
///
/// # Safety
/// The chunk is in use and holds no frame that anybody uses.
#[inline(never)]
unsafe fn pop_chunk(thread: &Thread<'_>, chunk: *mut _PyStackChunk) {
    // SAFETY: both chunks are the thread's own.
    unsafe {
        let previous = (*chunk).previous;
        require(!previous.is_null(), c"THP_PyThreadState_PopFrame", c"the root chunk must stay", None);
        thread.set_chunk(previous, data(previous).add((*previous).top), end(previous));
        spare_chunk::put(NonNull::new_unchecked(chunk));
    }
}

/// The first word of a chunk.
///
/// # Safety
/// The chunk is live.
unsafe fn data(chunk: *mut _PyStackChunk) -> *mut *mut PyObject {
    // SAFETY: the chunk is live, says the caller.
    unsafe { (&raw mut (*chunk).data).cast() }
}

/// The end of a chunk.
///
/// # Safety
/// The chunk is live.
unsafe fn end(chunk: *mut _PyStackChunk) -> *mut *mut PyObject {
    // SAFETY: the chunk is live, says the caller, and as long as it says.
    unsafe { chunk.byte_add((*chunk).size).cast() }
}
