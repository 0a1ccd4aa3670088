//! `Frame`: what a callback sees of a frame that is about to run, and of its callers. It shows the frame itself, and so it ends
//! with the callback.

use crate::types::Types;
use crate::{class, contents};
use core::ffi::{CStr, c_void};
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use pyframe_shim::evaluate::{obstacle, raise};
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::sys::_PyInterpreterFrame;
use pyframe_shim::view::{Code, Frame, Function, Thread};
use pyframe_shim::{frame, locals};
use pyo3_ffi::*;

/// A view. CPython makes it of zeroes.
#[repr(C)]
struct Object {
    base: PyObject,
    frame: *mut _PyInterpreterFrame,
    thread: *mut PyThreadState,
    /// Of the view that the callback was given: the frame that made the call, or NULL at the bottom of the thread. It is noted down
    /// before the callback runs: a callback that is a generator's `send` could be taken for it later.
    caller: *mut _PyInterpreterFrame,
    /// The view that the callback was given, if this is one of a caller: owned. That one ends for all.
    first: *mut Object,
}

/// The view that a callback is given. Dropped, it ends: code that has kept it gets an exception.
pub(super) struct Given(Owned);

impl Given {
    /// A view of a frame of the calling thread.
    ///
    /// # Safety
    /// The frame, and its callers, stay in place until the view is dropped.
    pub(super) unsafe fn new(types: &Types, frame: &Frame<'_>) -> Result<Self, Raised> {
        // SAFETY: as the caller says.
        unsafe { new(types.frame.as_ptr().cast(), frame, ptr::null_mut()).map(Self) }
    }

    pub(super) fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: it is such an object, and the GIL guards it.
        unsafe { (*self.0.as_ptr().cast::<Object>()).frame = ptr::null_mut() };
    }
}

/// # Safety
/// The frame stays in place until `first`, or without one the new object, has no frame any more.
unsafe fn new(kind: *mut PyTypeObject, frame: &Frame<'_>, first: *mut Object) -> Result<Owned, Raised> {
    // SAFETY: the type is that of such objects.
    unsafe {
        let made = Owned::from_new(PyType_GenericAlloc(kind, 0))?;
        let object = made.as_ptr().cast::<Object>();
        (*object).frame = frame.as_ptr();
        (*object).thread = PyThreadState_Get();
        if first.is_null() {
            (*object).caller = Thread::current().complete_frame().map_or(ptr::null_mut(), |caller| caller.as_ptr());
        }
        Py_XINCREF(first.cast());
        (*object).first = first;
        Ok(made)
    }
}

unsafe extern "C" fn deallocate(object: *mut PyObject) {
    // SAFETY: CPython passes such an object, which nobody else has any more.
    unsafe {
        Py_XDECREF((*object.cast::<Object>()).first.cast());
        class::free(object);
    }
}

/// The frame that a view is of.
///
/// # Errors
/// `RuntimeError` if the callback has returned, or this is another thread than the callback's.
///
/// # Safety
/// `object` is a view, and stays alive for as long as the frame is used.
unsafe fn shown<'v>(object: *mut PyObject) -> Result<(Frame<'v>, Thread<'v>), Raised> {
    // SAFETY: as the caller says. The first view has its frame until the callback has returned, and then no frame is gone.
    unsafe {
        let object = object.cast::<Object>();
        let first = if (*object).first.is_null() { object } else { (*object).first };
        if (*first).frame.is_null() {
            return Err(ended(c"the callback that this view was made for has returned: copy what is to be kept"));
        }
        if (*first).thread != PyThreadState_Get() {
            return Err(ended(c"this view belongs to the thread that runs the callback"));
        }
        Ok((Frame::from_raw((*object).frame).unwrap_unchecked(), Thread::current()))
    }
}

fn ended(sentence: &CStr) -> Raised {
    // SAFETY: the GIL is held.
    unsafe {
        PyErr_SetString(PyExc_RuntimeError, sentence.as_ptr());
        Raised::assume()
    }
}

