//! The generator view: the generator, coroutine or async generator that embeds a frame.

use super::{ask, read};
use crate::py::Owned;
use crate::sys::{_PyErr_StackItem, _PyInterpreterFrame, PyGenObject};
use crate::version::GeneratorState;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr::NonNull;
use pyo3_ffi::{Py_CLEAR, PyAsyncGen_CheckExact, PyCoro_CheckExact, PyGen_Check, PyObject};

/// A view of a generator that lives for `'g`.
pub struct Generator<'g> {
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

    /// Views an object; `None` if it is neither a generator nor a coroutine nor an async generator.
    ///
    /// # Safety
    /// The object stays alive, and the GIL is held, for `'g`.
    pub unsafe fn from_object(object: NonNull<PyObject>) -> Option<Self> {
        // SAFETY: the object is alive, says the caller.
        let is_one = unsafe {
            let object = object.as_ptr();
            PyGen_Check(object) != 0 || PyCoro_CheckExact(object) != 0 || PyAsyncGen_CheckExact(object) != 0
        };
        is_one.then(|| Self { raw: object.cast(), alive: PhantomData })
    }

    /// The frame that it embeds; `None` where that has ended.
    pub fn frame(&self) -> Option<NonNull<_PyInterpreterFrame>> {
        // SAFETY: the field lies in the generator.
        let frame = unsafe { self.raw.byte_add(offset_of!(PyGenObject, gi_iframe)) };
        let has_ended = matches!(self.state(), GeneratorState::Completed | GeneratorState::Cleared);
        (!has_ended).then_some(frame.cast())
    }

    pub(super) fn as_ptr(&self) -> *mut PyGenObject {
        self.raw.as_ptr()
    }

    /// The generator as an object, borrowed.
    pub fn object(&self) -> NonNull<PyObject> {
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
    pub fn keep(&self) -> Option<Owned> {
        // SAFETY: the object is alive.
        unsafe { Owned::from_living(self.object()) }
    }
}
