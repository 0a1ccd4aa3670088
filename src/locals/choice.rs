//! Locals as a fresh dict, with a choice of what is in it.

use super::slots::{FreeSource, Notes, Slots};
use super::target::{Target, new_dict};
use crate::contract::Failure;
use crate::py::{Owned, Raised};
use crate::view::Frame;
use pyo3_ffi::PyDict_Update;

/// Which locals are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Hidden ones too: variables of comprehensions that are inlined into a module or class body (3.12+).
    pub hidden: bool,
    /// No free variables.
    pub without_free: bool,
    /// Arguments, and nothing else.
    pub arguments_only: bool,
}

/// A fresh dict of them.
#[cold]
#[inline(never)]
pub(super) fn fresh_dict(frame: &Frame<'_>, choice: Choice, is_namespace: bool) -> Result<Owned, Failure> {
    // On 3.11 an allocation may run a finalizer, which may drop what the frame lies in.
    let _keeper = frame.keeper();
    let dict = new_dict()?;
    if is_namespace && !choice.arguments_only {
        add_namespace(frame, &dict)?;
    }
    let notes = Notes::default();
    let slots = Slots::of(frame, FreeSource::SlotsOrClosure, &notes)?;
    let target = Target::new(&dict, true);
    let arguments = slots.code().arguments();
    for (index, slot) in slots.iter_all().enumerate() {
        let chosen = if is_namespace {
            // The others are in the mapping.
            choice.hidden && slot.kind.is_hidden() && !choice.arguments_only
        } else {
            (choice.hidden || !slot.kind.is_hidden())
                && !(choice.without_free && slot.kind.is_free())
                && (index < arguments || !choice.arguments_only)
        };
        if chosen {
            target.write(&slot, &slots)?;
        }
    }
    slots.require_cells()?;
    Ok(dict)
}

fn add_namespace(frame: &Frame<'_>, dict: &Owned) -> Result<(), Raised> {
    let Some(namespace) = frame.locals() else { return Ok(()) };
    // SAFETY: the frame keeps its mapping; code that runs meanwhile may make it let go.
    let namespace = unsafe { Owned::from_borrowed(namespace) };
    // SAFETY: a dict and a mapping, both alive.
    match unsafe { PyDict_Update(dict.as_ptr(), namespace.as_ptr()) } {
        0 => Ok(()),
        // SAFETY: the update failed with an exception.
        _ => Err(unsafe { Raised::assume() }),
    }
}
