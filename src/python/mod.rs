//! `pyframe_shim._native`, the module of the Python package.
//!
//! The drop-in symbols lie in the same file; Python calls those as any C program does. The functions here tell which
//! library the loader has bound a name to, which Python alone cannot see. Paths are `bytes`.

mod image;

use crate::abi::check_runtime;
use crate::error::Raised;
use crate::object::Owned;
use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use pyo3_ffi::*;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `references(path)`: a list of (name, offset from where the library lies in memory) of each slot that the loader fills.
unsafe extern "C" fn references(_module: *mut PyObject, path: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        let path = unsafe { bytes(path)? };
        let found =
            image::references(Path::new(OsStr::from_bytes(path.to_bytes()))).map_err(|error| os_error(&error))?;
        // SAFETY: the GIL is held.
        let list = unsafe { Owned::from_new(PyList_New(0))? };
        for (name, offset) in found {
            // SAFETY: the text is used during the call; the format says a new reference or NULL, and an unsigned long long.
            let pair = unsafe {
                let name = PyUnicode_FromStringAndSize(name.as_ptr().cast(), name.len() as Py_ssize_t);
                Owned::from_new(Py_BuildValue(c"(NK)".as_ptr(), name, offset))?
            };
            // SAFETY: a list and an object.
            if unsafe { PyList_Append(list.as_ptr(), pair.as_ptr()) } < 0 {
                // SAFETY: -1 comes with an exception.
                return Err(unsafe { Raised::assume() });
            }
        }
        Ok(list)
    })
}

/// `loaded(name)`: (path, where it lies) of the loaded library with this file name, or None.
unsafe extern "C" fn loaded(_module: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        let Some((path, address)) = image::loaded(unsafe { bytes(name)? }) else { return none() };
        // SAFETY: as the format says, bytes and an unsigned long long.
        unsafe { Owned::from_new(Py_BuildValue(c"(yK)".as_ptr(), path.as_ptr(), address as u64)) }
    })
}

/// `bound(slot)`: the path of the library that the pointer at this address leads to, or None. The address is one that
/// `loaded` and `references` gave, of a library that is still loaded.
unsafe extern "C" fn bound(_module: *mut PyObject, slot: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        let address = unsafe { PyLong_AsVoidPtr(slot) };
        if address.is_null() {
            // SAFETY: the GIL is held.
            unsafe {
                if PyErr_Occurred().is_null() {
                    PyErr_SetString(PyExc_ValueError, c"address 0".as_ptr());
                }
                return Err(Raised::assume());
            }
        }
        // SAFETY: a slot of a loaded library, says the caller.
        match unsafe { image::bound(address.cast()) } {
            // SAFETY: the text ends in NUL.
            Some(path) => unsafe { Owned::from_new(PyBytes_FromString(path.as_ptr())) },
            None => none(),
        }
    })
}

/// What a function of the module returns to Python.
fn returned(work: impl FnOnce() -> Result<Owned, Raised>) -> *mut PyObject {
    work().map_or(ptr::null_mut(), Owned::into_ptr)
}

fn none() -> Result<Owned, Raised> {
    // SAFETY: None is always alive.
    Ok(unsafe { Owned::from_borrowed(ptr::NonNull::new_unchecked(Py_None())) })
}

/// The contents of a bytes object.
///
/// # Safety
/// `object` stays alive for as long as the result is used.
unsafe fn bytes<'a>(object: *mut PyObject) -> Result<&'a CStr, Raised> {
    let mut text: *mut c_char = ptr::null_mut();
    // SAFETY: without a length to write to, a NUL inside is refused too.
    unsafe {
        if PyBytes_AsStringAndSize(object, &raw mut text, ptr::null_mut()) < 0 {
            return Err(Raised::assume());
        }
        Ok(CStr::from_ptr(text))
    }
}

fn os_error(error: &io::Error) -> Raised {
    let text = error.to_string().replace('\0', " ");
    // SAFETY: the text is used during the call, with its length.
    unsafe {
        let text = PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as Py_ssize_t);
        if !text.is_null() {
            PyErr_SetObject(PyExc_OSError, text);
            Py_DECREF(text);
        }
        Raised::assume()
    }
}

const fn method(name: &'static CStr, function: PyCFunction) -> PyMethodDef {
    PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: function },
        ml_flags: METH_O,
        ml_doc: ptr::null(),
    }
}

/// CPython writes into both, under the GIL, and nothing else reads them.
static mut METHODS: [PyMethodDef; 4] =
    [method(c"references", references), method(c"loaded", loaded), method(c"bound", bound), PyMethodDef::zeroed()];
static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"pyframe_shim._native".as_ptr(),
    m_doc: ptr::null(),
    m_size: -1,
    m_methods: (&raw mut METHODS).cast(),
    m_slots: ptr::null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// Makes the module; in an interpreter that the library was not built for, `ImportError`.
///
/// # Safety
/// The calling thread holds the GIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__native() -> *mut PyObject {
    // SAFETY: the GIL is held while a module is imported.
    if unsafe { check_runtime() }.is_err() {
        return ptr::null_mut();
    }
    // SAFETY: the definition lives as long as the process.
    unsafe { PyModule_Create2(&raw mut MODULE, PYTHON_API_VERSION as c_int) }
}
