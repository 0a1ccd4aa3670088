//! `pyframe_shim._native`, the module of the Python package.
//!
//! The drop-in symbols lie in the same file. The functions here are what the package needs of them, and tell which library the
//! loader has bound a name to, which Python alone cannot see. Paths are `bytes`.

mod class;
mod contents;
mod evalframe;
mod file;
mod image;
mod library;
mod loaded;
mod record;
mod slots;
mod types;

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use pyframe_shim::c_functions;
use pyframe_shim::datastack::cache;
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::runtime::{BUILD, check_runtime};
use pyframe_shim::view::Thread;
use pyo3_ffi::*;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `references(path)`: the names that the library in this file has slots for, which the loader fills.
unsafe extern "C" fn references(_module: *mut PyObject, path: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        let path = unsafe { bytes(path)? };
        let found =
            file::references(Path::new(OsStr::from_bytes(path.to_bytes()))).map_err(|error| os_error(&error))?;
        list(found.iter().map(|name| {
            // SAFETY: the text is used during the call, with its length.
            unsafe { Owned::from_new(PyUnicode_FromStringAndSize(name.as_ptr().cast(), name.len() as Py_ssize_t)) }
        }))
    })
}

/// `loaded(library)`: the path of the loaded library with this file name, or None.
unsafe extern "C" fn loaded(_module: *mut PyObject, library: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        path_or_none(loaded::path(unsafe { bytes(library)? }).as_deref())
    })
}

/// `slots(library)`: a list of (name, where the slot lies, what it leads to) for the loaded library with this file name, or
/// None. A slot leads to 0 that the loader leaves to the first call.
unsafe extern "C" fn slots(_module: *mut PyObject, library: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        let Some(found) = slots::slots(unsafe { bytes(library)? }) else { return none() };
        list(found.iter().map(|slot| {
            let (address, target) = (slot.address as u64, slot.target.unwrap_or(0) as u64);
            // SAFETY: as the format says, a text and two unsigned long longs.
            unsafe { Owned::from_new(Py_BuildValue(c"(sKK)".as_ptr(), slot.name.as_ptr(), address, target)) }
        }))
    })
}

/// `library_at(address)`: the path of the loaded library that an address lies in, or None.
unsafe extern "C" fn library_at(_module: *mut PyObject, address: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call.
        let address = unsafe { PyLong_AsVoidPtr(address) };
        // SAFETY: the GIL is held.
        if address.is_null() && unsafe { !PyErr_Occurred().is_null() } {
            // SAFETY: there is an exception.
            return Err(unsafe { Raised::assume() });
        }
        path_or_none(loaded::library_at(address))
    })
}

/// `enable_chunk_cache(chunks)`: whether the chunk cache is on; ValueError, or RuntimeError.
unsafe extern "C" fn enable_chunk_cache(_module: *mut PyObject, chunks: *mut PyObject) -> *mut PyObject {
    returned(|| {
        // SAFETY: the argument is alive during the call, and the GIL is held.
        let (thread, chunks) = unsafe {
            let chunks = PyLong_AsSize_t(chunks);
            if !PyErr_Occurred().is_null() {
                if PyErr_ExceptionMatches(PyExc_OverflowError) == 0 {
                    return Err(Raised::assume());
                }
                PyErr_Clear(); // as wrong as any other number that is too large
            }
            (Thread::current(), chunks)
        };
        library::enable_chunk_cache(&thread, chunks)
    })
}

/// `disable_chunk_cache()`.
unsafe extern "C" fn disable_chunk_cache(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    // SAFETY: the GIL is held.
    cache::disable(&unsafe { Thread::current() });
    returned(none)
}

/// `chunk_cache_stats()`: (capacity, held, hits, misses).
unsafe extern "C" fn chunk_cache_stats(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    returned(library::chunk_cache_stats)
}

/// `counters()`: a dict of how often each function of the drop-in set has been called.
unsafe extern "C" fn counters(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    returned(library::counters)
}

/// `build()`: (version, that of the CPython that it was built for).
unsafe extern "C" fn build(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    returned(library::build)
}

/// `own_path()`: the path of this library, as the loader knows it.
unsafe extern "C" fn own_path(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    returned(|| path_or_none(library::path()))
}

/// `promote()`: moves this library to the loader's global scope; whether it could.
unsafe extern "C" fn promote(_module: *mut PyObject, _nothing: *mut PyObject) -> *mut PyObject {
    // SAFETY: a new reference.
    returned(|| unsafe { Owned::from_new(PyBool_FromLong(library::promote().into())) })
}

fn path_or_none(path: Option<&CStr>) -> Result<Owned, Raised> {
    // SAFETY: the text ends in NUL.
    path.map_or_else(none, |path| unsafe { Owned::from_new(PyBytes_FromString(path.as_ptr())) })
}

