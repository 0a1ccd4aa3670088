//! Pushing and popping, and where a frame lies.
//!
//! CPython: `push_chunk`, `_PyThreadState_PushFrame` and `_PyThreadState_PopFrame`, `Python/pystate.c`. Sizes are in
//! words unless they say bytes. CPython's own pushes and pops may come between ours: everything that is on the stack is
//! kept where it keeps it.

use super::size::{WORD, chunk_bytes};
use super::{cached, spare};
use crate::contract::{Broken, Failure, Rule, require_plainly};
use crate::process::is_mapped;
use crate::py::Raised;
use crate::sys::{_PyInterpreterFrame, _PyStackChunk};
use crate::version;
use crate::view::{Frame, Owner, Thread};
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// Takes `words` from the thread's data stack, one at least, in a new chunk if the one in use has too little room. The
/// memory is not initialized.
///
/// Replaces `THP_PyThreadState_BumpFramePointerSlow`. Source: `_PyThreadState_PushFrame` (3.12), in a wider integer.
///
/// # Errors
/// `MemoryError`; what of the contract is broken.
///
/// # Safety
/// What is pushed is popped before anything that lies below it: CPython's own pops rely on that.
// In line: a shadow frame is pushed with it too, and out of line it takes 4 instructions more.
#[inline(always)]
pub unsafe fn push(thread: &Thread<'_>, words: usize) -> Result<NonNull<_PyInterpreterFrame>, Failure> {
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
    require_plainly(top.is_null() == limit.is_null(), Rule::WholeDataStack)?;
    Ok(push_chunk(thread, words)?)
}

#[inline(never)]
fn push_chunk(thread: &Thread<'_>, words: usize) -> Result<NonNull<_PyInterpreterFrame>, Raised> {
    let bytes = chunk_bytes(words).ok_or_else(Raised::no_memory)?;
    let chunk = match thread.cached_chunk() {
        // SAFETY: the place is the thread's.
        Some(place) => unsafe { cached::take(place, bytes) },
        None => spare::take(bytes),
    };
    let chunk = chunk.ok_or_else(Raised::no_memory)?.as_ptr();
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
/// Replaces `THP_PyThreadState_PopFrame`. Source: `_PyThreadState_PopFrame` (3.11 to 3.15).
///
/// # Errors
/// What of the contract is broken. Nothing has been done then.
///
/// # Safety
/// `frame` is the frame that was pushed last of those not popped yet, and is not used any more.
// In line, as `push`.
#[inline(always)]
pub unsafe fn pop(thread: &Thread<'_>, frame: NonNull<_PyInterpreterFrame>) -> Result<(), Broken> {
    let chunk = thread.chunk();
    let base: *mut *mut PyObject = frame.as_ptr().cast();
    let (first, top) = if chunk.is_null() {
        // The thread has run nothing but generators. No frame lies at NULL.
        (ptr::null_mut(), ptr::null_mut())
    } else {
        // SAFETY: the chunk in use is live.
        (unsafe { data(chunk) }, thread.top())
    };
    if !(first..top).contains(&base) {
        // SAFETY: the caller passes a frame.
        return unsafe { require_of_generator(thread, frame) };
    }
    let current = thread.current_frame().cast();
    require_plainly(!(base..top).contains(&current), Rule::UnlinkedFromHereOn)?;
    if base == first {
        // SAFETY: the frame was the only one of its chunk.
        return unsafe { pop_chunk(thread, chunk) };
    }
    thread.set_top(base);
    Ok(())
}

/// Fails unless a frame that does not lie in the chunk in use, below its top, is a generator's (3.12+).
///
/// # Safety
/// `frame` is the address of a frame, or was that of one which has been popped.
#[cold]
#[inline(never)]
unsafe fn require_of_generator(thread: &Thread<'_>, frame: NonNull<_PyInterpreterFrame>) -> Result<(), Broken> {
    let mut owner = None;
    // No generator's frame lies in a chunk, and what a popped one has left there may look like the owner of one. The chunk of a
    // frame that has been popped may be gone.
    let may_be_one = version::HOOK_DISCARDS_GENERATORS && place(thread, frame.as_ptr()) == Place::Elsewhere;
    if may_be_one && is_mapped(frame.as_ptr()) {
        // SAFETY: the memory can be read; whatever it holds, the owner is one of the variants.
        owner = unsafe { Frame::from_raw(frame.as_ptr()) }.map(|frame| frame.owner());
    }
    require_plainly(owner == Some(Owner::Generator), Rule::LiesBelowTop)
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

/// Where on its thread's data stack a frame lies. What was pushed later is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The number of its chunk: 0 for the root chunk.
    pub chunk: usize,
    /// The index of its first word in the chunk, behind the chunk's header.
    pub word: usize,
    /// How many words the chunk has for frames.
    pub room: usize,
}

/// Where on the thread's data stack a frame lies; `None` if it lies elsewhere.
///
/// The C symbol is `PyFrameShim_DataStackPlace`.
pub fn locate(thread: &Thread<'_>, frame: &Frame<'_>) -> Option<Location> {
    let at: *mut *mut PyObject = frame.as_ptr().cast();
    let (mut chunk, mut found, mut below) = (thread.chunk(), None, 0);
    while !chunk.is_null() {
        // SAFETY: the thread's chunks are live.
        let (first, end, previous) = unsafe { (data(chunk), end(chunk), (*chunk).previous) };
        if found.is_some() {
            below += 1;
        } else if (first..end).contains(&at) {
            found = Some(((at as usize - first as usize) / WORD, (end as usize - first as usize) / WORD));
        }
        chunk = previous;
    }
    found.map(|(word, room)| Location { chunk: below, word, room })
}

/// Where on the data stack of whichever thread of the interpreter a frame lies; `None` if it lies on none.
pub fn locate_in_any(frame: &Frame<'_>) -> Option<Location> {
    // SAFETY: there is a view of a frame, so the GIL is held.
    let thread = unsafe { Thread::current() };
    thread.find_in_any(|thread| locate(thread, frame))
}

/// Makes the previous chunk the one in use; this one is kept for the next push, or freed.
///
/// # Safety
/// The chunk is in use and holds no frame that anybody uses.
#[inline(never)]
unsafe fn pop_chunk(thread: &Thread<'_>, chunk: *mut _PyStackChunk) -> Result<(), Broken> {
    // SAFETY: both chunks are the thread's own.
    unsafe {
        let previous = (*chunk).previous;
        require_plainly(!previous.is_null(), Rule::RootStays)?;
        thread.set_chunk(previous, data(previous).add((*previous).top), end(previous));
        let chunk = NonNull::new_unchecked(chunk);
        match thread.cached_chunk() {
            Some(place) => cached::put(place, chunk),
            None => spare::put(chunk),
        }
    }
    Ok(())
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
