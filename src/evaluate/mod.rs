//! Other code in a fresh frame's place, and the end of a frame that is not evaluated.
//!
//! A hook that takes a frame over has it run other code *in place*: the frame is given the code, and is evaluated itself. Only
//! where its chunk of the data stack has no room for the code, or others hold its frame object, is the frame moved to a
//! *shadow frame*, and that one evaluated. Either way the frame is consumed, as the interpreter's own evaluator would.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! # use example::run;
//! use pyframe_shim::hook::{Call, Evaluated, Hook, install_hook};
//! use pyframe_shim::py::Owned;
//! use pyo3_ffi::{PyLong_AsLong, PyObject};
//! use std::ptr::NonNull;
//!
//! /// Runs one code in the place of another.
//! struct Replace([usize; 2]);
//!
//! impl Hook for Replace {
//!     fn evaluate<'c>(&self, call: Call<'c>) -> Evaluated<'c> {
//!         let Self([wanted, other]) = *self;
//!         if call.code().is_none_or(|code| code.as_ptr() as usize != wanted) {
//!             return call.run();
//!         }
//!         // SAFETY: the code is kept for as long as the hook is installed.
//!         let other = unsafe { Owned::from_borrowed(NonNull::new_unchecked(other as *mut PyObject)) };
//!         call.run_code(other, None)
//!     }
//! }
//!
//! let source = c"def twice(a): return 2 * a\ndef thrice(a): return 3 * a\nown, other = twice.__code__, thrice.__code__";
//! let codes = [run(source, c"own"), run(c"", c"other")];
//! let installed = install_hook(Replace(codes.each_ref().map(|code| code.as_ptr() as usize))).expect("there is memory");
//! let six = run(c"found = twice(2)", c"found");
//! drop(installed);
//! // SAFETY: an int.
//! assert_eq!(unsafe { PyLong_AsLong(six.as_ptr()) }, 6);
//! ```

mod end;
mod fit;
mod give;
mod options;
mod quick;
mod shadow;
mod take;
mod taken;

pub(crate) use end::{abandon, null};
pub use end::{discard, finish, raise};
pub use fit::{Obstacle, obstacle};
pub use options::{Options, Place};
pub use quick::take_over_at_once;
pub use take::take_over;
pub use taken::TakenOver;