/// A list of what `items` makes.
fn list(items: impl Iterator<Item = Result<Owned, Raised>>) -> Result<Owned, Raised> {
    // SAFETY: the GIL is held.
    let list = unsafe { Owned::from_new(PyList_New(0))? };
    for item in items {
        // SAFETY: a list and an object.
        if unsafe { PyList_Append(list.as_ptr(), item?.as_ptr()) } < 0 {
            // SAFETY: -1 comes with an exception.
            return Err(unsafe { Raised::assume() });
        }
    }
    Ok(list)
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

/// A function that the package calls, and that says nothing to `help()`.
const fn method(name: &'static CStr, function: PyCFunction, flags: c_int) -> PyMethodDef {
    PyMethodDef { ml_doc: ptr::null(), ..class::method(name, function, flags, c"") }
}

const INSTALL: &CStr = c"install($module, callback, /, *, only=None, this_thread=False, traced=False)\n--\n\n\
    Install a hook, and return it: Hook(...).install(). It stays until it is removed, or the interpreter ends.";

const VALUES: &CStr = c"values($module, /)\n--\n\n\
    The values by slot of the function that calls this, as Frame.values has them: arguments, locals, cells, free variables.";

/// CPython writes into them, under the GIL, and nothing else reads them.
static mut METHODS: [PyMethodDef; 17] = [
    method(c"build", build, METH_NOARGS),
    method(c"chunk_cache_stats", chunk_cache_stats, METH_NOARGS),
    method(c"counters", counters, METH_NOARGS),
    method(c"disable_chunk_cache", disable_chunk_cache, METH_NOARGS),
    method(c"enable_chunk_cache", enable_chunk_cache, METH_O),
    PyMethodDef {
        ml_name: c"install".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunctionWithKeywords: evalframe::install },
        ml_flags: METH_VARARGS | METH_KEYWORDS,
        ml_doc: INSTALL.as_ptr(),
    },
    method(c"library_at", library_at, METH_O),
    method(c"loaded", loaded, METH_O),
    method(c"own_path", own_path, METH_NOARGS),
    method(c"promote", promote, METH_NOARGS),
    method(c"record_of", record::of_object, METH_O),
    method(c"records_of_thread", record::of_thread, METH_O),
    method(c"references", references, METH_O),
    method(c"remove_hooks", evalframe::remove_all, METH_NOARGS),
    method(c"slots", slots, METH_O),
    class::method(c"values", evalframe::values_of_caller, METH_NOARGS, VALUES),
    PyMethodDef::zeroed(),
];
static mut SLOTS: [PyModuleDef_Slot; 3] = [
    PyModuleDef_Slot { slot: Py_mod_exec, value: execute as *mut c_void },
    if BUILD.minor >= SAYS_WHICH_INTERPRETERS {
        PyModuleDef_Slot { slot: Py_mod_multiple_interpreters, value: ptr::without_provenance_mut(GIL_OF_ITS_OWN) }
    } else {
        END
    },
    END,
];
const END: PyModuleDef_Slot = PyModuleDef_Slot { slot: 0, value: ptr::null_mut() };
/// The minor from which on a module says into which interpreters it can be loaded. An older one knows no such slot.
const SAYS_WHICH_INTERPRETERS: c_int = 12;
/// `Py_MOD_PER_INTERPRETER_GIL_SUPPORTED`, which headers before that minor lack.
const GIL_OF_ITS_OWN: usize = 2;
static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"pyframe_shim._native".as_ptr(),
    m_doc: ptr::null(),
    m_size: size_of::<types::State>() as Py_ssize_t,
    m_methods: (&raw mut METHODS).cast(),
    m_slots: (&raw mut SLOTS).cast(),
    m_traverse: Some(types::traverse),
    m_clear: Some(types::clear),
    m_free: Some(types::free),
};

/// Begins to make the module; in an interpreter that the library was not built for, `ImportError`.
///
/// # Safety
/// The calling thread holds the GIL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__native() -> *mut PyObject {
    // SAFETY: the GIL is held while a module is imported. Here, and not when the module is executed: another minor may not know
    // the slots of the definition.
    if unsafe { check_runtime() }.is_err() {
        return ptr::null_mut();
    }
    // SAFETY: the definition lives as long as the process.
    unsafe { PyModuleDef_Init(&raw mut MODULE) }
}

/// Fills the module.
unsafe extern "C" fn execute(module: *mut PyObject) -> c_int {
    // SAFETY: CPython passes the module.
    unsafe { filled(module) }.map_or(-1, |()| 0)
}

/// # Safety
/// `module` is this module, and is executed.
unsafe fn filled(module: *mut PyObject) -> Result<(), Raised> {
    // SAFETY: as the caller says. What `PyFrameShim_Import` of `include/pyframe_shim_capsule.h` imports is static, and so is
    // its name.
    let capsule = unsafe {
        let table = ptr::from_ref(c_functions()).cast_mut().cast();
        Owned::from_new(PyCapsule_New(table, c"pyframe_shim._C_API".as_ptr(), None))?
    };
    // SAFETY: as the caller says.
    let types = unsafe { types::execute(module)? };
    for (name, object) in [(c"_C_API", &capsule), (c"Frame", &types.frame), (c"Hook", &types.hook)] {
        // SAFETY: the module takes a reference of its own.
        if unsafe { PyModule_AddObjectRef(module, name.as_ptr(), object.as_ptr()) } != 0 {
            // SAFETY: adding failed with an exception.
            return Err(unsafe { Raised::assume() });
        }
    }
    Ok(())
}
