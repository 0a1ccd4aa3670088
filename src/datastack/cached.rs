//! The chunk that the interpreter itself keeps for a thread's next push (3.13.13, 3.14.4 and newer; gh-142183).
//!
//! The evaluator parks the chunk of a shadow frame there when it pops the frame, so a push that did not look there would map a
//! chunk each time. A chunk is used and parked as `push_chunk` and `_PyThreadState_PopFrame` do it, but for one thing: CPython
//! also keeps a chunk that a huge frame has asked for, and our own pops only the smallest.

use super::arena::Arena;
use super::size::CHUNK_BYTES;
use crate::sys::_PyStackChunk;
use core::ptr::NonNull;

/// A chunk of at least `bytes`: the one that is kept, or new. Its `previous` is not set. `None`, with no exception, if there is
/// no memory.
///
/// # Safety
/// The place is the calling thread's.
pub(super) unsafe fn take(place: NonNull<*mut _PyStackChunk>, bytes: usize) -> Option<NonNull<_PyStackChunk>> {
    // SAFETY: the place is valid, and what is in it is a chunk on no stack, or NULL.
    let kept = NonNull::new(unsafe { place.read() });
    // SAFETY: as above.
    if let Some(kept) = kept.filter(|kept| unsafe { (*kept.as_ptr()).size } >= bytes) {
        // SAFETY: as above.
        unsafe { place.write(core::ptr::null_mut()) };
        return Some(kept);
    }
    let chunk: NonNull<_PyStackChunk> = NonNull::new(Arena::current().alloc(bytes).cast())?;
    // SAFETY: the memory is ours, aligned for anything, and large enough for the header.
    unsafe {
        (*chunk.as_ptr()).size = bytes;
        (*chunk.as_ptr()).top = 0;
    }
    Some(chunk)
}

/// Parks a chunk of [`CHUNK_BYTES`], and frees the one that has been kept; frees a larger one.
///
/// # Safety
/// The place is the calling thread's. The chunk came from CPython's arena allocator, and is on no stack any more.
pub(super) unsafe fn put(place: NonNull<*mut _PyStackChunk>, chunk: NonNull<_PyStackChunk>) {
    // SAFETY: the place is valid, and what is in it is a chunk on no stack, or NULL. CPython frees each chunk by the allocator of
    // the moment.
    unsafe {
        let is_smallest = (*chunk.as_ptr()).size == CHUNK_BYTES;
        let freed = if is_smallest { place.replace(chunk.as_ptr()) } else { chunk.as_ptr() };
        if !freed.is_null() {
            Arena::current().free(freed.cast(), (*freed).size);
        }
    }
}
