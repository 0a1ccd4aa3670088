//! A copy of a function with other code, for a shadow frame to run.

use crate::code::Code;
use crate::error::Raised;
use crate::sys::PyFunctionObject;
use crate::version;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    Py_INCREF, Py_XINCREF, PyErr_Format, PyExc_ValueError, PyFunction_Type, PyObject, PyObject_GC_New,
    PyObject_GC_Track, PyTuple_GET_SIZE, PyUnicode_Compare,
};

/// Makes a function that is `function` but for its code. Name and qualified name come from the code, unless it bears
/// the name of the function's own code: then they stay the function's, which may have been renamed. The version tag is
/// 0, so that nothing that was specialized for the old code applies.
///
/// Returns a new, tracked reference. Replaces `_PyFunction_CopyWithNewCode`. No CPython function does this; the fields
/// are those of `PyFunction_NewWithQualName` (3.11 to 3.13). Like the C, it tells no function watcher (3.12+) of the
/// new function, though they hear of its end.
///
/// # Errors
/// `ValueError` if the closure has not one cell for each free variable of the code; `MemoryError`.
///
/// # Safety
/// `function` is alive.
pub unsafe fn copy_with_new_code(
    function: NonNull<PyFunctionObject>,
    code: Code<'_>,
) -> Result<NonNull<PyFunctionObject>, Raised> {
    let old = function.as_ptr();
    // SAFETY: the function is alive, and so is all that it holds; the copy is ours until it is returned.
    unsafe {
        require_matching_closure((*old).func_closure, code)?;
        let copy: *mut PyFunctionObject = PyObject_GC_New(&raw mut PyFunction_Type);
        let Some(copy) = NonNull::new(copy) else { return Err(Raised::assume()) };
        let new = copy.as_ptr();
        (*new).func_code = code.as_ptr().cast();
        if keeps_its_name((*old).func_code, code) {
            (*new).func_name = (*old).func_name;
            (*new).func_qualname = (*old).func_qualname;
        } else {
            (*new).func_name = (*code.as_ptr()).co_name;
            (*new).func_qualname = (*code.as_ptr()).co_qualname;
        }
        (*new).func_globals = (*old).func_globals;
        (*new).func_builtins = (*old).func_builtins;
        for held in
            [(*new).func_code, (*new).func_name, (*new).func_qualname, (*new).func_globals, (*new).func_builtins]
        {
            Py_INCREF(held);
        }
        (*new).func_defaults = (*old).func_defaults;
        (*new).func_kwdefaults = (*old).func_kwdefaults;
        (*new).func_closure = (*old).func_closure;
        (*new).func_doc = (*old).func_doc;
        (*new).func_dict = (*old).func_dict;
        (*new).func_module = (*old).func_module;
        (*new).func_annotations = (*old).func_annotations;
        for held in [
            (*new).func_defaults,
            (*new).func_kwdefaults,
            (*new).func_closure,
            (*new).func_doc,
            (*new).func_dict,
            (*new).func_module,
            (*new).func_annotations,
        ] {
            Py_XINCREF(held);
        }
        version::copy_function_fields(new, old);
        (*new).func_weakreflist = ptr::null_mut();
        // Somebody may have set a vectorcall that runs the function's own code (`PyFunction_SetVectorcall`); the plain
        // one cannot be told apart, since 3.13 does not export it. Shadow frames are not called through either.
        (*new).vectorcall = (*old).vectorcall;
        (*new).func_version = 0;
        PyObject_GC_Track(new.cast());
        Ok(copy)
    }
}

/// COPY_FREE_VARS reads one cell for each free variable of the code, and does not look how many there are.
///
/// # Safety
/// `closure` is NULL or a live tuple.
unsafe fn require_matching_closure(closure: *mut PyObject, code: Code<'_>) -> Result<(), Raised> {
    // SAFETY: a tuple, says the caller.
    let cells = if closure.is_null() { 0 } else { unsafe { PyTuple_GET_SIZE(closure) } };
    if cells as usize == code.free_variables() {
        return Ok(());
    }
    // SAFETY: the format matches its arguments; the code's name is a str.
    unsafe {
        PyErr_Format(
            PyExc_ValueError,
            c"the code '%U' has %zd free variables, but the function's closure has %zd cells".as_ptr(),
            (*code.as_ptr()).co_name,
            code.free_variables() as isize,
            cells,
        );
        Err(Raised::assume())
    }
}

/// Whether the new code bears the name of the old.
///
/// # Safety
/// `old` is a live code object.
unsafe fn keeps_its_name(old: *mut PyObject, new: Code<'_>) -> bool {
    // SAFETY: both are code objects, whose names are str; comparing two of them raises nothing.
    unsafe {
        let old = (*old.cast::<crate::sys::PyCodeObject>()).co_name;
        let new = (*new.as_ptr()).co_name;
        old == new || PyUnicode_Compare(old, new) == 0
    }
}
