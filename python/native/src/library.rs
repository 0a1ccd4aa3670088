//! The library that this module is: what it was built for, what has been called of it, and its place in the loader's order.

use crate::loaded;
use core::ffi::{CStr, c_int, c_ulonglong, c_void};
use pyframe_shim::datastack::cache;
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::runtime::BUILD;
use pyframe_shim::view::Thread;
use pyo3_ffi::*;

/// (version of the library, that of the CPython that it was built for).
pub(crate) fn build() -> Result<Owned, Raised> {
    // SAFETY: as the format says, two texts.
    unsafe { Owned::from_new(Py_BuildValue(c"(ss)".as_ptr(), BUILD.shim.as_ptr(), BUILD.python.as_ptr())) }
}

/// A dict: how often each function of the drop-in set has been called.
pub(crate) fn counters() -> Result<Owned, Raised> {
    // SAFETY: the GIL is held; a new reference, or NULL with an exception.
    let counts = unsafe { Owned::from_new(PyDict_New())? };
    for (name, calls) in pyframe_shim::calls() {
        // SAFETY: as above; the dict and the name are alive.
        unsafe {
            let calls = Owned::from_new(PyLong_FromUnsignedLongLong(calls))?;
            if PyDict_SetItemString(counts.as_ptr(), name.as_ptr(), calls.as_ptr()) < 0 {
                return Err(Raised::assume());
            }
        }
    }
    Ok(counts)
}

/// (capacity, held, hits, misses) of the chunk cache.
pub(crate) fn chunk_cache_stats() -> Result<Owned, Raised> {
    let stats = cache::statistics();
    // SAFETY: as the format says, four unsigned long longs.
    unsafe {
        let (capacity, held) = (stats.capacity as c_ulonglong, stats.held as c_ulonglong);
        Owned::from_new(Py_BuildValue(c"(KKKK)".as_ptr(), capacity, held, stats.hits, stats.misses))
    }
}

/// Whether the chunk cache is on, with so many chunks.
pub(crate) fn enable_chunk_cache(thread: &Thread<'_>, chunks: usize) -> Result<Owned, Raised> {
    let enabled = cache::enable(thread, chunks)?;
    // SAFETY: a new reference.
    unsafe { Owned::from_new(PyBool_FromLong(enabled.into())) }
}

/// The path of the library, as the loader knows it.
pub(crate) fn path() -> Option<&'static CStr> {
    let here: fn() -> Option<&'static CStr> = path;
    loaded::library_at(here as *const c_void)
}

/// Moves the library to the loader's global scope, which is searched before what is loaded from now on; false if the loader
/// does not know it.
pub(crate) fn promote() -> bool {
    const HOW: c_int = libc::RTLD_GLOBAL | libc::RTLD_NOW | libc::RTLD_NOLOAD;
    // SAFETY: the library is loaded already; nothing is run.
    path().is_some_and(|path| !unsafe { libc::dlopen(path.as_ptr(), HOW) }.is_null())
}
