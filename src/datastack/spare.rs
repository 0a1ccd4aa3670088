//! One spare chunk a thread: what our own pops empty, our own pushes use again.
//!
//! A call at the end of a chunk otherwise maps and unmaps memory each time (CPython gh-142183). CPython's own pushes and
//! pops know nothing of the spare; `chunk_cache` is for them.
//!
//! A chunk has to go back to the allocator that it came from, and the allocator may be changed at any time. So the spare
//! is kept with its allocator, and used again only while that is the one in use. Asking which one is in use takes a lock
//! from 3.12 on, so a pop does not ask about the chunk that was pushed last through here: it bears a mark in `top`, a field that
//! CPython writes when it allocates a chunk and when it pushes another behind it, and reads only after the latter.

use super::arena::Arena;
use super::size::CHUNK_BYTES;
use crate::sys::_PyStackChunk;
use core::cell::Cell;
use core::ptr::NonNull;

/// A chunk of [`CHUNK_BYTES`] and the allocator that it came from.
#[derive(Clone, Copy)]
struct Kept {
    chunk: NonNull<_PyStackChunk>,
    arena: Arena,
}

impl Kept {
    fn release(self) {
        // SAFETY: the chunk came from this allocator, has this size, and is not on any stack.
        unsafe { self.arena.free(self.chunk.as_ptr().cast(), CHUNK_BYTES) }
    }
}

/// What a thread keeps.
struct Keeper {
    /// The spare: on no stack.
    spare: Cell<Option<Kept>>,
    /// What was taken last, which is on the stack, or gone if it does not bear the mark.
    taken: Cell<Option<Kept>>,
}

impl Drop for Keeper {
    /// The end of the thread. That of the process leaves the spare to the system, as the allocator's code may be gone.
    fn drop(&mut self) {
        // SAFETY: may be asked at any time.
        if unsafe { pyo3_ffi::Py_IsInitialized() } == 0 {
            return;
        }
        if let Some(spare) = self.spare.take() {
            spare.release();
        }
    }
}

thread_local! {
    static KEEPER: Keeper = const { Keeper { spare: Cell::new(None), taken: Cell::new(None) } };
}

/// The mark: an address of this copy of the library, which is no number of words that CPython would write there.
fn mark() -> usize {
    static MARK: u8 = 0;
    &raw const MARK as usize
}

/// A chunk of `bytes`: the spare if it has that size, or new. Its `previous` is not set. `None`, with no exception, if
/// there is no memory.
pub(crate) fn take(bytes: usize) -> Option<NonNull<_PyStackChunk>> {
    let arena = Arena::current();
    let spare = match bytes {
        CHUNK_BYTES => KEEPER.try_with(|keeper| keeper.spare.take()).ok().flatten(),
        _ => None,
    };
    let chunk = match spare {
        Some(spare) if spare.arena == arena => spare.chunk,
        other => {
            if let Some(outdated) = other {
                outdated.release();
            }
            NonNull::new(arena.alloc(bytes).cast())?
        }
    };
    // SAFETY: the memory is ours, aligned for anything, and large enough for the header.
    unsafe {
        (*chunk.as_ptr()).size = bytes;
        (*chunk.as_ptr()).top = mark();
    }
    // At the end of a thread, when its keeper is gone, the chunk is one like any other.
    let _ = KEEPER.try_with(|keeper| keeper.taken.set(Some(Kept { chunk, arena })));
    Some(chunk)
}

/// Takes a chunk off the hands of the caller: it becomes the spare, or is freed if there is one already, or it has another
/// size.
///
/// # Safety
/// The chunk came from CPython's arena allocator, by [`take`] or by CPython itself, and is on no stack any more.
pub(crate) unsafe fn put(chunk: NonNull<_PyStackChunk>) {
    // SAFETY: the chunk is live until it is freed here.
    let (bytes, top) = unsafe { ((*chunk.as_ptr()).size, (*chunk.as_ptr()).top) };
    let taken = if top == mark() {
        KEEPER.try_with(|keeper| keeper.taken.take()).ok().flatten().filter(|taken| taken.chunk == chunk)
    } else {
        None
    };
    // CPython would free it with the allocator of this moment.
    let arena = taken.map_or_else(Arena::current, |taken| taken.arena);
    let kept = bytes == CHUNK_BYTES
        && KEEPER.try_with(|keeper| {
            let free = keeper.spare.get().is_none();
            if free {
                keeper.spare.set(Some(Kept { chunk, arena }));
            }
            free
        }) == Ok(true);
    if !kept {
        // SAFETY: as said by the caller.
        unsafe { arena.free(chunk.as_ptr().cast(), bytes) }
    }
}
