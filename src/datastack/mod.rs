//! The data stack: the chunks of memory that a thread's frames lie in, one behind the other.
//!
//! A chunk comes from the arena allocator. Each thread keeps one that our own pops have emptied, or the
//! interpreter does, and the process several for
//! every Python call if it is asked to ([`cache`]).
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let thread = example::start();
//! use pyframe_shim::datastack::{CHUNK_BYTES, chunk_bytes, pop, push};
//!
//! // SAFETY: popped before anything below it.
//! unsafe {
//!     let memory = push(&thread, 100).expect("there is memory");
//!     assert!(memory.as_ptr() < thread.top().cast());
//!     pop(&thread, memory).expect("it was pushed last");
//! }
//! assert_eq!(chunk_bytes(100), Some(CHUNK_BYTES));
//! assert_eq!(chunk_bytes(10_000), Some(8 * CHUNK_BYTES));
//! ```

mod arena;
pub mod cache;
mod cached;
mod size;
mod spare;
mod stack;

#[cfg(feature = "capi")]
pub(crate) use arena::Arena;
pub use size::{CHUNK_BYTES, HEADER_WORDS, LARGEST_CHUNK_BYTES, OVERHEAD_WORDS, chunk_bytes, frame_words};
pub(crate) use size::{HEADER_BYTES, WORD, frame_bytes};
pub use stack::{Location, locate, locate_in_any, pop, push};
pub(crate) use stack::{Place, lies_on_top_chunk, place};
