//! The data stack: the chunks of memory that a thread's frames lie in, one behind the other.
//!
//! CPython: `push_chunk`, `_PyThreadState_PushFrame` and `_PyThreadState_PopFrame`, `Python/pystate.c`. Sizes are in
//! words unless they say bytes. CPython's own pushes and pops may come between ours: everything that is on the stack is
//! kept where it keeps it, and nothing but the three fields that every patch release has is touched.

use crate::check::require;
use crate::code::Code;
use crate::error::Raised;
use crate::frame::{Frame, Owner};
use crate::mapped::is_mapped;
use crate::spare_chunk;
use crate::sys::{_PyInterpreterFrame, _PyStackChunk};
use crate::thread::Thread;
use crate::version;
use core::ffi::CStr;
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

const WORD: usize = size_of::<*mut PyObject>();

const PUSH: &CStr = c"THP_PyThreadState_BumpFramePointerSlow";
const POP: &CStr = c"THP_PyThreadState_PopFrame";

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

/// How many words a frame of `code` takes: its header, its slots and its value stack (`_PyFrame_NumSlotsForCodeObject` and
/// `FRAME_SPECIALS_SIZE` of 3.11, `co_framesize` from 3.12 on).
pub(crate) fn frame_words(code: Code<'_>) -> usize {
    offset_of!(_PyInterpreterFrame, localsplus) / WORD + code.slots() + code.stack_slots()
}

/// Takes `words` from the thread's data stack, one at least, in a new chunk if the one in use has too little room. The
/// memory is not initialized.
///
/// Replaces `THP_PyThreadState_BumpFramePointerSlow`. Source: `_PyThreadState_PushFrame` (3.12), in a wider integer.
///
/// # Errors
/// `MemoryError`.
///
/// # Safety
/// What is pushed is popped before anything that lies below it: CPython's own pops rely on that.
pub unsafe fn push(thread: &Thread<'_>, words: usize) -> Result<NonNull<_PyInterpreterFrame>, Raised> {
    // Two pushes never give out one address, so that a frame that is popped twice can be told.
    let words = words.max(1);
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
        PUSH,
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
    let chunk = thread.chunk();
    let base: *mut *mut PyObject = frame.as_ptr().cast();
    let (first, top) = match chunk.is_null() {
        // The thread has run nothing but generators. No frame lies at NULL.
        true => (ptr::null_mut(), ptr::null_mut()),
        // SAFETY: the chunk in use is live.
        false => (unsafe { data(chunk) }, thread.top()),
    };
    if first <= base && base < top {
        let current = thread.current_frame().cast();
        require(
            !(base..top).contains(&current),
            POP,
            c"the frame, and what lies above it, must be unlinked first",
            None,
        );
        if base == first {
            // SAFETY: the frame was the only one of its chunk.
            unsafe { pop_chunk(thread, chunk) };
        } else {
            thread.set_top(base);
        }
    } else {
        // SAFETY: the caller passes a frame.
        unsafe { require_of_generator(frame) };
    }
}

/// Ends the process unless a frame that does not lie in the chunk in use, below its top, is a generator's (3.12+).
///
/// # Safety
/// `frame` is the address of a frame, or was that of one which has been popped.
#[cold]
#[inline(never)]
unsafe fn require_of_generator(frame: NonNull<_PyInterpreterFrame>) {
    let mut owner = None;
    // The chunk of a frame that has been popped may be gone.
    if version::HOOK_DISCARDS_GENERATORS && is_mapped(frame.as_ptr()) {
        // SAFETY: the memory can be read; whatever it holds, the owner is one of the variants.
        owner = unsafe { Frame::from_raw(frame.as_ptr()) }.map(|frame| frame.owner());
    }
    require(
        owner == Some(Owner::Generator),
        POP,
        c"the frame must lie in the chunk in use, below its top: frames are popped once, in reverse order",
        None,
    );
}

/// Where a frame lies, as the thread's data stack has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the chunk in use or in an earlier one, below the top.
    InUse,
    /// In one of the thread's chunks, at its top or above: it has been popped.
    Popped,
    /// In none of the thread's chunks.
    Elsewhere,
}

/// Whether the frame lies in the chunk in use, below its top.
#[inline]
pub(crate) fn lies_on_top_chunk(thread: &Thread<'_>, frame: *mut _PyInterpreterFrame) -> bool {
    thread.chunk().cast() <= frame && frame < thread.top().cast()
}

/// Where a frame lies. Nothing of it is read.
#[cold]
#[inline(never)]
pub(crate) fn place(thread: &Thread<'_>, frame: *mut _PyInterpreterFrame) -> Place {
    let (mut chunk, mut top) = (thread.chunk(), thread.top());
    while !chunk.is_null() {
        // SAFETY: the thread's chunks are live.
        if (chunk.cast()..unsafe { end(chunk) }.cast()).contains(&frame) {
            return if frame < top.cast() { Place::InUse } else { Place::Popped };
        }
        // SAFETY: as above; a chunk that is not in use knows how far it is filled.
        unsafe {
            chunk = (*chunk).previous;
            if !chunk.is_null() {
                top = data(chunk).add((*chunk).top);
            }
        }
    }
    Place::Elsewhere
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
        require(!previous.is_null(), POP, c"the root chunk must stay", None);
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
