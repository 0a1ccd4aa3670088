//! Proof that the mirrors fit the running interpreter: a known frame, seen through them and through the public API.
//!
//! A patch release may move fields (3.13.13 added one to the thread state), so the proof is made at run time, on the
//! interpreter that the library is in.

use super::build::BUILD;
use super::running::running_version;
use crate::py::{Owned, Raised};
use crate::version;
use crate::view::{Frame, FrameObject, Function, Owner, Thread};
use core::ffi::CStr;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    Py_CompileString, Py_DECREF, Py_None, Py_file_input, PyCFunction_NewEx, PyDict_New, PyDict_SetItemString,
    PyErr_Occurred, PyEval_EvalCode, PyFrame_GetBack, PyFrame_GetCode, PyIter_Next, PyLong_AsLong, PyMethodDef,
    PyMethodDefPointer, PyObject, PyObject_GetAttrString, PyThreadState_Get, PyThreadState_GetFrame, PyTuple_GET_ITEM,
    PyTuple_GET_SIZE, PyUnicode_FromString,
};

/// A function whose frame is known: two arguments, of which one becomes a cell, and a caller that is known too; and a generator
/// that yields once. It needs no builtins, and imports nothing: the program that it runs in may have replaced those.
const PROBE: &CStr = c"
def caller():
    def known(marker, kept):
        keep = lambda: kept
        inspect(marker, known, once())
    known(marker, kept)
def once():
    yield
caller()
";

/// Makes the frame and inspects it.
///
/// # Errors
/// `ImportError` naming what does not fit, or whatever kept the probe from running.
pub(crate) fn check(_thread: &Thread<'_>) -> Result<(), Raised> {
    let namespace = namespace()?;
    // SAFETY: new references, or NULL with an exception.
    unsafe {
        let code = Owned::from_new(Py_CompileString(PROBE.as_ptr(), c"<pyframe-shim probe>".as_ptr(), Py_file_input))?;
        let result = PyEval_EvalCode(code.as_ptr(), namespace.as_ptr(), namespace.as_ptr());
        if result.is_null() && PyErr_Occurred().is_null() {
            // CPython up to 3.13 loses an exception on its way out of a frame if memory runs out there.
            return Err(Raised::no_memory());
        }
        Owned::from_new(result)?;
    }
    Ok(())
}

/// What the probe sees: an empty dict of builtins; a name, since a tracer of calls may ask for one.
fn namespace() -> Result<Owned, Raised> {
    // SAFETY: each call returns a new reference, or NULL with an exception; the method table's entry lives for ever.
    unsafe {
        let namespace = Owned::from_new(PyDict_New())?;
        let entries = [
            (c"__builtins__", PyDict_New()),
            (c"__name__", PyUnicode_FromString(c"pyframe_shim".as_ptr())),
            (c"inspect", PyCFunction_NewEx((&raw const INSPECT.0).cast_mut(), ptr::null_mut(), ptr::null_mut())),
            (c"marker", PyDict_New()),
            (c"kept", PyDict_New()),
        ];
        // All of them are ours before the first failure is returned.
        for (name, value) in entries.map(|(name, value)| (name, Owned::from_new(value))) {
            if PyDict_SetItemString(namespace.as_ptr(), name.as_ptr(), value?.as_ptr()) != 0 {
                return Err(Raised::assume());
            }
        }
        Ok(namespace)
    }
}

struct Method(PyMethodDef);
// SAFETY: the entry is never written to.
unsafe impl Sync for Method {}

static INSPECT: Method = Method(PyMethodDef {
    ml_name: c"inspect".as_ptr(),
    ml_meth: PyMethodDefPointer { PyCFunction: inspect },
    ml_flags: pyo3_ffi::METH_VARARGS,
    ml_doc: ptr::null(),
});

/// Called by the probe from the frame under proof.
unsafe extern "C" fn inspect(_module: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: METH_VARARGS passes a tuple, and the probe passes these three; the calling thread's frame, a new reference, is
    // there, as Python code calls this.
    let differing = unsafe {
        debug_assert_eq!(PyTuple_GET_SIZE(arguments), 3);
        let [marker, function, generator] = [0, 1, 2].map(|index| PyTuple_GET_ITEM(arguments, index));
        Owned::from_new(PyThreadState_GetFrame(PyThreadState_Get()).cast())
            .map_err(|_| "the frame object")
            .and_then(|object| compare(&object, marker, function))
            .and_then(|()| require_known_endings(generator))
    };
    match differing {
        Ok(()) => {
            // SAFETY: a new reference to None.
            unsafe { pyo3_ffi::Py_INCREF(Py_None()) };
            // SAFETY: None lives for ever.
            unsafe { Py_None() }
        }
        Err(what) => {
            // SAFETY: asks for the calling thread's exception.
            if unsafe { PyErr_Occurred() }.is_null() {
                let _ = Raised::import_error(&format!(
                    "pyframe-shim was built from the headers of CPython {built}, but {what} of a frame of this one, CPython \
                     {running}, is not where they say; install the extension that holds it for this Python again, or use \
                     CPython {built} (to build the extension for this Python takes a pyframe-shim that was built from the \
                     headers of CPython {running})",
                    built = BUILD.python.to_string_lossy(),
                    running = running_version(),
                ));
            }
            ptr::null_mut()
        }
    }
}

