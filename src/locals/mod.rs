//! Fast to locals: the values of a frame's slots by name.
//!
//! CPython: `_PyFrame_FastToLocalsWithError` (3.11), `_PyFrame_GetLocals` and `frame_get_var` (3.12), and what the
//! proxy of PEP 667 reads (3.13).
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let _thread = example::start();
//! use pyframe_shim::locals::mapping;
//! use pyframe_shim::view::{Frame, FrameObject};
//! use pyo3_ffi::{PyDict_GetItemString, PyDict_Size, PyLong_AsLong};
//!
//! let generator = c"def generator(a):\n    yield a\nkept = generator(7); next(kept); frame = kept.gi_frame";
//! # use example::run;
//! let frame = run(generator, c"frame");
//! // SAFETY: the reference keeps the frame object, and `kept` the frame that it stands for.
//! unsafe {
//!     let object = FrameObject::from_raw(frame.as_ptr().cast()).expect("a frame object");
//!     let frame = Frame::from_raw(object.frame()).expect("a frame");
//!     let locals = mapping(&frame).expect("there is memory");
//!     assert_eq!(PyDict_Size(locals.as_ptr()), 1);
//!     assert_eq!(PyLong_AsLong(PyDict_GetItemString(locals.as_ptr(), c"a".as_ptr())), 7);
//! }
//! ```

mod choice;
mod entries;
mod presence;
mod shared_names;
mod slots;
mod target;
mod template;
mod values;

pub use choice::Choice;
pub use values::{Linked, SlotContents, count, fill_values, slot, stack_depth, stack_item};

use crate::contract::Failure;
use crate::frame::copy_free_variables;
use crate::py::{Owned, Raised};
use crate::view::Frame;
use presence::{Presence, no_locals, require_there};
use pyo3_ffi::PyDict_Merge;
use slots::{FreeSource, Notes, Slot, Slots};
use target::{Target, new_dict};
use template::Made;

/// Copies free variables that the frame has not copied yet from the closure to their slots, and moves the instruction pointer
/// behind COPY_FREE_VARS; returns whether it did. [`merge`] reads them there.
///
/// # Errors
/// `SystemError` if the closure does not fit the code; `ValueError` if the frame has been cleared or is being cleared; what of
/// the contract is broken.
pub fn prepare(frame: &Frame<'_>) -> Result<bool, Failure> {
    match Presence::of(frame)? {
        Presence::There => Ok(copy_free_variables(frame)?),
        Presence::Gone | Presence::Cleared => Err(no_locals().into()),
    }
}

/// Merges the frame's locals into `f_locals`, which is made if there is none, and returns it; with hidden locals asked
/// for and any of them bound, another dict that holds both.
///
/// A name without a value is removed from the mapping. To be called behind [`prepare`].
///
/// Replaces `THP_PyFrame_GetLocals`. Source: `_PyFrame_GetLocals` (3.12).
///
/// # Errors
/// What the mapping raises, except the `KeyError` of a deletion; `MemoryError`; what of the contract is broken. Names that
/// were written into a mapping of the frame's before stay written.
pub fn merge(frame: &Frame<'_>, include_hidden: bool) -> Result<Owned, Failure> {
    // Python code that runs below may drop what the frame lies in.
    let _keeper = frame.keeper();
    let notes = Notes::default();
    let slots = Slots::of(frame, FreeSource::Slots, &notes)?;
    if frame.locals().is_none() {
        let dict = fresh_dict(&slots)?;
        // On 3.11 an allocation may run a finalizer, and that may ask for the locals of a running frame.
        if frame.locals().is_none() {
            frame.fill_locals(dict.clone());
            // Nothing is hidden in a function.
            if slots.code().is_optimized() {
                return Ok(dict);
            }
        }
    }
    // SAFETY: the frame keeps the mapping now, and Python code below may make it let go: hence a reference of our own.
    let locals = unsafe { Owned::from_borrowed(frame.locals().unwrap_unchecked()) };

    let target = Target::new(&locals, false);
    let mut hidden: Option<Owned> = None;
    for slot in slots.iter() {
        if !slot.kind.is_hidden() {
            target.write(&slot, &slots)?;
        } else if include_hidden {
            add(&mut hidden, &slot)?;
        }
    }
    slots.require_cells()?;
    match hidden {
        Some(hidden) => Ok(merged(&locals, &hidden)?),
        None => Ok(locals),
    }
}

/// A fresh dict of the frame's bound locals; the frame stays as it is. Hidden locals are left out, and free variables
/// that the frame has not copied yet are read from the closure. A frame that has ended, or is being cleared by the interpreter,
/// has none.
///
/// Replaces `get_framelocals_mapping` of PyTorch 2.5 and 2.6.
///
/// # Errors
/// `MemoryError`; `ValueError` if the frame has been cleared by [`crate::frame::clear`]; what of the contract is broken.
pub fn mapping(frame: &Frame<'_>) -> Result<Owned, Failure> {
    match Presence::of(frame)? {
        Presence::There if !frame.is_empty() => {}
        Presence::There | Presence::Gone => return Ok(new_dict()?),
        Presence::Cleared => return Err(no_locals().into()),
    }
    // On 3.11 an allocation may run a finalizer, which may drop what the frame lies in.
    let _keeper = frame.keeper();
    let notes = Notes::default();
    fresh_dict(&Slots::of(frame, FreeSource::SlotsOrClosure, &notes)?)
}

/// A fresh dict of the chosen locals that are bound; the frame stays as it is. Those of a module, class body or exec frame are
/// what its mapping holds.
///
/// The C symbol is `PyFrameShim_GetLocals`.
///
/// # Errors
/// What the mapping of such a frame raises; `MemoryError`; `ValueError` if the frame has no locals any more; what of the
/// contract is broken.
pub fn choose(frame: &Frame<'_>, choice: Choice) -> Result<Owned, Failure> {
    require_there(frame)?;
    let is_namespace = frame.code().is_some_and(|code| !code.is_optimized());
    if choice == Choice::default() && !is_namespace {
        return mapping(frame);
    }
    choice::fresh_dict(frame, choice, is_namespace)
}

/// A dict of what is bound, without what is hidden: copied from a template, or made name by name.
fn fresh_dict(slots: &Slots<'_, '_>) -> Result<Owned, Failure> {
    let made = template::make(slots)?;
    if let Made::Whole(dict) = made {
        return Ok(dict);
    }
    let dict = new_dict()?;
    let target = Target::new(&dict, true);
    for slot in slots.iter().filter(|slot| !slot.kind.is_hidden()) {
        target.write(&slot, slots)?;
    }
    slots.require_cells()?;
    if let Made::ToLearn = made {
        template::learn(slots, &dict);
    }
    Ok(dict)
}

/// Adds a hidden slot, if it is bound, to a dict of those, which is made for the first.
#[cold]
#[inline(never)]
fn add(hidden: &mut Option<Owned>, slot: &Slot) -> Result<(), Raised> {
    let Some(value) = slot.value else { return Ok(()) };
    let dict = match hidden {
        Some(dict) => dict,
        none => none.insert(new_dict()?),
    };
    Target::new(dict, true).set(slot.name, value)
}

fn merged(locals: &Owned, hidden: &Owned) -> Result<Owned, Raised> {
    let both = new_dict()?;
    for part in [locals, hidden] {
        // SAFETY: a dict and two mappings, all alive.
        if unsafe { PyDict_Merge(both.as_ptr(), part.as_ptr(), 1) } != 0 {
            // SAFETY: the merge failed with an exception.
            return Err(unsafe { Raised::assume() });
        }
    }
    Ok(both)
}
