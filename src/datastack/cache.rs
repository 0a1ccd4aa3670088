//! A cache of data-stack chunks for all Python calls, ours or not: an arena allocator around the one in use, which keeps a
//! few freed blocks of the size of a chunk.
//!
//! Nothing else asks the arena allocator for blocks of that size: those of pymalloc are larger. Threads of several
//! interpreters call it at once, so the blocks lie in slots that are filled and emptied by one atomic operation each.
//!
//! An arena allocator that is set after ours may call ours, or not, and there is no way to tell. So an allocator of ours is
//! never changed once it is in use: each `enable` on top of a foreign one takes the next of a few layers, and `disable` turns a
//! layer that it cannot take out into one that passes everything on.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let thread = example::start();
//! use pyframe_shim::datastack::cache;
//!
//! // False where CPython keeps a chunk itself (3.13.13, 3.14.4 and newer).
//! let enabled = cache::enable(&thread, 8).expect("1 to 64");
//! assert_eq!(cache::statistics().capacity, if enabled { 8 } else { 0 });
//! cache::disable(&thread);
//! assert_eq!(cache::statistics().held, 0);
//! ```

use super::arena::Arena;
use super::size::CHUNK_BYTES;
use crate::process::stay_loaded;
use crate::py::Raised;
use crate::version;
use crate::view::Thread;
use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use pyo3_ffi::{PyErr_SetString, PyExc_RuntimeError, PyExc_ValueError, PyObjectArenaAllocator};
use std::sync::OnceLock;

/// The most chunks that can be kept: 1 MiB.
pub const LARGEST: usize = 64;

/// How often an allocator of ours may be put around a new one.
const LAYERS: usize = 8;

type Alloc = extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Free = extern "C" fn(*mut c_void, *mut c_void, usize);

/// An arena allocator of ours.
struct Layer {
    /// Its functions know which layer they are for, so that the context can be that of the allocator below. CPython reads
    /// an allocator's context and function one after the other with no lock: while one takes the other's place, a thread
    /// with another GIL may call a function of ours with the context below, or the other way round.
    alloc: Alloc,
    free: Free,
    /// The allocator below, once this one is in use.
    below: OnceLock<Below>,
    /// How many slots may be filled; 0 passes everything on.
    capacity: AtomicUsize,
    slots: [AtomicPtr<c_void>; LARGEST],
}

struct Below(Arena);
// SAFETY: an arena allocator's functions may be called by any thread; its context is theirs to look after.
unsafe impl Send for Below {}
// SAFETY: as above.
unsafe impl Sync for Below {}

static LAYER: [Layer; LAYERS] = [
    Layer::new(alloc::<0>, free::<0>),
    Layer::new(alloc::<1>, free::<1>),
    Layer::new(alloc::<2>, free::<2>),
    Layer::new(alloc::<3>, free::<3>),
    Layer::new(alloc::<4>, free::<4>),
    Layer::new(alloc::<5>, free::<5>),
    Layer::new(alloc::<6>, free::<6>),
    Layer::new(alloc::<7>, free::<7>),
];
static HITS: AtomicU64 = AtomicU64::new(0);
static MISSES: AtomicU64 = AtomicU64::new(0);

/// What the cache has done since the process began, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// How many chunks may be kept; 0 if the cache is off.
    pub capacity: usize,
    /// How many are kept now, of [`CHUNK_BYTES`] each.
    pub held: usize,
    /// Chunks that were asked for and found.
    pub hits: u64,
    /// Chunks that were asked for and had to be allocated.
    pub misses: u64,
}

impl Layer {
    const fn new(alloc: Alloc, free: Free) -> Self {
        let slots = [const { AtomicPtr::new(ptr::null_mut()) }; LARGEST];
        Self { alloc, free, below: OnceLock::new(), capacity: AtomicUsize::new(0), slots }
    }

    /// This layer around the allocator below it.
    fn arena(&self) -> Arena {
        let functions =
            PyObjectArenaAllocator { ctx: self.below().context(), alloc: Some(self.alloc), free: Some(self.free) };
        Arena::new(functions)
    }

    /// Whether an allocator is this layer.
    fn is(&self, arena: &Arena) -> bool {
        self.below.get().is_some() && self.arena() == *arena
    }

    fn below(&self) -> &Arena {
        &self.below.get().expect("an allocator in use has one below").0
    }

    /// A block from a slot.
    fn take(&self) -> Option<*mut c_void> {
        self.slots[..self.capacity.load(SeqCst)].iter().find_map(|slot| {
            // Looked at first: a read is cheap, and most slots are empty or not.
            let full = !slot.load(Relaxed).is_null();
            let block = if full { slot.swap(ptr::null_mut(), SeqCst) } else { ptr::null_mut() };
            (!block.is_null()).then_some(block)
        })
    }

