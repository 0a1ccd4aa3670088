//! Looking at frames, for C.

use super::arguments::{borrowed, frame, new_or_null, thread, type_error};
use crate::evaluate::raise;
use crate::frame;
use crate::py::Owned;
use crate::sys::_PyInterpreterFrame;
use crate::view::{Code, Frame, FrameObject, Function, Generator, Owner, Thread};
use core::ffi::c_int;
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyObject, PyThreadState};

/// The code, borrowed; quiet NULL for an entry frame and a cleared one.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Code(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    borrowed(unsafe { told(raw, |frame| frame.code().map(Code::object)) })
}

/// The function, borrowed; quiet NULL where the frame has none.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Function(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    borrowed(unsafe { told(raw, |frame| frame.function().map(Function::object)) })
}

/// The global namespace, borrowed; quiet NULL for an entry frame and a cleared one.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Globals(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    borrowed(unsafe { told(raw, |frame| frame.globals()) })
}

/// The builtins, borrowed; quiet NULL for an entry frame and a cleared one.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Builtins(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    borrowed(unsafe { told(raw, |frame| frame.builtins()) })
}

/// The mapping of a module, class body or exec frame, borrowed; quiet NULL for any other.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Namespace(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    borrowed(unsafe {
        told(raw, |frame| frame.locals().filter(|_| frame.code().is_some_and(|code| !code.is_optimized())))
    })
}

/// What a frame says of itself; `None` for an entry frame and a cleared one, whose fields are not set, or lead to what is gone.
///
/// # Safety
/// As [`Frame::from_raw`].
#[inline(always)]
unsafe fn told<'f, T>(raw: *mut _PyInterpreterFrame, question: impl FnOnce(&Frame<'f>) -> Option<T>) -> Option<T> {
    // SAFETY: the caller's promise.
    let frame = unsafe { frame(raw) }.ok()?;
    if matches!(frame.owner(), Owner::Interpreter | Owner::Cleared) { None } else { question(&frame) }
}

/// The byte offset of the instruction that was begun last; -1 before the first, or with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Lasti(raw: *mut _PyInterpreterFrame) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { told(raw, |frame| Some(frame::last_instruction(frame) as c_int)) }.unwrap_or(-1)
}

/// The line; -1 if there is none, or with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Line(raw: *mut _PyInterpreterFrame) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { told(raw, frame::line) }.unwrap_or(-1)
}

/// What keeps the frame's memory: a number of the header's; -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Owner(raw: *mut _PyInterpreterFrame) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { frame(raw) }.map_or(-1, |frame| match frame.owner() {
        Owner::Thread => 0,
        Owner::Generator => 1,
        Owner::FrameObject => 2,
        Owner::Interpreter => 3,
        Owner::Cleared => 4,
    })
}

/// Whether nothing of the frame has run: 1 or 0; -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_IsFresh(raw: *mut _PyInterpreterFrame, throwflag: c_int) -> c_int {
    // SAFETY: the caller's promise; whoever has a frame holds the GIL.
    unsafe { frame(raw).map_or(-1, |frame| c_int::from(throwflag == 0 && frame::is_fresh(&frame, &Thread::current()))) }
}

/// Whether the frame has come to its first RESUME: 1 or 0; -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_IsComplete(raw: *mut _PyInterpreterFrame) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { frame(raw) }.map_or(-1, |frame| c_int::from(frame::is_complete(&frame)))
}

/// The thread's innermost complete frame; quiet NULL at the bottom.
///
/// # Safety
/// `raw` is NULL or a live thread state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_CurrentFrame(raw: *mut PyThreadState) -> *mut _PyInterpreterFrame {
    // SAFETY: the caller's promise.
    let frame = unsafe { thread(raw).ok().and_then(|thread| thread.complete_frame()) };
    frame.map_or(ptr::null_mut(), |frame| frame.as_ptr())
}

/// The frame's nearest complete caller; quiet NULL at the bottom.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Previous(raw: *mut _PyInterpreterFrame) -> *mut _PyInterpreterFrame {
    // SAFETY: the caller's promise; whoever has a frame holds the GIL.
    let caller = unsafe {
        let thread = Thread::current();
        frame(raw).ok().and_then(|frame| frame::caller(&frame, &thread))
    };
    caller.map_or(ptr::null_mut(), |frame| frame.as_ptr())
}

/// The frame that a frame object stands for; quiet NULL if it stands for none.
///
/// # Safety
/// `object` is NULL or a live object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_FromFrameObject(object: *mut PyObject) -> *mut _PyInterpreterFrame {
    // SAFETY: the caller's promise.
    let view = NonNull::new(object).and_then(|object| unsafe { FrameObject::from_object(object) });
    match view {
        Some(view) => view.frame(),
        None => {
            let _ = type_error(c"a frame object is wanted");
            ptr::null_mut()
        }
    }
}

/// The frame of a generator, coroutine or async generator; quiet NULL where it has come to its end.
///
/// # Safety
/// `object` is NULL or a live object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_FromGenerator(object: *mut PyObject) -> *mut _PyInterpreterFrame {
    // SAFETY: the caller's promise.
    let view = NonNull::new(object).and_then(|object| unsafe { Generator::from_object(object) });
    match view {
        Some(generator) => generator.frame().map_or(ptr::null_mut(), NonNull::as_ptr),
        None => {
            let _ = type_error(c"a generator, coroutine or async generator is wanted");
            ptr::null_mut()
        }
    }
}

/// The frame's object: a new reference, or NULL with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetFrameObject(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    new_or_null(unsafe { frame(raw) }.and_then(|frame| frame::object(&frame).map_err(raise)))
}

/// The generator that the frame belongs to: a new reference; quiet NULL if there is none.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetGenerator(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let frame = unsafe { frame(raw) };
    let generator = frame.ok().and_then(|frame| frame.generator()).and_then(|generator| generator.keep());
    generator.map_or(ptr::null_mut(), Owned::into_ptr)
}
