//! CPython's reference and exception rules as types.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! use pyframe_shim::py::Owned;
//! use pyo3_ffi::{PyDict_New, PyErr_Clear, PyErr_Occurred, PyLong_FromString};
//!
//! // SAFETY: a new reference, or NULL with an exception.
//! let dict = unsafe { Owned::from_new(PyDict_New()) };
//! assert!(dict.is_ok(), "released when it goes out of scope");
//!
//! // SAFETY: as above. What comes of a failure is proof that an exception is set.
//! let number = unsafe { Owned::from_new(PyLong_FromString(c"no number".as_ptr(), std::ptr::null_mut(), 10)) };
//! assert!(number.is_err());
//! // SAFETY: the thread holds the GIL.
//! unsafe {
//!     assert!(!PyErr_Occurred().is_null());
//!     PyErr_Clear();
//! }
//! ```

mod error;
mod owned;

pub use error::Raised;
pub(crate) use error::{ExceptionType, PendingException};
pub use owned::Owned;
