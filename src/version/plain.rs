//! A word of a frame up to CPython 3.13: a pointer to an object, or NULL.

use crate::py::Owned;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// What a slot, or the function or code field of a frame, holds: an owned reference, or nothing.
#[repr(transparent)]
pub(crate) struct Word(*mut PyObject);

impl Word {
    /// Nothing.
    pub(crate) const EMPTY: Self = Self(ptr::null_mut());

    /// The object in it, borrowed.
    pub(crate) fn object(&self) -> Option<NonNull<PyObject>> {
        NonNull::new(self.0)
    }

    /// Takes the reference out of a place.
    ///
    /// # Safety
    /// The place is valid for reads and writes, and what it holds is its own.
    pub(crate) unsafe fn take(place: *mut Self) -> Option<Owned> {
        // SAFETY: the reference moves out of the place, says the caller.
        unsafe {
            let object = (*place).object()?;
            *place = Self::EMPTY;
            Some(Owned::from_owned(object))
        }
    }

    /// Takes the reference out of a place that is known to hold one.
    ///
    /// # Safety
    /// As [`Self::take`], and the place is not empty.
    pub(crate) unsafe fn take_full(place: *mut Self) -> Owned {
        // SAFETY: the reference moves out of the place, says the caller.
        unsafe { Owned::from_owned(NonNull::new_unchecked(place.replace(Self::EMPTY).0)) }
    }

    /// Empties a place, and releases what it owns.
    ///
    /// # Safety
    /// As [`Self::take`].
    #[inline(always)]
    pub(crate) unsafe fn release(place: *mut Self) {
        // SAFETY: as the caller says.
        drop(unsafe { Self::take(place) });
    }

    /// Puts a reference into a place.
    ///
    /// # Safety
    /// The place is valid for writes, and empty.
    pub(crate) unsafe fn put(place: *mut Self, value: Owned) {
        // SAFETY: the reference moves into the place.
        unsafe { *place = Self(value.into_ptr()) }
    }

    /// Puts a reference into a place, and takes out the one that the place owns, if it does.
    ///
    /// # Safety
    /// The place is valid for reads and writes, and what it holds is its own.
    pub(crate) unsafe fn replace(place: *mut Self, value: Owned) -> Option<Owned> {
        // SAFETY: one reference moves out of the place, and the other into it.
        unsafe {
            let held = NonNull::new(place.replace(Self(value.into_ptr())).0)?;
            Some(Owned::from_owned(held))
        }
    }

    /// Says that another place holds the same from now on, and owns it likewise: takes a reference for that.
    ///
    /// # Safety
    /// As [`Self::take`].
    pub(crate) unsafe fn share(place: *mut Self) {
        // SAFETY: as the caller says; the other place has the reference.
        if let Some(object) = unsafe { (*place).object() } {
            // SAFETY: as above.
            core::mem::forget(unsafe { Owned::from_borrowed(object) });
        }
    }
}
