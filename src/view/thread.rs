//! The thread view: the frames that a thread has linked and the chunks of its data stack.

use super::{Frame, Generator, Owner, ask, read, write};
use crate::sys::{_PyErr_StackItem, _PyInterpreterFrame, _PyStackChunk, PyThreadState};
use core::ffi::{c_int, c_ulong};
use core::marker::PhantomData;
use core::ptr::NonNull;
use pyo3_ffi::{PyInterpreterState_Get, PyInterpreterState_ThreadHead, PyObject, PyThreadState_Next};

/// A view of a thread state that lives for `'t`.
pub struct Thread<'t> {
    raw: NonNull<PyThreadState>,
    alive: PhantomData<&'t PyThreadState>,
}

impl<'t> Thread<'t> {
    /// Views a thread state; `None` for NULL.
    ///
    /// # Safety
    /// `raw` is NULL or the calling thread's state; it stays alive, and the GIL is held, for `'t`.
    pub unsafe fn from_raw(raw: *mut pyo3_ffi::PyThreadState) -> Option<Self> {
        NonNull::new(raw.cast()).map(|raw| Self { raw, alive: PhantomData })
    }

    /// The calling thread's state. The process ends if the thread has none (`PyThreadState_Get`).
    ///
    /// # Safety
    /// The thread holds the GIL for `'t`.
    pub unsafe fn current() -> Self {
        // SAFETY: never NULL, and alive for as long as the thread runs this code.
        unsafe { Self { raw: NonNull::new_unchecked(pyo3_ffi::PyThreadState_Get().cast()), alive: PhantomData } }
    }

    /// The thread state.
    pub(crate) fn as_ptr(&self) -> *mut PyThreadState {
        self.raw.as_ptr()
    }

    /// The innermost frame that is linked, complete or not; NULL at the bottom.
    pub fn current_frame(&self) -> *mut _PyInterpreterFrame {
        ask!(self, current_frame)
    }

    /// The innermost linked frame that lies on the data stack; NULL if there is none. Generators' frames lie elsewhere.
    pub(crate) fn innermost_pushed(&self) -> *mut _PyInterpreterFrame {
        let mut linked = self.current_frame();
        // SAFETY: linked frames are live, and so is each one's caller.
        while let Some(frame) = unsafe { Frame::from_raw(linked) } {
            if frame.owner() == Owner::Thread {
                break;
            }
            linked = frame.previous();
        }
        linked
    }

    /// The innermost frame that may have a frame object (`_PyThreadState_GetFrame`).
    ///
    /// # Safety
    /// The view is not used when the frame has returned.
    pub unsafe fn complete_frame(&self) -> Option<Frame<'t>> {
        // SAFETY: linked frames are live, and so is each one's caller.
        unsafe { Frame::from_raw(self.current_frame())?.or_complete_caller() }
    }

    /// Whether the frame is the thread's current one, or a caller of it.
    pub fn has_linked(&self, frame: &Frame<'_>) -> bool {
        let mut linked = self.current_frame();
        // SAFETY: linked frames are live, and so is each one's caller.
        while let Some(caller) = unsafe { Frame::from_raw(linked) } {
            if linked == frame.as_ptr() {
                return true;
            }
            linked = caller.previous();
        }
        false
    }

    /// The first of this thread and the others of its interpreter that `action` returns something for, and what that is.
    pub(crate) fn find_in_any<T>(&self, action: impl Fn(&Thread<'_>) -> Option<T>) -> Option<T> {
        if let Some(found) = action(self) {
            return Some(found);
        }
        // SAFETY: the interpreter is this thread's own. Thread states come and go under the GIL, which this thread holds.
        let mut next = unsafe { PyInterpreterState_ThreadHead(PyInterpreterState_Get()) };
        // SAFETY: as above. A thread that does not hold the GIL leaves its frames and chunks as they are.
        while let Some(other) = unsafe { Thread::from_raw(next) } {
            if let Some(found) = action(&other) {
                return Some(found);
            }
            // SAFETY: as above.
            next = unsafe { PyThreadState_Next(next) };
        }
        None
    }

    /// The thread of the same interpreter that has this identifier (`threading.get_ident`).
    pub fn with_identifier(&self, identifier: c_ulong) -> Option<Self> {
        let found = self.find_in_any(|thread| (read!(thread, thread_id) == identifier).then_some(thread.raw));
        found.map(|raw| Self { raw, alive: PhantomData })
    }

    /// Leaves one level less of recursion to spend, as the interpreter does while it clears frames, until what is returned is
    /// dropped.
    pub(crate) fn spend_recursion(&self) -> Spent<'_> {
        self.change_recursion(-1);
        Spent(self)
    }

    fn change_recursion(&self, levels: c_int) {
        ask!(self, change_recursion, levels);
    }

    /// Says how the evaluation of a generator's frame has ended, which is what the generator asks when all has returned. To be
    /// the last act: whatever else runs Python code may say it of another generator.
    pub(crate) fn say_how_it_ended(&self, generator: &Generator<'_>) {
        ask!(self, say_how_it_ended, generator.as_ptr());
    }

    /// Whether the generator that has been evaluated last has yielded a value, as the thread says.
    pub(crate) fn says_that_one_yielded(&self) -> Option<bool> {
        ask!(self, says_that_one_yielded)
    }

    /// Has a profiler forget a frame that is going away.
    pub(crate) fn forget_profiled(&self, frame: &Frame<'_>) {
        ask!(self, forget_profiled, frame.as_ptr());
    }

    /// Where the interpreter keeps a chunk for the thread's next push; `None` where it keeps none.
    pub(crate) fn cached_chunk(&self) -> Option<NonNull<*mut _PyStackChunk>> {
        ask!(self, cached_chunk)
    }

    /// The chunk in use; NULL before the first push.
    pub fn chunk(&self) -> *mut _PyStackChunk {
        read!(self, datastack_chunk)
    }

    /// The first free word of the chunk in use; NULL before the first push.
    pub fn top(&self) -> *mut *mut PyObject {
        read!(self, datastack_top)
    }

    /// The end of the chunk in use; NULL before the first push.
    pub fn limit(&self) -> *mut *mut PyObject {
        read!(self, datastack_limit)
    }

    /// Moves the first free word within the chunk in use.
    pub(crate) fn set_top(&self, top: *mut *mut PyObject) {
        write!(self, datastack_top, top);
    }

    /// Changes to another chunk.
    pub(crate) fn set_chunk(&self, chunk: *mut _PyStackChunk, top: *mut *mut PyObject, limit: *mut *mut PyObject) {
        write!(self, datastack_chunk, chunk);
        write!(self, datastack_top, top);
        write!(self, datastack_limit, limit);
    }

    /// Whether the thread has raised an exception (`PyErr_Occurred`).
    pub(crate) fn has_raised(&self) -> bool {
        ask!(self, has_raised)
    }

    /// The innermost entry of the thread's stack of handled exceptions.
    pub fn exception_item(&self) -> *mut _PyErr_StackItem {
        read!(self, exc_info)
    }

    /// Changes the innermost entry of the thread's stack of handled exceptions.
    pub(crate) fn set_exception_item(&self, item: *mut _PyErr_StackItem) {
        write!(self, exc_info, item);
    }
}

/// A level of recursion that is spent.
pub(crate) struct Spent<'t>(&'t Thread<'t>);

impl Drop for Spent<'_> {
    fn drop(&mut self) {
        self.0.change_recursion(1);
    }
}