    /// Puts a block into a slot; false if there is none for it.
    fn put(&self, block: *mut c_void) -> bool {
        let empty = |slot: &&AtomicPtr<c_void>| {
            slot.load(Relaxed).is_null() && slot.compare_exchange(ptr::null_mut(), block, SeqCst, Relaxed).is_ok()
        };
        let Some(slot) = self.slots[..self.capacity.load(SeqCst)].iter().position(|slot| empty(&slot)) else {
            return false;
        };
        if slot >= self.capacity.load(SeqCst) {
            // The cache was made smaller in between, and may have been emptied before this slot was filled.
            self.empty_from(slot);
        }
        true
    }

    /// Keeps at most so many blocks from now on.
    fn resize(&self, capacity: usize) {
        self.capacity.store(capacity, SeqCst);
        self.empty_from(capacity);
    }

    fn empty_from(&self, first: usize) {
        for slot in &self.slots[first..] {
            let block = slot.swap(ptr::null_mut(), SeqCst);
            if !block.is_null() {
                // SAFETY: it came from the allocator below, and the swap has made it ours.
                unsafe { self.below().free(block, CHUNK_BYTES) }
            }
        }
    }

    fn held(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.load(Relaxed).is_null()).count()
    }
}

extern "C" fn alloc<const NUMBER: usize>(_context: *mut c_void, bytes: usize) -> *mut c_void {
    let layer = &LAYER[NUMBER];
    if bytes != CHUNK_BYTES || layer.capacity.load(Relaxed) == 0 {
        return layer.below().alloc(bytes);
    }
    if let Some(block) = layer.take() {
        HITS.fetch_add(1, Relaxed);
        return block;
    }
    MISSES.fetch_add(1, Relaxed);
    layer.below().alloc(bytes)
}

extern "C" fn free<const NUMBER: usize>(_context: *mut c_void, memory: *mut c_void, bytes: usize) {
    let layer = &LAYER[NUMBER];
    if bytes != CHUNK_BYTES || memory.is_null() || !layer.put(memory) {
        // SAFETY: the memory came from the allocator below, through us or before we were there.
        unsafe { layer.below().free(memory, bytes) }
    }
}

/// Keeps up to `chunks` freed chunks (of [`CHUNK_BYTES`]) for the calls that need one next, in any thread and interpreter
/// of the process; enabled already, changes how many. Returns whether it did: false, and nothing is done, where CPython
/// keeps a chunk itself (3.13.13, 3.14.4 and newer).
///
/// The library stays loaded from now on. What the cache holds at the end of the process is left to the system.
///
/// # Errors
/// `ValueError` if `chunks` is 0 or more than [`LARGEST`]; `RuntimeError` if other arena allocators have been put on top of
/// ours too often.
pub fn enable(_thread: &Thread<'_>, chunks: usize) -> Result<bool, Raised> {
    if chunks == 0 || chunks > LARGEST {
        // SAFETY: an exception class that lives as long as the process.
        return Err(raise(unsafe { PyExc_ValueError }, c"a chunk cache keeps 1 to 64 chunks"));
    }
    if version::keeps_a_chunk() {
        return Ok(false);
    }
    let current = Arena::current();
    let in_use = LAYER.iter().find(|layer| layer.is(&current));
    // One that was taken out again is as good as new where it has been. Interpreters that each have a GIL may come
    // here at once: a layer's place is then decided by the thread that fills it first.
    let free = || LAYER.iter().find(|layer| layer.below.get_or_init(|| Below(current)).0 == current);
    let Some(layer) = in_use.or_else(free) else {
        const FULL: &CStr = c"the arena allocator has been replaced too often for another chunk cache";
        // SAFETY: as above.
        return Err(raise(unsafe { PyExc_RuntimeError }, FULL));
    };
    stay_loaded();
    for other in &LAYER {
        if !ptr::eq(other, layer) && other.below.get().is_some() {
            other.resize(0);
        }
    }
    layer.resize(chunks);
    if in_use.is_none() {
        layer.arena().install();
    }
    Ok(true)
}

/// Gives the kept chunks back and keeps no more. The arena allocator is what it was before, unless another has been
/// set since: then ours stays below that one, and passes everything on.
pub fn disable(_thread: &Thread<'_>) {
    let current = Arena::current();
    for layer in LAYER.iter().filter(|layer| layer.below.get().is_some()) {
        if layer.is(&current) {
            layer.below().install();
        }
        layer.resize(0);
    }
}

/// What the cache has done, and what it holds. Counts of threads that run at the same time may be missing.
pub fn statistics() -> Statistics {
    Statistics {
        capacity: LAYER.iter().map(|layer| layer.capacity.load(Relaxed)).max().unwrap_or(0),
        held: LAYER.iter().map(Layer::held).sum(),
        hits: HITS.load(Relaxed),
        misses: MISSES.load(Relaxed),
    }
}

fn raise(kind: *mut pyo3_ffi::PyObject, message: &CStr) -> Raised {
    // SAFETY: sets the exception of the calling thread, which holds the GIL.
    unsafe {
        PyErr_SetString(kind, message.as_ptr());
        Raised::assume()
    }
}
