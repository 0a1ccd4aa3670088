//! The function view, and that of its closure.

use super::{Code, read};
use crate::py::{Owned, Raised};
use crate::sys::PyFunctionObject;
use crate::version;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    Py_INCREF, Py_XINCREF, PyCell_Check, PyFunction_Check, PyFunction_Type, PyObject, PyObject_GC_New,
    PyObject_GC_Track, PyTuple_Check, PyTuple_GET_ITEM, PyTuple_GET_SIZE,
};

/// A view of a function that lives for `'f`.
#[derive(Clone, Copy)]
pub struct Function<'f> {
    raw: NonNull<PyFunctionObject>,
    alive: PhantomData<&'f PyFunctionObject>,
}

impl<'f> Function<'f> {
    /// Views an object; `None` if it is no function.
    ///
    /// # Safety
    /// The object stays alive, and the GIL is held, for `'f`.
    pub unsafe fn from_object(object: NonNull<PyObject>) -> Option<Self> {
        // SAFETY: the object is alive, says the caller.
        let is_function = unsafe { PyFunction_Check(object.as_ptr()) } != 0;
        is_function.then(|| Self { raw: object.cast(), alive: PhantomData })
    }

    fn as_ptr(self) -> *mut PyFunctionObject {
        self.raw.as_ptr()
    }

    /// Its code, for other crates.
    ///
    /// # Safety
    /// No Python code gives the function other code for `'f`.
    pub unsafe fn current_code(self) -> Code<'f> {
        self.code()
    }

    /// Its code. Python code may replace it.
    pub(crate) fn code(self) -> Code<'f> {
        let code = read!(self, func_code);
        // SAFETY: a function always has code; this one's stays alive with it, unless Python code replaces it.
        unsafe { Code::from_raw(code.cast()).unwrap_unchecked() }
    }

    /// The function as an object, borrowed.
    pub fn object(self) -> NonNull<PyObject> {
        self.raw.cast()
    }

    /// Its global namespace, borrowed.
    pub(crate) fn globals(self) -> NonNull<PyObject> {
        let object = read!(self, func_globals);
        // SAFETY: every function has it.
        unsafe { NonNull::new_unchecked(object) }
    }

    /// Its builtins, borrowed.
    pub(crate) fn builtins(self) -> NonNull<PyObject> {
        let object = read!(self, func_builtins);
        // SAFETY: every function has it.
        unsafe { NonNull::new_unchecked(object) }
    }

    /// The tuple that is its closure, borrowed; `None` if it has none.
    pub(crate) fn closure_object(self) -> Option<NonNull<PyObject>> {
        NonNull::new(read!(self, func_closure))
    }

    /// The closure that a function with other code takes over from this one: none where the code has no free variables.
    pub(crate) fn closure_for(self, code: Code<'_>) -> Option<NonNull<PyObject>> {
        if code.free_variables() > 0 { self.closure_object() } else { None }
    }

    /// Its closure; `None` if it has none.
    pub(crate) fn closure(self) -> Option<Closure<'f>> {
        let cells = self.closure_object()?;
        // SAFETY: the function keeps it.
        let is_tuple = unsafe { PyTuple_Check(cells.as_ptr()) } != 0;
        is_tuple.then_some(Closure { cells, alive: PhantomData })
    }

    /// How many cells its closure has.
    pub(crate) fn cells(self) -> usize {
        self.closure().map_or(0, Closure::len)
    }

    /// Makes a function that is like this one, with other code. The names are the code's, or stay the function's own. The
    /// version is 0: nothing that was specialized for the old code applies.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn with_code(
        self,
        code: Code<'_>,
        closure: Option<NonNull<PyObject>>,
        keep_names: bool,
    ) -> Result<Owned, Raised> {
        // SAFETY: the type of functions; a new reference, or NULL with an exception.
        let new: *mut PyFunctionObject = unsafe { PyObject_GC_New(&raw mut PyFunction_Type) };
        // SAFETY: NULL comes with an exception.
        let copy = NonNull::new(new).ok_or_else(|| unsafe { Raised::assume() })?;
        let old = self.as_ptr();
        /// Copies fields, each with a reference.
        macro_rules! copy {
            ($reference:ident: $($field:ident)*) => { $( (*new).$field = (*old).$field; $reference((*new).$field); )* };
        }
        // SAFETY: the function is alive, and so is all that it holds; the copy is ours, and complete before it is tracked.
        unsafe {
            copy!(Py_INCREF: func_globals func_builtins func_name func_qualname);
            copy!(Py_XINCREF: func_defaults func_kwdefaults func_doc func_dict func_module func_annotations);
            (*new).func_closure = closure.map_or(ptr::null_mut(), |closure| Owned::from_borrowed(closure).into_ptr());
            version::copy_function_fields(new, old);
            (*new).func_code = Owned::from_borrowed(code.object()).into_ptr();
            (*new).func_weakreflist = ptr::null_mut();
            // An extension may have set a vectorcall that runs the function's own code (`PyFunction_SetVectorcall`); the plain
            // one cannot be told apart, since 3.13 does not export it. Shadow frames are not called through either.
            (*new).vectorcall = (*old).vectorcall;
            (*new).func_version = 0;
            if !keep_names {
                for (place, name) in
                    [(&raw mut (*new).func_name, code.name()), (&raw mut (*new).func_qualname, code.qualified_name())]
                {
                    drop(Owned::from_owned(NonNull::new_unchecked(
                        place.replace(Owned::from_borrowed(name).into_ptr()),
                    )));
                }
            }
            PyObject_GC_Track(new.cast());
            Ok(Owned::from_owned(copy.cast()))
        }
    }
}

/// A view of a function's closure: a tuple of cells.
#[derive(Clone, Copy)]
pub(crate) struct Closure<'f> {
    cells: NonNull<PyObject>,
    alive: PhantomData<&'f PyObject>,
}

impl<'f> Closure<'f> {
    /// Views an object; `None` if it is no tuple of cells.
    ///
    /// # Safety
    /// The object stays alive, and the GIL is held, for `'f`.
    pub(crate) unsafe fn from_object(object: NonNull<PyObject>) -> Option<Self> {
        // SAFETY: the object is alive, says the caller.
        let is_tuple = unsafe { PyTuple_Check(object.as_ptr()) } != 0;
        let closure = is_tuple.then_some(Self { cells: object, alive: PhantomData })?;
        // SAFETY: the tuple keeps its items.
        let is_cell = |index| closure.cell(index).is_some_and(|cell| unsafe { PyCell_Check(cell.as_ptr()) } != 0);
        (0..closure.len()).all(is_cell).then_some(closure)
    }

    /// How many cells it has.
    pub(crate) fn len(self) -> usize {
        // SAFETY: a tuple that the function keeps.
        unsafe { PyTuple_GET_SIZE(self.cells.as_ptr()) as usize }
    }

    /// One of the cells, borrowed; `None` beyond the last.
    pub(crate) fn cell(self, index: usize) -> Option<NonNull<PyObject>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: the tuple has so many items.
        NonNull::new(unsafe { PyTuple_GET_ITEM(self.cells.as_ptr(), index as isize) })
    }
}
