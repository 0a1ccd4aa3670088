//! The data stack: the chunks of memory that a thread's frames lie in, one behind the other.
//!
//! A chunk comes from the arena allocator ([`Arena`]). Each thread keeps one that our own pops have emptied (`spare`), and the
//! process several for every Python call if it is asked to ([`cache`]).

mod arena;
pub mod cache;
mod size;
mod spare;
mod stack;

pub(crate) use arena::Arena;
pub use size::{CHUNK_BYTES, LARGEST_CHUNK_BYTES, OVERHEAD_WORDS, chunk_bytes};
pub(crate) use size::{HEADER_BYTES, frame_bytes};
pub(crate) use stack::{Place, lies_on_top_chunk, place};
pub use stack::{pop, push};
