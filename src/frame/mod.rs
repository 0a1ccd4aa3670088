//! What is done to whole frames: their objects, their end, and the function that a shadow frame runs.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! use pyframe_shim::frame::copy_with_new_code;
//! use pyframe_shim::view::Function;
//! use std::ptr::NonNull;
//!
//! # use example::run;
//! let add = run(c"def add(a, b): return a + b", c"add");
//! let multiply = run(c"def multiply(a, b): return a * b", c"multiply");
//! let [add, multiply] = [&add, &multiply].map(|object| {
//!     // SAFETY: the references keep both.
//!     unsafe { Function::from_object(NonNull::new(object.as_ptr()).expect("an object")) }.expect("a function")
//! });
//! // SAFETY: nothing gives the functions other code.
//! let code = unsafe { multiply.current_code() };
//! let copy = copy_with_new_code(add, code).expect("as many free variables: none");
//! // SAFETY: the reference keeps it.
//! let copy = unsafe { Function::from_object(NonNull::new(copy.as_ptr()).expect("an object")) }.expect("a function");
//! // SAFETY: as above.
//! assert_eq!(unsafe { copy.current_code() }.as_ptr(), code.as_ptr());
//! ```

mod clear;
mod function;
mod look;
mod object;
mod prefix;

pub use clear::{clear, clear_locals};
pub use function::{copy_with_closure, copy_with_new_code};
pub(crate) use look::{Fresh, Start, fresh, is_about_to_be_resumed, runs};
pub use look::{caller, is_complete, is_fresh, last_instruction, line, object};
pub use object::{make_and_set, new_untracked, take_ownership};
pub(crate) use prefix::copy_free_variables;