/// Compares what the mirrors and the public API say, or names what they disagree on. Nothing is followed before what lies
/// around it has proved to be where it should be.
///
/// # Safety
/// `object` is a frame object; `function`, whose first argument is `marker`, is what the calling thread runs.
unsafe fn compare(object: &Owned, marker: *mut PyObject, function: *mut PyObject) -> Result<(), &'static str> {
    let agree = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(what) };
    // SAFETY: a frame object's mirror; the address in it is compared before it is trusted.
    let view = unsafe { FrameObject::of(object) };
    // SAFETY: a function that Python code calls.
    let thread = unsafe { Thread::current() };
    let current = "the current frame";
    // The frame in the frame object and the one in the thread state must be the same before either is read.
    agree(thread.current_frame() == view.frame(), current)?;
    // SAFETY: two fields agree that this is the running frame.
    let frame = unsafe { Frame::from_raw(view.frame()) }.ok_or(current)?;
    agree(frame.frame_object().is_some_and(|own| own.object() == view.object()), "the frame object")?;
    let public = object.as_ptr().cast::<pyo3_ffi::PyFrameObject>();
    // SAFETY: new references or NULL, released at once: the frames keep what they stand for.
    let (code, back) = unsafe { (borrow(PyFrame_GetCode(public).cast()), borrow(PyFrame_GetBack(public).cast())) };
    let own = frame.code().ok_or("the code")?;
    agree(own.as_ptr().cast() == code, "the code")?;
    let first = frame.slot(0).map_or(ptr::null_mut(), NonNull::as_ptr);
    agree(own.slots() == 4 && first == marker, "the first argument")?;
    let live = frame.live_slots().unwrap_or(own.slots());
    agree((own.slots()..=own.slots() + own.stack_slots()).contains(&live), "the number of live slots")?;
    agree(frame.owner() == Owner::Thread, "the owner")?;
    agree(lies_in_chunk(&frame, &thread), "the data stack")?;
    agree(number(object, c"f_lasti") == Some(frame.lasti() as i64 * 2), "the instruction pointer")?;
    // A hook that takes frames over has them run copies of their functions.
    let runs = frame.function();
    // SAFETY: the function is alive: it is an argument.
    let known = NonNull::new(function).and_then(|function| unsafe { Function::from_object(function) });
    agree(runs.zip(known).is_some_and(|(runs, known)| runs.code().object() == known.code().object()), "the function")?;
    // SAFETY: the caller is a function of the probe's, with a frame object by now.
    let back = unsafe { FrameObject::from_raw(back.cast()) };
    // SAFETY: the frame is linked: it runs.
    agree(back.is_some_and(|back| unsafe { is_caller(&frame, back) }), "the previous frame")
}

/// Compares what the thread says of a generator, where it says how one's evaluation has ended, with what has happened.
///
/// # Safety
/// The object is a generator that yields once.
unsafe fn require_known_endings(generator: *mut PyObject) -> Result<(), &'static str> {
    const WHAT: &str = "the end of a generator";
    if !version::SAYS_HOW_GENERATORS_END {
        return Ok(());
    }
    // SAFETY: a function that Python code calls.
    let thread = unsafe { Thread::current() };
    for yields in [true, false] {
        // SAFETY: a live iterator; a new reference, or NULL.
        let value = NonNull::new(unsafe { PyIter_Next(generator) });
        // Before anything is released.
        let said = thread.says_that_one_yielded();
        let has_yielded = value.is_some();
        // SAFETY: as above.
        drop(value.map(|value| unsafe { Owned::from_owned(value) }));
        if has_yielded != yields || said != Some(yields) {
            return Err(WHAT);
        }
    }
    Ok(())
}

/// Whether `previous` leads to the frame of this object, over entry frames of a hook if there is one (3.12+).
///
/// # Safety
/// The frame is linked.
unsafe fn is_caller(frame: &Frame<'_>, object: FrameObject<'_>) -> bool {
    let expected = object.frame();
    // Compared as it is first, so that in the common case nothing is followed.
    frame.previous() == expected
        // SAFETY: the frame is linked, says the caller.
        || unsafe { Frame::from_raw(frame.previous()).and_then(|caller| caller.or_complete_caller()) }
            .is_some_and(|caller| caller.as_ptr() == expected)
}

fn lies_in_chunk(frame: &Frame<'_>, thread: &Thread<'_>) -> bool {
    let (chunk, at, top) = (thread.chunk() as usize, frame.as_ptr() as usize, thread.top() as usize);
    let limit = thread.limit() as usize;
    // SAFETY: the chunk is the thread's own if the mirror is right; it is read only after the addresses fit.
    chunk != 0 && chunk < at && at < top && top <= limit && limit <= chunk + unsafe { (*thread.chunk()).size }
}

/// Releases a new reference, and returns the object for comparison.
///
/// # Safety
/// `object` is a reference that the caller owns, or NULL.
unsafe fn borrow(object: *mut PyObject) -> *mut PyObject {
    if !object.is_null() {
        // SAFETY: the reference is the caller's to give.
        unsafe { Py_DECREF(object) };
    }
    object
}

/// An attribute that is a number.
fn number(object: &Owned, name: &CStr) -> Option<i64> {
    // SAFETY: a new reference or NULL with an exception.
    let value = unsafe { Owned::from_new(PyObject_GetAttrString(object.as_ptr(), name.as_ptr())) }.ok()?;
    // SAFETY: a live object; the attribute is an int.
    Some(unsafe { PyLong_AsLong(value.as_ptr()) })
}
