//! The frame object view.

use super::{read, write};
use crate::py::{Owned, Raised};
use crate::sys::{_PyInterpreterFrame, PyFrameObject};
use crate::version;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyFrame_Check, PyFrame_Type, PyObject, PyObject_GC_IsTracked, PyObject_GC_NewVar, PyObject_GC_Track};

/// A view of a frame object that lives for `'o`.
#[derive(Clone, Copy)]
pub struct FrameObject<'o> {
    raw: NonNull<PyFrameObject>,
    alive: PhantomData<&'o PyFrameObject>,
}

impl<'o> FrameObject<'o> {
    /// Views a frame object; `None` for NULL.
    ///
    /// # Safety
    /// `raw` is NULL or a frame object that stays alive, and the GIL is held, for `'o`.
    pub unsafe fn from_raw(raw: *mut PyFrameObject) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw, alive: PhantomData })
    }

    /// Views an object; `None` if it is no frame object.
    ///
    /// # Safety
    /// The object stays alive, and the GIL is held, for `'o`.
    pub unsafe fn from_object(object: NonNull<PyObject>) -> Option<Self> {
        // SAFETY: the object is alive, says the caller.
        let is_frame = unsafe { PyFrame_Check(object.as_ptr()) } != 0;
        is_frame.then(|| Self { raw: object.cast(), alive: PhantomData })
    }

    /// Views the frame object whose data a frame is.
    ///
    /// # Safety
    /// The frame is owned by a frame object, which stays alive for `'o`.
    pub(crate) unsafe fn embedding(frame: NonNull<_PyInterpreterFrame>) -> Self {
        // SAFETY: the frame lies in the object, says the caller.
        let raw = unsafe { frame.byte_sub(offset_of!(PyFrameObject, _f_frame_data)) };
        Self { raw: raw.cast(), alive: PhantomData }
    }

    /// Makes an untracked frame object with room for a frame of so many slots. Its fields are set, except the frame.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn make(slots: usize) -> Result<Owned, Raised> {
        // SAFETY: a new reference, or NULL with an exception; the object is ours until it is returned.
        unsafe {
            let object =
                Owned::from_new(PyObject_GC_NewVar::<PyObject>((&raw mut PyFrame_Type).cast(), slots as isize))?;
            let fields: *mut PyFrameObject = object.as_ptr().cast();
            (*fields).f_back = ptr::null_mut();
            (*fields).f_trace = ptr::null_mut();
            (*fields).f_lineno = 0;
            (*fields).f_trace_lines = 1;
            (*fields).f_trace_opcodes = 0;
            version::init_frame_object(fields);
            Ok(object)
        }
    }

    /// Views the object that a reference is to.
    ///
    /// # Safety
    /// It is a frame object.
    pub(crate) unsafe fn of(reference: &'o Owned) -> Self {
        // SAFETY: a reference is not NULL, and keeps the object alive.
        Self { raw: unsafe { NonNull::new_unchecked(reference.as_ptr().cast()) }, alive: PhantomData }
    }

    /// The frame object.
    pub fn as_ptr(self) -> *mut PyFrameObject {
        self.raw.as_ptr()
    }

    /// The frame object as an object, borrowed.
    pub(crate) fn object(self) -> NonNull<PyObject> {
        self.raw.cast()
    }

    /// The interpreter frame that it stands for.
    pub fn frame(self) -> *mut _PyInterpreterFrame {
        read!(self, f_frame)
    }

    /// Says for which interpreter frame it stands.
    pub(crate) fn set_frame(self, frame: *mut _PyInterpreterFrame) {
        write!(self, f_frame, frame);
    }

    /// Its own room for an interpreter frame.
    pub(crate) fn data(self) -> *mut _PyInterpreterFrame {
        // SAFETY: the field lies in the object.
        unsafe { (&raw mut (*self.as_ptr())._f_frame_data).cast() }
    }

    /// Whether it knows its caller's frame object.
    pub(crate) fn has_back(self) -> bool {
        !read!(self, f_back).is_null()
    }

    /// Stores its caller's frame object, where none is stored yet.
    pub(crate) fn set_back(self, back: FrameObject<'_>) {
        debug_assert!(!self.has_back());
        // SAFETY: the caller's frame object is alive.
        let back = unsafe { Owned::from_borrowed(back.object()) };
        write!(self, f_back, back.into_ptr().cast());
    }

    /// Has the collector track it.
    pub(crate) fn track(self) {
        // SAFETY: a live object that the collector may see, complete by now.
        unsafe {
            if PyObject_GC_IsTracked(self.object().as_ptr()) == 0 {
                PyObject_GC_Track(self.as_ptr().cast());
            }
        }
    }

    /// A reference to it; `None` while it is being deallocated.
    pub(crate) fn keep(self) -> Option<Owned> {
        // SAFETY: the object is alive.
        unsafe { Owned::from_living(self.object()) }
    }
}
