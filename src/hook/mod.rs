//! Hooks of frame evaluation (PEP 523) that live together: several of ours, and those of others, in one interpreter.
//!
//! An interpreter has one evaluation function, which is not told for whom it is called. So each hook gets a function of its
//! own, which knows the hook, and what was the evaluation function before it: together they are a chain. A hook passes a frame
//! on to what comes behind it.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! # use example::run;
//! use pyframe_shim::hook::{Call, Evaluated, install_hook};
//! use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
//!
//! static FRAMES: AtomicUsize = AtomicUsize::new(0);
//! fn count(call: Call<'_>) -> Evaluated<'_> {
//!     FRAMES.fetch_add(1, Relaxed);
//!     call.run()
//! }
//!
//! let installed = install_hook(count).expect("there is memory");
//! run(c"def function(): pass\nfor _ in range(10): function()", c"function");
//! drop(installed);
//! assert_eq!(FRAMES.load(Relaxed), 11);
//! run(c"function()", c"function");
//! assert_eq!(FRAMES.load(Relaxed), 11);
//! ```

mod ask;
mod call;
mod chain;
mod ending;
mod foreign;
mod next;
mod slot;

pub use ask::CodeHookFunction;
pub use call::{Call, Evaluated, Hook, Installed, Value, install_hook};
pub use chain::{install, install_code_hook, remove};
pub use next::{eval_next, evaluator_behind};
pub use slot::{Handle, HookFunction, say_how_it_ended};
