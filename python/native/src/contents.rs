//! What a frame holds, as Python objects: its slots, and who owns it.

use crate::class;
use crate::types::Types;
use core::ffi::CStr;
use core::ptr::NonNull;
use pyframe_shim::evaluate::raise;
use pyframe_shim::locals::{self, SlotContents};
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::view::{Frame, Owner};
use pyo3_ffi::*;

/// What keeps the frame's memory.
pub(crate) fn owner(frame: &Frame<'_>) -> &'static CStr {
    match frame.owner() {
        Owner::Thread => c"thread",
        Owner::Generator => c"generator",
        Owner::FrameObject => c"frame object",
        Owner::Interpreter => c"interpreter",
        Owner::Cleared => c"none",
    }
}

/// A tuple of the values by slot.
pub(crate) fn values(types: &Types, frame: &Frame<'_>) -> Result<Owned, Raised> {
    let unbound = types.unbound()?;
    tuple(frame, |slot| Ok(reference(slot.value.unwrap_or(unbound))))
}

/// A tuple of the slots.
pub(crate) fn slots(types: &Types, frame: &Frame<'_>) -> Result<Owned, Raised> {
    let unbound = types.unbound()?;
    tuple(frame, |slot| {
        let items = [
            reference(slot.name),
            class::text(kind(&slot))?,
            reference(slot.value.unwrap_or(unbound)),
            reference(slot.cell.unwrap_or_else(none)),
        ];
        class::record(types.slot(), items)
    })
}

/// What a slot is for.
pub(crate) fn kind(slot: &SlotContents) -> &'static CStr {
    match (slot.is_argument, slot.kind.is_cell(), slot.kind.is_free(), slot.kind.is_hidden()) {
        (true, true, ..) => c"argument, cell",
        (true, ..) => c"argument",
        (_, true, ..) => c"cell",
        (_, _, true, _) => c"free variable",
        (.., true) => c"hidden local",
        _ => c"local",
    }
}

/// A tuple of what is made of each slot.
fn tuple(frame: &Frame<'_>, make: impl Fn(SlotContents) -> Result<Owned, Raised>) -> Result<Owned, Raised> {
    let count = locals::count(frame).map_err(raise)?;
    class::tuple_of(count, |index| make(locals::slot(frame, index).map_err(raise)?))
}

pub(crate) fn none() -> NonNull<PyObject> {
    // SAFETY: there is always one.
    unsafe { NonNull::new_unchecked(Py_None()) }
}

pub(crate) fn reference(object: NonNull<PyObject>) -> Owned {
    // SAFETY: who asks for it has just read it, and holds the GIL.
    unsafe { Owned::from_borrowed(object) }
}
