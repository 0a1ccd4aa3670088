//! The mapping that locals are written to: any mapping, with a shorter way for a real dict.

use super::slots::{Slot, Slots};
use crate::py::{Owned, Raised};
use crate::sys::_PyDict_SetItem_KnownHash;
use crate::version;
use core::ffi::c_int;
use core::ptr::NonNull;
use pyo3_ffi::{
    PyASCIIObject, PyDict_CheckExact, PyDict_Contains, PyDict_DelItem, PyDict_New, PyErr_Clear, PyErr_ExceptionMatches,
    PyExc_KeyError, PyObject, PyObject_DelItem, PyObject_SetItem,
};

/// A mapping to write names to.
pub(super) struct Target<'m> {
    mapping: &'m Owned,
    is_dict: bool,
    /// Made empty for this purpose: only what has been set since can be in it.
    is_fresh: bool,
}

impl<'m> Target<'m> {
    pub(super) fn new(mapping: &'m Owned, is_fresh: bool) -> Self {
        // SAFETY: the mapping is alive.
        let is_dict = unsafe { PyDict_CheckExact(mapping.as_ptr()) } != 0;
        Self { mapping, is_dict, is_fresh }
    }

    /// Gives the slot's name its value, or makes sure that it has none.
    ///
    /// The compiler gives two slots one name only where the later of them is a free variable's and the other belongs to
    /// an inlined comprehension (3.12+). CPython 3.12 then writes the one after the other, 3.13 shows the first bound one.
    /// `code.replace` can give any slots one name: of those that are no free variables', the last bound one is shown.
    #[inline(always)]
    pub(super) fn write(&self, slot: &Slot, slots: &Slots<'_, '_>) -> Result<(), Raised> {
        let second = version::FIRST_BOUND_SLOT_WINS && slot.kind.is_free();
        match slot.value {
            _ if second && self.is_written(slot.name, slots)? => Ok(()),
            Some(value) => self.set(slot.name, value),
            // Nothing to remove from what was empty before, unless another slot has written it.
            None if self.is_fresh && !slot.kind.is_free() => Ok(()),
            None => self.remove(slot, slots),
        }
    }

    /// Gives the name its value.
    #[inline(always)]
    pub(super) fn set(&self, name: *mut PyObject, value: NonNull<PyObject>) -> Result<(), Raised> {
        let mapping = self.mapping.as_ptr();
        let failed = if self.is_dict {
            // SAFETY: a dict takes its own reference to the value before it runs any code. The name is interned, and so its
            // hash is known.
            unsafe {
                let hash = (*name.cast::<PyASCIIObject>()).hash;
                debug_assert_ne!(hash, -1);
                _PyDict_SetItem_KnownHash(mapping, name, value.as_ptr(), hash)
            }
        } else {
            // The value is borrowed from a slot or a cell, which the mapping's own code may empty: keep it alive.
            // SAFETY: the value is alive, and so are the mapping and the name.
            unsafe {
                let value = Owned::from_borrowed(value);
                PyObject_SetItem(mapping, name, value.as_ptr())
            }
        };
        status(failed)
    }

    /// Whether another slot has given the name its value.
    fn is_written(&self, name: *mut PyObject, slots: &Slots<'_, '_>) -> Result<bool, Raised> {
        if !self.is_fresh {
            return Ok(slots.has_value(name));
        }
        // PyDict_SetDefault would do both in one, but loses the MemoryError on 3.13.0.
        // SAFETY: a fresh mapping is a dict, and the name is alive.
        match unsafe { PyDict_Contains(self.mapping.as_ptr(), name) } {
            -1 => status(-1).map(|()| false),
            found => Ok(found == 1),
        }
    }

    /// Makes sure that the name of an unbound slot has no value, unless another slot has given it one. A `KeyError` while it is
    /// removed means that it had none.
    fn remove(&self, slot: &Slot, slots: &Slots<'_, '_>) -> Result<(), Raised> {
        let (mapping, name) = (self.mapping.as_ptr(), slot.name);
        let has_another = || !slot.kind.is_free() && slots.has_value(name);
        // SAFETY: the mapping and the name are alive. A dict is asked first: the exception costs more than the look.
        let failed = unsafe {
            match if self.is_dict { PyDict_Contains(mapping, name) } else { 1 } {
                1 if has_another() => 0,
                1 if self.is_dict => PyDict_DelItem(mapping, name),
                1 => PyObject_DelItem(mapping, name),
                outcome => outcome,
            }
        };
        // SAFETY: asked only if an exception is set.
        if failed != 0 && unsafe { PyErr_ExceptionMatches(PyExc_KeyError) } != 0 {
            // SAFETY: the calling thread's exception, just looked at.
            unsafe { PyErr_Clear() };
            return Ok(());
        }
        status(failed)
    }
}

/// An empty dict.
pub(super) fn new_dict() -> Result<Owned, Raised> {
    // SAFETY: a new reference, or NULL with an exception.
    unsafe { Owned::from_new(PyDict_New()) }
}

fn status(failed: c_int) -> Result<(), Raised> {
    match failed {
        0 => Ok(()),
        // SAFETY: CPython's functions set an exception when they fail.
        _ => Err(unsafe { Raised::assume() }),
    }
}
