//! A view of each private structure: the only way that the algorithms touch one.
//!
//! A view hands out copies of fields and moves references in and out; it never lends `&mut` into a structure, because any
//! decref or allocation may run Python code that reads or changes the same one. What was read before such a call is read
//! again after it. A view is of the thread that holds the GIL, and of no other: none of them can be sent.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let thread = example::start();
//! use pyframe_shim::view::{Frame, FrameObject, Owner};
//!
//! let generator = c"def generator(a):\n    yield a\nkept = generator(7); next(kept); frame = kept.gi_frame";
//! # use example::run;
//! let frame = run(generator, c"frame");
//! // SAFETY: the reference keeps the frame object, and `kept` the frame that it stands for.
//! unsafe {
//!     let object = FrameObject::from_raw(frame.as_ptr().cast()).expect("a frame object");
//!     let frame = Frame::from_raw(object.frame()).expect("a frame");
//!     assert_eq!(frame.owner(), Owner::Generator);
//!     assert_eq!(frame.code().expect("it runs code").slots(), 1);
//!     assert!(frame.live_slots() >= Some(1), "it is suspended");
//!     assert!(!thread.has_linked(&frame));
//! }
//! ```

mod code;
mod frame;
mod frame_object;
mod function;
mod generator;
mod thread;

pub use code::{Code, SlotKind, cells_made};
pub use frame::Frame;
pub(crate) use frame::disown;
#[cfg(feature = "capi")]
pub(crate) use frame::object_in_word;
pub use frame_object::FrameObject;
pub(crate) use function::Closure;
pub use function::Function;
pub use generator::Generator;
pub use thread::Thread;

pub use crate::version::Owner;

/// Reads a field of the structure that a view is of.
macro_rules! read {
    ($view:expr, $($field:tt)+) => {
        // SAFETY: the structure is live for as long as the view: the maker of the view has promised that.
        unsafe { (*$view.as_ptr()).$($field)+ }
    };
}

/// Writes a field of the structure that a view is of, which owns no reference by it.
macro_rules! write {
    ($view:expr, $field:ident, $value:expr) => {
        // SAFETY: the structure is live for as long as the view: the maker of the view has promised that.
        unsafe { (*$view.as_ptr()).$field = $value }
    };
}

/// Asks the version about the structure that a view is of.
macro_rules! ask {
    ($view:expr, $function:ident $(, $argument:expr)*) => {
        // SAFETY: the structure is live for as long as the view: the maker of the view has promised that.
        unsafe { crate::version::$function($view.as_ptr() $(, $argument)*) }
    };
}

use {ask, read, write};
