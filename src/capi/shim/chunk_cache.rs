//! The chunk cache, for C.

use super::sized::fill;
use crate::datastack::cache::{self, Statistics};
use crate::view::Thread;
use core::ffi::{c_int, c_ulonglong};

/// Keeps up to `chunks` freed chunks for any call to use ([`cache::enable`]): 1, or 0 if CPython does so itself, or
/// -1 with an exception.
///
/// # Safety
/// The calling thread holds the GIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_EnableChunkCache(chunks: usize) -> c_int {
    // SAFETY: the GIL is held, says the caller.
    let thread = unsafe { Thread::current() };
    cache::enable(&thread, chunks).map_or(-1, c_int::from)
}

/// Gives the kept chunks back and keeps no more ([`cache::disable`]).
///
/// # Safety
/// The calling thread holds the GIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_DisableChunkCache() {
    // SAFETY: the GIL is held, says the caller.
    cache::disable(&unsafe { Thread::current() });
}

/// `PyFrameShim_ChunkCacheStats` of `include/pyframe_shim.h`.
#[repr(C)]
pub struct CStatistics {
    size: usize,
    capacity: usize,
    held: usize,
    hits: c_ulonglong,
    misses: c_ulonglong,
}

/// Fills as much of `stats` as its `size`, which the caller sets, says that there is, and corrects `size` if it is more
/// than that. Needs no GIL.
///
/// # Safety
/// `stats` is valid for reads of its `size` and for writes of as many bytes as that says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetChunkCacheStats(stats: *mut CStatistics) {
    let Statistics { capacity, held, hits, misses } = cache::statistics();
    // SAFETY: the first field is there, says the caller.
    let size = unsafe { (*stats).size }.min(size_of::<CStatistics>());
    let full = CStatistics { size, capacity, held, hits, misses };
    // SAFETY: that many bytes may be written, says the caller.
    unsafe { fill(stats, &full, size) }
}
