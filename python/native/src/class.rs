//! Types of the module: heap types, one of each in each interpreter that imports the module.

use core::cell::RefCell;
use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use core::ptr;
use pyframe_shim::py::{Owned, Raised};
use pyo3_ffi::*;

/// A type that keeps the module alive.
///
/// # Safety
/// The slots are a type's whose instances take `size` bytes, and the tables that they lead to are static.
pub(crate) unsafe fn new(
    module: *mut PyObject,
    name: &'static CStr,
    size: usize,
    flags: c_ulong,
    slots: &mut [PyType_Slot],
) -> Result<Owned, Raised> {
    let mut spec = PyType_Spec {
        name: name.as_ptr(),
        basicsize: size as c_int,
        itemsize: 0,
        flags: (flags | Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE) as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the specification is whole; the slots are as the caller says.
    unsafe { Owned::from_new(PyType_FromModuleAndSpec(module, &raw mut spec, ptr::null_mut())) }
}

/// A tuple type with names.
pub(crate) fn new_record(description: &PyStructSequence_Desc) -> Result<Owned, Raised> {
    // SAFETY: the description and what it leads to are static; a new reference, or NULL with an exception.
    unsafe { Owned::from_new(PyStructSequence_NewType(ptr::from_ref(description).cast_mut()).cast()) }
}

/// A tuple with names, of a type that `new_record` has made.
pub(crate) fn record<const COUNT: usize>(kind: *mut PyTypeObject, items: [Owned; COUNT]) -> Result<Owned, Raised> {
    // SAFETY: the type is one of tuples with names; a new reference, or NULL with an exception.
    let record = unsafe { Owned::from_new(PyStructSequence_New(kind))? };
    for (place, item) in (0..).zip(items) {
        // SAFETY: the record is new, and takes the reference over.
        unsafe { PyStructSequence_SetItem(record.as_ptr(), place, item.into_ptr()) };
    }
    Ok(record)
}

/// A tuple.
pub(crate) fn tuple<const COUNT: usize>(items: [Owned; COUNT]) -> Result<Owned, Raised> {
    // Each index is asked for once.
    let items = RefCell::new(items.map(Some));
    tuple_of(COUNT, |index| Ok(items.borrow_mut()[index].take().expect("asked for once")))
}

/// A tuple of so many items.
pub(crate) fn tuple_of(count: usize, make: impl Fn(usize) -> Result<Owned, Raised>) -> Result<Owned, Raised> {
    // SAFETY: a new reference, or NULL with an exception.
    let tuple = unsafe { Owned::from_new(PyTuple_New(count as Py_ssize_t))? };
    for index in 0..count {
        // SAFETY: the tuple is new, has room for as many, and takes the reference over.
        unsafe { PyTuple_SetItem(tuple.as_ptr(), index as Py_ssize_t, make(index)?.into_ptr()) };
    }
    Ok(tuple)
}

/// A slot of a specification.
pub(crate) const fn slot(slot: c_int, pfunc: *mut c_void) -> PyType_Slot {
    PyType_Slot { slot, pfunc }
}

pub(crate) const END: PyType_Slot = slot(0, ptr::null_mut());

/// An attribute that is computed each time.
pub(crate) const fn getter(name: &'static CStr, get: getter, doc: &'static CStr) -> PyGetSetDef {
    PyGetSetDef { name: name.as_ptr(), get: Some(get), set: None, doc: doc.as_ptr(), closure: ptr::null_mut() }
}

/// A method, or a function of the module. Its text begins with its signature.
pub(crate) const fn method(
    name: &'static CStr,
    function: PyCFunction,
    flags: c_int,
    doc: &'static CStr,
) -> PyMethodDef {
    PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: function },
        ml_flags: flags,
        ml_doc: doc.as_ptr(),
    }
}

/// A field of a tuple type.
pub(crate) const fn field(name: &'static CStr, doc: &'static CStr) -> PyStructSequence_Field {
    PyStructSequence_Field { name: name.as_ptr(), doc: doc.as_ptr() }
}

/// A str.
pub(crate) fn text(text: &CStr) -> Result<Owned, Raised> {
    // SAFETY: the text ends in NUL.
    unsafe { Owned::from_new(PyUnicode_FromString(text.as_ptr())) }
}

/// Frees an object of a heap type, and gives up its reference to the type.
///
/// # Safety
/// The object is being deallocated, and holds nothing any more.
pub(crate) unsafe fn free(object: *mut PyObject) {
    // SAFETY: a heap type's object owns a reference to its type, which has such a function.
    unsafe {
        let kind = Py_TYPE(object);
        let free = PyType_GetSlot(kind, Py_tp_free);
        core::mem::transmute::<*mut c_void, freefunc>(free)(object.cast());
        Py_DECREF(kind.cast());
    }
}

/// Text for a table, which CPython wants as bytes that it does not write to.
pub(crate) const fn doc(text: &'static CStr) -> *mut c_void {
    text.as_ptr().cast_mut().cast::<c_char>().cast()
}
