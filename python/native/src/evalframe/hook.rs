//! `Hook`: a callback, which is installed and removed. All of it is C to Python: no frame of it comes before a callback.

use super::asker::{Asker, thread_number};
use super::verdict::{self, Number};
use crate::class;
use crate::types::Types;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use pyframe_shim::hook::{Installed, install_hook};
use pyframe_shim::py::{Owned, Raised};
use pyo3_ffi::*;

/// A hook. CPython makes it of zeroes: not installed.
#[repr(C)]
struct Object {
    base: PyObject,
    callback: *mut PyObject,
    only: *mut PyObject,
    is_for_thread: bool,
    is_traced: bool,
    number: Option<Number>,
    installed: Option<Box<Installed>>,
}

unsafe extern "C" fn make(kind: *mut PyTypeObject, args: *mut PyObject, keywords: *mut PyObject) -> *mut PyObject {
    static mut NAMES: [*const c_char; 5] =
        [c"".as_ptr(), c"only".as_ptr(), c"this_thread".as_ptr(), c"traced".as_ptr(), ptr::null()];
    let (mut callback, mut only) = (ptr::null_mut::<PyObject>(), ptr::null_mut::<PyObject>());
    let (mut is_for_thread, mut is_traced): (c_int, c_int) = (0, 0);
    // SAFETY: CPython passes a tuple, and a dict or NULL; as the format says, two borrowed objects and two ints are written.
    unsafe {
        let format = c"O|$Opp:Hook".as_ptr();
        let names = (&raw mut NAMES).cast();
        let (callback_to, only_to) = (&raw mut callback, &raw mut only);
        let (thread_to, traced_to) = (&raw mut is_for_thread, &raw mut is_traced);
        if PyArg_ParseTupleAndKeywords(args, keywords, format, names, callback_to, only_to, thread_to, traced_to) == 0 {
            return ptr::null_mut();
        }
        if only == Py_None() {
            only = ptr::null_mut();
        }
        for (what, object) in [(c"callback", callback), (c"predicate", only)] {
            if !object.is_null() && PyCallable_Check(object) == 0 {
                let format = c"the %s must be callable, not %.200s".as_ptr();
                return PyErr_Format(PyExc_TypeError, format, what.as_ptr(), (*Py_TYPE(object)).tp_name);
            }
        }
        let made = PyType_GenericAlloc(kind, 0);
        if let Some(hook) = made.cast::<Object>().as_mut() {
            Py_INCREF(callback);
            Py_XINCREF(only);
            (hook.callback, hook.only) = (callback, only);
            (hook.is_for_thread, hook.is_traced) = (is_for_thread != 0, is_traced != 0);
        }
        made
    }
}

unsafe extern "C" fn traverse(object: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: CPython passes such an object, the function, and what that is to be passed.
    unsafe {
        let hook = object.cast::<Object>();
        for kept in [Py_TYPE(object).cast(), (*hook).callback, (*hook).only] {
            let found = if kept.is_null() { 0 } else { visit(kept, arg) };
            if found != 0 {
                return found;
            }
        }
    }
    0
}

unsafe extern "C" fn clear(object: *mut PyObject) -> c_int {
    // SAFETY: CPython passes such an object; what is released may look at it.
    unsafe {
        let hook = object.cast::<Object>();
        drop((*hook).installed.take());
        let kept = [&raw mut (*hook).callback, &raw mut (*hook).only].map(|place| ptr::replace(place, ptr::null_mut()));
        kept.into_iter().for_each(|object| Py_XDECREF(object));
    }
    0
}

unsafe extern "C" fn deallocate(object: *mut PyObject) {
    // SAFETY: CPython passes such an object, which nobody else has any more.
    unsafe {
        PyObject_GC_UnTrack(object.cast());
        clear(object);
        class::free(object);
    }
}

