//! CPython's reference and exception rules as types.

mod error;
mod owned;

pub(crate) use error::PendingException;
pub use error::Raised;
pub use owned::Owned;
