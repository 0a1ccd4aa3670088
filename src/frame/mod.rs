//! What is done to whole frames: their objects, their end, and the function that a shadow frame runs.

mod clear;
mod function;
mod object;
mod prefix;

pub use clear::clear;
pub use function::copy_with_new_code;
pub use object::{make_and_set, new_untracked, take_ownership};
pub(crate) use prefix::copy_free_variables;
