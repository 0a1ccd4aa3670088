//! What the module keeps for its interpreter: its types, and what it shares between the functions of one interpreter.

use crate::{class, evalframe, record};
use core::cell::{Cell, OnceCell};
use core::ffi::{CStr, c_int, c_void};
use core::ptr::{self, NonNull};
use pyframe_shim::code_extra;
use pyframe_shim::py::{Owned, Raised};
use pyo3_ffi::*;

/// Made when the module is executed. Every object of its types keeps the module, and with it this.
pub(crate) struct Types {
    pub(crate) frame: Owned,
    pub(crate) hook: Owned,
    slot: Owned,
    record: Owned,
    /// The hooks that are installed: a list.
    pub(crate) installed: Owned,
    unbound: OnceCell<Owned>,
    answer: OnceCell<Owned>,
    /// Where verdicts lie with code objects.
    place: Cell<Option<Py_ssize_t>>,
    /// Whether the hooks are removed when the interpreter ends.
    pub(crate) ends: Cell<bool>,
}

impl Types {
    /// Makes the types.
    pub(crate) fn new(module: *mut PyObject) -> Result<Self, Raised> {
        Ok(Self {
            frame: evalframe::new_frame_type(module)?,
            hook: evalframe::new_hook_type(module)?,
            slot: new_slot_type()?,
            record: record::new_type()?,
            // SAFETY: a new reference, or NULL with an exception.
            installed: unsafe { Owned::from_new(PyList_New(0))? },
            unbound: OnceCell::new(),
            answer: OnceCell::new(),
            place: Cell::new(None),
            ends: Cell::new(false),
        })
    }

    /// Those that a type of the module belongs to.
    ///
    /// # Errors
    /// `RuntimeError` if the module has been cleared, at the end of its interpreter.
    ///
    /// # Safety
    /// The type is one of the module's, and is not given up for as long as the result is used.
    pub(crate) unsafe fn of<'t>(kind: *mut PyTypeObject) -> Result<&'t Self, Raised> {
        // SAFETY: as the caller says; the type keeps its module.
        unsafe { Self::kept_in(PyType_GetModuleState(kind).cast()) }
    }

    /// Those of the module.
    ///
    /// # Errors
    /// As [`Types::of`].
    ///
    /// # Safety
    /// `module` is this module, and is not given up for as long as the result is used.
    pub(crate) unsafe fn of_module<'t>(module: *mut PyObject) -> Result<&'t Self, Raised> {
        // SAFETY: as the caller says.
        unsafe { Self::kept_in(PyModule_GetState(module).cast()) }
    }

    /// # Safety
    /// It is the memory of a module that is not given up for as long as the result is used.
    unsafe fn kept_in<'t>(state: *const State) -> Result<&'t Self, Raised> {
        // SAFETY: as the caller says; the GIL is held.
        unsafe {
            state.as_ref().and_then(Option::as_deref).ok_or_else(|| {
                PyErr_SetString(PyExc_RuntimeError, c"the module pyframe_shim._native has been cleared".as_ptr());
                Raised::assume()
            })
        }
    }

    /// The type of slots.
    pub(crate) fn slot(&self) -> *mut PyTypeObject {
        self.slot.as_ptr().cast()
    }

    /// The type of records.
    pub(crate) fn record(&self) -> *mut PyTypeObject {
        self.record.as_ptr().cast()
    }

    /// What stands for the value of an unbound variable.
    pub(crate) fn unbound(&self) -> Result<NonNull<PyObject>, Raised> {
        marker(&self.unbound, c"UNBOUND")
    }

    /// The type of the answers that end a call.
    pub(crate) fn answer(&self) -> Result<*mut PyTypeObject, Raised> {
        marker(&self.answer, c"Return").map(|kind| kind.as_ptr().cast())
    }