/// Answers what is asked of the frame.
///
/// # Safety
/// `object` is a view.
unsafe fn answer(
    object: *mut PyObject,
    question: impl FnOnce(&Frame<'_>, &Thread<'_>) -> Result<Owned, Raised>,
) -> *mut PyObject {
    // SAFETY: the caller has a reference to the object.
    let shown = unsafe { shown(object) };
    shown.and_then(|(frame, thread)| question(&frame, &thread)).map_or(ptr::null_mut(), Owned::into_ptr)
}

/// An object that the frame keeps, or None.
fn kept(object: Option<NonNull<PyObject>>) -> Result<Owned, Raised> {
    // SAFETY: the frame keeps it; None is always alive.
    Ok(unsafe { Owned::from_borrowed(object.unwrap_or_else(|| NonNull::new_unchecked(Py_None()))) })
}

unsafe extern "C" fn code(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view.
    unsafe { answer(object, |frame, _| kept(frame.code().map(Code::object))) }
}

unsafe extern "C" fn function(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view.
    unsafe { answer(object, |frame, _| kept(frame.function().map(Function::object))) }
}

unsafe extern "C" fn globals(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view.
    unsafe { answer(object, |frame, _| kept(frame.globals())) }
}

unsafe extern "C" fn builtins(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view.
    unsafe { answer(object, |frame, _| kept(frame.builtins())) }
}

unsafe extern "C" fn all_locals(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view.
    unsafe { answer(object, |frame, _| locals::choose(frame, locals::Choice::default()).map_err(raise)) }
}

unsafe extern "C" fn values(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view, and its type has the module's types.
    unsafe { answer(object, |frame, _| contents::values(Types::of(Py_TYPE(object))?, frame)) }
}

unsafe extern "C" fn slots(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view, and its type has the module's types.
    unsafe { answer(object, |frame, _| contents::slots(Types::of(Py_TYPE(object))?, frame)) }
}

unsafe extern "C" fn owner(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view.
    unsafe { answer(object, |frame, _| class::text(contents::owner(frame))) }
}

unsafe extern "C" fn lasti(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view; a new reference.
    unsafe { answer(object, |frame, _| Owned::from_new(PyLong_FromSsize_t(frame::last_instruction(frame)))) }
}

unsafe extern "C" fn line(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view; a new reference.
    unsafe {
        answer(object, |frame, _| match frame::line(frame) {
            Some(line) => Owned::from_new(PyLong_FromLong(line.into())),
            None => kept(None),
        })
    }
}

unsafe extern "C" fn caller(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a view; a caller does not return before the callback has.
    unsafe {
        answer(object, |frame, thread| {
            let view = object.cast::<Object>();
            let (caller, first) = if (*view).first.is_null() {
                (Frame::from_raw((*view).caller), view)
            } else {
                (frame::caller(frame, thread), (*view).first)
            };
            caller.map_or_else(|| kept(None), |caller| new(Py_TYPE(object), &caller, first))
        })
    }
}

/// `why_not(code_or_function)`: why that cannot run in the frame's place; None if it can.
unsafe extern "C" fn why_not(object: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython passes a view and a living object, which keeps what the views below are of.
    unsafe {
        answer(object, |frame, thread| {
            let other = NonNull::new_unchecked(other);
            let function = Function::from_object(other);
            let Some(code) = function.map(|function| function.current_code()).or_else(|| Code::from_object(other))
            else {
                let format = c"code or a function is wanted, not %.200s";
                PyErr_Format(PyExc_TypeError, format.as_ptr(), (*Py_TYPE(other.as_ptr())).tp_name);
                return Err(Raised::assume());
            };
            obstacle(frame, thread, false, code, function)
                .map_or_else(|| kept(None), |obstacle| class::text(obstacle.sentence()))
        })
    }
}