/// Puts the hook in front of those that are there.
///
/// # Errors
/// `RuntimeError` if it is installed, has been cleared, or there are 64 hooks in the process.
///
/// # Safety
/// `object` is a hook, and the caller has a reference to it.
unsafe fn put_in(object: *mut PyObject) -> Result<(), Raised> {
    // SAFETY: as the caller says. The predicate's place is found before the hook is looked at: that may run Python code.
    unsafe {
        let hook = object.cast::<Object>();
        let types = Types::of(Py_TYPE(object))?;
        remove_at_the_end(types)?;
        let place = if (*hook).only.is_null() { 0 } else { types.place(verdict::release)? };
        if (*hook).installed.is_some() {
            return Err(wrong(PyExc_RuntimeError, c"the hook is installed already"));
        }
        let Some(callback) = NonNull::new((*hook).callback) else {
            return Err(wrong(PyExc_RuntimeError, c"the hook has been cleared"));
        };
        let number = Number::new();
        let asker = Asker {
            number,
            callback: Owned::from_borrowed(callback),
            only: NonNull::new((*hook).only).map(|only| (Owned::from_borrowed(only), place)),
            thread: (*hook).is_for_thread.then(|| thread_number()),
            is_traced: (*hook).is_traced,
            view: types.frame.clone(),
        };
        let installed = install_hook(asker)?;
        // On 3.11 an allocation may run a finalizer, which may have installed it meanwhile.
        if (*hook).installed.is_some() {
            return Err(wrong(PyExc_RuntimeError, c"the hook is installed already"));
        }
        if PyList_Append(types.installed.as_ptr(), object) != 0 {
            return Err(Raised::assume());
        }
        ((*hook).number, (*hook).installed) = (Some(number), Some(Box::new(installed)));
        Ok(())
    }
}

/// Takes the hook out; whether it was in.
///
/// # Safety
/// As [`put_in`].
unsafe fn take_out(object: *mut PyObject) -> Result<bool, Raised> {
    // SAFETY: as the caller says.
    unsafe {
        let Some(installed) = (*object.cast::<Object>()).installed.take() else { return Ok(false) };
        let hooks = Types::of(Py_TYPE(object))?.installed.as_ptr();
        // By identity: nothing is compared, and no Python code runs.
        if let Some(at) = (0..PyList_Size(hooks)).find(|&at| PyList_GetItem(hooks, at) == object) {
            PyList_SetSlice(hooks, at, at + 1, ptr::null_mut());
        }
        drop(installed);
        Ok(true)
    }
}

/// Whether an installation is still there.
pub(super) fn is_installed(types: &Types, number: Number) -> bool {
    // SAFETY: nothing but hooks is in the list, and nothing changes that meanwhile.
    unsafe {
        let hooks = types.installed.as_ptr();
        (0..PyList_Size(hooks)).any(|at| (*PyList_GetItem(hooks, at).cast::<Object>()).number == Some(number))
    }
}

fn wrong(kind: *mut PyObject, sentence: &CStr) -> Raised {
    // SAFETY: the GIL is held.
    unsafe {
        PyErr_SetString(kind, sentence.as_ptr());
        Raised::assume()
    }
}

/// Has the interpreter remove the hooks when it ends: a callback's module may be gone soon after.
fn remove_at_the_end(types: &Types) -> Result<(), Raised> {
    if types.ends.replace(true) {
        return Ok(());
    }
    // SAFETY: new references, or NULL with an exception; the type keeps its module.
    let done = unsafe {
        let module = PyType_GetModule(types.hook.as_ptr().cast());
        Owned::from_new(PyImport_ImportModule(c"atexit".as_ptr())).and_then(|atexit| {
            let function = Owned::from_new(PyObject_GetAttrString(module, c"remove_hooks".as_ptr()))?;
            let format = c"O".as_ptr();
            Owned::from_new(PyObject_CallMethod(atexit.as_ptr(), c"register".as_ptr(), format, function.as_ptr()))
        })
    };
    types.ends.set(done.is_ok());
    done.map(drop)
}

/// `remove_hooks()`: takes out all hooks of the interpreter.
pub(crate) unsafe extern "C" fn remove_all(module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes the module; whatever is in the list is a hook, which this takes out of it.
        unsafe {
            let hooks = Types::of_module(module)?.installed.as_ptr();
            while PyList_Size(hooks) > 0 {
                let hook = Owned::from_borrowed(NonNull::new_unchecked(PyList_GetItem(hooks, 0)));
                take_out(hook.as_ptr())?;
            }
        }
        crate::none()
    })
}

/// `install(callback, *, only=None, this_thread=False, traced=False)`.
pub(crate) unsafe extern "C" fn install(
    module: *mut PyObject,
    args: *mut PyObject,
    keywords: *mut PyObject,
) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes the module, a tuple, and a dict or NULL.
        unsafe {
            let kind = Types::of_module(module)?.hook.clone();
            let hook = Owned::from_new(PyObject_Call(kind.as_ptr(), args, keywords))?;
            put_in(hook.as_ptr())?;
            Ok(hook)
        }
    })
}

