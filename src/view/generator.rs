//! The generator view: the generator, coroutine or async generator that embeds a frame.

use super::{ask, read};
use crate::py::Owned;
use crate::sys::{_PyErr_StackItem, _PyInterpreterFrame, PyGenObject};
use crate::version::GeneratorState;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr::NonNull;
use pyo3_ffi::{Py_CLEAR, PyObject};

/// A view of a generator that lives for `'g`.
pub(crate) struct Generator<'g> {
    raw: NonNull<PyGenObject>,
    alive: PhantomData<&'g PyGenObject>,
}

impl<'g> Generator<'g> {
    /// Views the generator that embeds a frame.
    ///
    /// # Safety
    /// The frame is a generator's, which stays alive for `'g`.
    pub(crate) unsafe fn embedding(frame: NonNull<_PyInterpreterFrame>) -> Self {
        // SAFETY: the frame is a field of the generator, says the caller.
        let raw = unsafe { frame.byte_sub(offset_of!(PyGenObject, gi_iframe)) };
        Self { raw: raw.cast(), alive: PhantomData }
    }

    fn as_ptr(&self) -> *mut PyGenObject {
        self.raw.as_ptr()
    }

    /// The generator as an object, borrowed.
    pub(crate) fn object(&self) -> NonNull<PyObject> {
        self.raw.cast()
    }

    /// How far it has come.
    pub(crate) fn state(&self) -> GeneratorState {
        ask!(self, generator_state)
    }

    /// Says that it is at its end.
    pub(crate) fn set_ended(&self) {
        ask!(self, end_generator);
    }

    /// Its entry of the thread's stack of handled exceptions.
    pub(crate) fn exception_item(&self) -> *mut _PyErr_StackItem {
        // SAFETY: the field lies in the generator.
        unsafe { &raw mut (*self.as_ptr()).gi_exc_state }
    }

    /// The exception state of the caller that has resumed it, which is left out from now on.
    pub(crate) fn take_previous_item(&self) -> *mut _PyErr_StackItem {
        let previous = read!(self, gi_exc_state.previous_item);
        // SAFETY: the field lies in the generator, and owns nothing.
        unsafe { (*self.as_ptr()).gi_exc_state.previous_item = core::ptr::null_mut() };
        previous
    }

    /// Releases the exception that it was handling.
    pub(crate) fn clear_exception(&self) {
        // SAFETY: the field owns a reference, or is NULL.
        unsafe { Py_CLEAR(&raw mut (*self.as_ptr()).gi_exc_state.exc_value) }
    }

    /// A reference to it; `None` while it is being deallocated.
    pub(crate) fn keep(&self) -> Option<Owned> {
        // SAFETY: the object is alive.
        unsafe { Owned::from_living(self.object()) }
    }
}