    /// The place for verdicts in each code object, which the first to ask has CPython give out.
    pub(crate) fn place(&self, release: code_extra::Release) -> Result<Py_ssize_t, Raised> {
        if let Some(place) = self.place.get() {
            return Ok(place);
        }
        // SAFETY: the GIL is held, and the module is never unloaded.
        let place = unsafe { code_extra::new_place(Some(release))? };
        self.place.set(Some(place));
        Ok(place)
    }

    fn objects(&self) -> impl Iterator<Item = &Owned> {
        let lazy = [self.unbound.get(), self.answer.get()].into_iter().flatten();
        [&self.frame, &self.hook, &self.slot, &self.record, &self.installed].into_iter().chain(lazy)
    }
}

/// Something of `pyframe_shim.markers`. It is written in Python, and looked for when it is needed first.
fn marker(place: &OnceCell<Owned>, name: &CStr) -> Result<NonNull<PyObject>, Raised> {
    if place.get().is_none() {
        // SAFETY: new references, or NULL with an exception.
        let found = unsafe {
            let module = Owned::from_new(PyImport_ImportModule(c"pyframe_shim.markers".as_ptr()))?;
            Owned::from_new(PyObject_GetAttrString(module.as_ptr(), name.as_ptr()))?
        };
        // Another thread may have found it meanwhile: then it has found the same.
        let _ = place.set(found);
    }
    // SAFETY: it is there, and never NULL.
    Ok(unsafe { NonNull::new_unchecked(place.get().unwrap_unchecked().as_ptr()) })
}

fn new_slot_type() -> Result<Owned, Raised> {
    static mut FIELDS: [PyStructSequence_Field; 5] = [
        class::field(c"name", c"the variable's name"),
        class::field(c"kind", c"'argument', 'argument, cell', 'local', 'hidden local', 'cell' or 'free variable'"),
        class::field(c"value", c"the value, with cells seen through; UNBOUND if there is none"),
        class::field(c"cell", c"the cell; None if the variable has none, or none yet"),
        PyStructSequence_Field { name: ptr::null(), doc: ptr::null() },
    ];
    class::new_record(&PyStructSequence_Desc {
        name: c"pyframe_shim.evalframe.Slot".as_ptr(),
        doc: c"A slot of a frame: a variable, and what it holds.".as_ptr(),
        fields: (&raw mut FIELDS).cast(),
        n_in_sequence: 4,
    })
}

/// What the module's memory holds: nothing until it is executed, nor when it has been cleared.
pub(crate) type State = Option<Box<Types>>;

/// Makes what the module keeps.
///
/// # Safety
/// `module` is this module, and is executed.
pub(crate) unsafe fn execute<'m>(module: *mut PyObject) -> Result<&'m Types, Raised> {
    let types = Box::new(Types::new(module)?);
    // SAFETY: as the caller says. The memory is of zeroes, which is what None looks like.
    unsafe {
        let state = PyModule_GetState(module).cast::<State>();
        *state = Some(types);
        Types::kept_in(state)
    }
}

pub(crate) unsafe extern "C" fn traverse(module: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: CPython passes this module; it may have no memory yet.
    let types = unsafe { PyModule_GetState(module).cast::<State>().as_ref() };
    for object in types.and_then(Option::as_deref).into_iter().flat_map(Types::objects) {
        // SAFETY: CPython passes the function, and what it is to be passed.
        let found = unsafe { visit(object.as_ptr(), arg) };
        if found != 0 {
            return found;
        }
    }
    0
}

pub(crate) unsafe extern "C" fn clear(module: *mut PyObject) -> c_int {
    // SAFETY: CPython passes this module; it may have no memory yet. What is released may look at the module.
    unsafe {
        let state = PyModule_GetState(module).cast::<State>();
        if !state.is_null() {
            drop(ptr::replace(state, None));
        }
    }
    0
}

pub(crate) unsafe extern "C" fn free(module: *mut c_void) {
    // SAFETY: CPython passes this module.
    unsafe { clear(module.cast()) };
}