/// A method that gives the hook back when it is installed.
unsafe extern "C" fn enter(object: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes a hook, to which the caller has a reference.
        unsafe {
            put_in(object)?;
            Ok(Owned::from_borrowed(NonNull::new_unchecked(object)))
        }
    })
}

unsafe extern "C" fn remove(object: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes a hook, to which the caller has a reference.
        match unsafe { take_out(object)? } {
            true => crate::none(),
            // SAFETY: always set.
            false => Err(wrong(unsafe { PyExc_ValueError }, c"the hook is not installed")),
        }
    })
}

unsafe extern "C" fn exit(object: *mut PyObject, _exception: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes a hook, to which the caller has a reference. The block may have removed it.
        unsafe { take_out(object)? };
        crate::none()
    })
}

unsafe extern "C" fn callback(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a hook.
    unsafe { object_or_none((*object.cast::<Object>()).callback) }
}

unsafe extern "C" fn only(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a hook.
    unsafe { object_or_none((*object.cast::<Object>()).only) }
}

unsafe extern "C" fn installed(object: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: CPython passes a hook.
    unsafe { PyBool_FromLong((*object.cast::<Object>()).installed.is_some().into()) }
}

/// # Safety
/// The object is alive, or NULL.
unsafe fn object_or_none(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: as the caller says.
    unsafe { Py_NewRef(if object.is_null() { Py_None() } else { object }) }
}

static mut METHODS: [PyMethodDef; 5] = [
    class::method(
        c"install",
        enter,
        METH_NOARGS,
        c"install($self, /)\n--\n\nPut the hook in front of those that are there. Returns the hook itself.",
    ),
    class::method(
        c"remove",
        remove,
        METH_NOARGS,
        c"remove($self, /)\n--\n\nTake the hook out, in whatever order, also from inside of the callback.",
    ),
    class::method(c"__enter__", enter, METH_NOARGS, c"__enter__($self, /)\n--\n\nAs install()."),
    class::method(
        c"__exit__",
        exit,
        METH_VARARGS,
        c"__exit__($self, /, *exception)\n--\n\nRemoves the hook if it is there.",
    ),
    PyMethodDef::zeroed(),
];
static mut GETTERS: [PyGetSetDef; 4] = [
    class::getter(c"callback", callback, c"What is asked about each fresh frame."),
    class::getter(c"only", only, c"What is asked about each code object, or None."),
    class::getter(c"installed", installed, c"Whether the hook is installed."),
    // SAFETY: all zero is what ends the table.
    unsafe { core::mem::zeroed() },
];

/// Makes the type.
pub(crate) fn new_type(module: *mut PyObject) -> Result<Owned, Raised> {
    const DOC: &CStr = c"Hook(callback, /, *, only=None, this_thread=False, traced=False)\n--\n\n\
        A callback that is asked about each frame that is about to run, from `with` or install() on.\n\n\
        callback(frame) gets a Frame, and returns what is to become of it:\n\n\
        None            the frame runs as it is\n\
        code            this code object runs in its place, with the same arguments\n\
        function        the same, with the function's globals and closure\n\
        Return(value)   nothing runs, and the call returns the value\n\n\
        An exception ends the call. The callback is not asked about frames that it makes itself, nor about\n\
        generators that are resumed.\n\n\
        only(code) is asked once about each code object; where it says no, the callback is not asked, and calls\n\
        of that code cost next to nothing. With this_thread the callback is asked about the frames of the thread\n\
        that installs the hook, else about those of all threads. With traced, tracers, profilers and debuggers see\n\
        the callback; else it is hidden from them.";
    let mut slots = [
        class::slot(Py_tp_doc, class::doc(DOC)),
        class::slot(Py_tp_new, make as *mut c_void),
        class::slot(Py_tp_dealloc, deallocate as *mut c_void),
        class::slot(Py_tp_traverse, traverse as *mut c_void),
        class::slot(Py_tp_clear, clear as *mut c_void),
        class::slot(Py_tp_methods, (&raw mut METHODS).cast()),
        class::slot(Py_tp_getset, (&raw mut GETTERS).cast()),
        class::END,
    ];
    // SAFETY: the slots are those of such objects.
    unsafe { class::new(module, c"pyframe_shim.evalframe.Hook", size_of::<Object>(), Py_TPFLAGS_HAVE_GC, &mut slots) }
}
