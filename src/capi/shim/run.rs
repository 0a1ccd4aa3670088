//! Running frames, for C.

use super::arguments::{code, frame, function_or_none, thread, value_error};
use crate::evaluate::{self, Obstacle, Options, Place};
use crate::hook::{Handle, evaluator_behind};
use crate::py::{Owned, Raised};
use crate::sys::{_PyEval_EvalFrameDefault, _PyInterpreterFrame};
use crate::view::{Code, Frame, Function, Thread};
use core::ffi::{c_char, c_int, c_uint};
use core::ptr::{self, NonNull};
use pyo3_ffi::{PyObject, PyThreadState};

/// Evaluates a frame with the interpreter's own evaluator, which consumes it.
///
/// # Safety
/// The frame was given to a hook of the calling thread, and has not been evaluated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_EvalDefault(
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    if raw.is_null() || tstate.is_null() {
        // SAFETY: the caller's promise.
        return unsafe { refuse_null(raw) };
    }
    // SAFETY: the caller's promise.
    unsafe { _PyEval_EvalFrameDefault(tstate, raw, throwflag) }
}

/// Consumes a frame that came without a thread state; `ValueError` for that, or for no frame.
///
/// # Safety
/// As [`PyFrameShim_EvalDefault`].
#[cold]
#[inline(never)]
pub(super) unsafe fn refuse_null(raw: *mut _PyInterpreterFrame) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { PyFrameShim_Return(ptr::null_mut(), raw, ptr::null_mut()) }
}

/// Whether code can run in the frame's place: 0, the number of an [`Obstacle`], or -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`]; the others are NULL or live objects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_CanEvalCode(
    raw: *mut _PyInterpreterFrame,
    throwflag: c_int,
    code: *mut PyObject,
    function: *mut PyObject,
) -> c_int {
    // SAFETY: the caller's promise.
    let (frame, arguments) = unsafe { (frame(raw), replacement(code, function)) };
    match (frame, arguments) {
        (Ok(frame), Ok((code, function))) => {
            // SAFETY: whoever has a frame holds the GIL.
            let thread = unsafe { Thread::current() };
            evaluate::obstacle(&frame, &thread, throwflag != 0, code, function).map_or(0, |obstacle| obstacle as c_int)
        }
        _ => -1,
    }
}

/// The sentence of a number of [`PyFrameShim_CanEvalCode`]: static, and never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn PyFrameShim_Reason(number: c_int) -> *const c_char {
    let sentence = match number {
        0 => c"the code can run in the frame's place",
        _ => Obstacle::ALL
            .into_iter()
            .find(|&obstacle| obstacle as c_int == number)
            .map_or(c"there is no reason of that number", Obstacle::sentence),
    };
    sentence.as_ptr()
}

/// Runs code in the frame's place, by what comes behind the hook, and consumes the frame ([`evaluate::take_over`]).
///
/// # Safety
/// The frame was given to a hook of the calling thread, and has not been evaluated; the objects are NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_EvalCode(
    hook: Handle,
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    code: *mut PyObject,
    function: *mut PyObject,
    flags: c_uint,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        if let (Some(frame), Some(thread), Some(object)) =
            (Frame::from_raw(raw), Thread::from_raw(tstate), NonNull::new(code))
            && function.is_null()
            && flags == 0
            && let Some(code) = Code::from_object(object)
            && evaluate::take_over_at_once(&frame, &thread, code)
        {
            return evaluator_behind(hook)(tstate, raw, 0);
        }
        eval_code(hook, tstate, raw, code, function, flags)
    }
}

/// As [`PyFrameShim_EvalCode`], where that is not the usual case.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn eval_code(
    hook: Handle,
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    code: *mut PyObject,
    function: *mut PyObject,
    flags: c_uint,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let Ok(frame) = frame(raw) else { return ptr::null_mut() };
        let Ok(thread) = thread(tstate) else { return finished(frame, &Thread::current(), None) };
        // Here and above, the call ends with the exception that is set.
        let Ok((code, function, options)) = arguments(code, function, flags) else {
            return finished(frame, &thread, None);
        };
        match evaluate::take_over(frame, &thread, false, code, function, options) {
            Ok(taken_over) => taken_over.evaluate(&thread, evaluator_behind(hook)),
            Err(raised) => evaluate::null(raised),
        }
    }
}

/// # Safety
/// Both are NULL or live objects.
#[inline(always)]
unsafe fn arguments<'o>(
    code: *mut PyObject,
    function: *mut PyObject,
    flags: c_uint,
) -> Result<(Code<'o>, Option<Function<'o>>, Options), Raised> {
    // SAFETY: the caller's promise.
    let (code, function) = unsafe { replacement(code, function)? };
    Ok((code, function, options(flags)?))
}

/// # Safety
/// Both are NULL or live objects.
#[inline(always)]
unsafe fn replacement<'o>(
    raw: *mut PyObject,
    function: *mut PyObject,
) -> Result<(Code<'o>, Option<Function<'o>>), Raised> {
    // SAFETY: the caller's promise.
    unsafe { Ok((code(raw)?, function_or_none(function)?)) }
}

/// `PYFRAME_SHIM_LOCALS_MERGED` and its like.
#[inline(always)]
fn options(flags: c_uint) -> Result<Options, Raised> {
    if flags == 0 {
        return Ok(Options::default());
    }
    let place = match flags & !1 {
        0 => Place::Anywhere,
        2 => Place::InPlace,
        4 => Place::Shadow,
        _ => return Err(unknown_flags()),
    };
    Ok(Options { locals_merged: flags & 1 != 0, place })
}

#[cold]
#[inline(never)]
fn unknown_flags() -> Raised {
    value_error(c"the flags are PYFRAME_SHIM_LOCALS_MERGED and one of PYFRAME_SHIM_NEVER_SHADOW and _ALWAYS_SHADOW")
}

/// Ends the call of a frame that is not evaluated ([`evaluate::finish`]); takes the result over.
///
/// # Safety
/// As [`PyFrameShim_EvalCode`]; `result` is NULL or a reference of the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_Return(
    tstate: *mut PyThreadState,
    raw: *mut _PyInterpreterFrame,
    result: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let result = NonNull::new(result).map(|result| Owned::from_owned(result));
        let Ok(frame) = frame(raw) else { return ptr::null_mut() };
        match thread(tstate) {
            Ok(thread) => finished(frame, &thread, result),
            Err(_) => finished(frame, &Thread::current(), None),
        }
    }
}

/// # Safety
/// As [`evaluate::finish`].
#[cold]
#[inline(never)]
unsafe fn finished(frame: Frame<'_>, thread: &Thread<'_>, result: Option<Owned>) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { evaluate::finish(frame, thread, result) }.map_or(ptr::null_mut(), Owned::into_ptr)
}