unsafe extern "C" fn represent(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython passes a view. Without a frame it is shown as what it is, and nothing is raised.
    unsafe {
        let (code, line) = match shown(object) {
            Ok((frame, _)) => (frame.code().map(Code::qualified_name), frame::line(&frame).unwrap_or(-1)),
            Err(_) => {
                PyErr_Clear();
                (None, -1)
            }
        };
        match code {
            Some(name) => PyUnicode_FromFormat(c"<evalframe.Frame of %U, line %d>".as_ptr(), name.as_ptr(), line),
            None => PyUnicode_FromString(c"<evalframe.Frame, which has ended>".as_ptr()),
        }
    }
}

/// `values()`: the values by slot of the function that calls this.
pub(crate) unsafe extern "C" fn values_of_caller(module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes the module; the frame runs, and waits for this to return.
        unsafe {
            let (types, thread) = (Types::of_module(module)?, Thread::current());
            match thread.complete_frame() {
                Some(frame) => contents::values(types, &frame),
                None => Err(ended(c"no function of Python's calls this")),
            }
        }
    })
}

static mut GETTERS: [PyGetSetDef; 12] = [
    class::getter(c"code", code, c"The code object that the frame is about to run."),
    class::getter(
        c"function",
        function,
        c"The function that was called. A module or class body has one too, which CPython makes for it.",
    ),
    class::getter(c"globals", globals, c"The global namespace: the dict itself."),
    class::getter(c"builtins", builtins, c"The builtins: the dict itself."),
    class::getter(
        c"locals",
        all_locals,
        c"A new dict of what is bound: of a frame that is about to run, its arguments and free variables.\n\n\
          Of a module or class body it is what the namespace holds. Changing the dict changes nothing.",
    ),
    class::getter(
        c"values",
        values,
        c"The values by slot: arguments, locals, cells, free variables. UNBOUND stands where there is none.",
    ),
    class::getter(c"slots", slots, c"The slots: a tuple of Slot."),
    class::getter(
        c"owner",
        owner,
        c"What keeps the frame's memory: 'thread', 'generator', 'frame object', 'interpreter' or 'none'.",
    ),
    class::getter(
        c"lasti",
        lasti,
        c"The byte offset of the instruction that was begun last; -1 for a frame that is about to run.",
    ),
    class::getter(c"line", line, c"The line of that instruction, or the first line of the code; None if it has none."),
    class::getter(c"caller", caller, c"A view of the frame that made the call; None at the bottom of the thread."),
    // SAFETY: all zero is what ends the table.
    unsafe { core::mem::zeroed() },
];
static mut METHODS: [PyMethodDef; 2] = [
    class::method(
        c"why_not",
        why_not,
        METH_O,
        c"why_not($self, code, /)\n--\n\n\
          Why code, or a function, cannot run in the frame's place: a sentence, or None if it can.",
    ),
    PyMethodDef::zeroed(),
];

/// Makes the type.
pub(crate) fn new_type(module: *mut PyObject) -> Result<Owned, Raised> {
    const DOC: &CStr = c"A frame that is about to run, as a callback sees it, or a caller of one.\n\n\
        The view shows the frame itself, without a copy. It is good for as long as the callback runs, in the thread\n\
        that runs it; later each attribute raises RuntimeError. What the attributes give may be kept.";
    let mut slots = [
        class::slot(Py_tp_doc, class::doc(DOC)),
        class::slot(Py_tp_dealloc, deallocate as *mut c_void),
        class::slot(Py_tp_repr, represent as *mut c_void),
        class::slot(Py_tp_getset, (&raw mut GETTERS).cast()),
        class::slot(Py_tp_methods, (&raw mut METHODS).cast()),
        class::END,
    ];
    // SAFETY: the slots are those of such objects.
    unsafe {
        let flags = Py_TPFLAGS_DISALLOW_INSTANTIATION;
        class::new(module, c"pyframe_shim.evalframe.Frame", size_of::<Object>(), flags, &mut slots)
    }
}

const _: () = assert!(offset_of!(Object, base) == 0);
