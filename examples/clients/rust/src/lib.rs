//! `swap.Swap(code, other)`: while the object lives, `other` runs wherever `code` is called, and `calls` has the locals that
//! each call began with.

use pyframe_shim::hook::{Call, Evaluated, Hook, Installed, Value, install_hook};
use pyframe_shim::locals::Choice;
use pyframe_shim::py::Owned;
use pyo3::prelude::*;
use std::ptr::NonNull;

/// The hook: which code is looked for, what runs instead, and where calls are written down.
struct SwapHook {
    code: Py<PyAny>,
    other: Py<PyAny>,
    calls: Py<pyo3::types::PyList>,
}

impl Hook for SwapHook {
    fn evaluate<'c>(&self, call: Call<'c>) -> Evaluated<'c> {
        let is_it = call.code().is_some_and(|code| code.as_ptr().cast() == self.code.as_ptr());
        if !is_it || !call.is_fresh() {
            return call.run();
        }
        match call.locals(Choice::default()) {
            Ok(locals) => self.write_down(locals),
            Err(raised) => return call.finish(Err(raised)),
        }
        call.run_code(owned(&self.other), None)
    }
}

impl SwapHook {
    fn write_down(&self, locals: Value<'_>) {
        Python::attach(|py| {
            // SAFETY: the reference is handed over.
            let locals = unsafe { Bound::from_owned_ptr(py, locals.into_ptr()) };
            if let Err(error) = self.calls.bind(py).append(locals) {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// A reference of pyframe-shim's kind.
fn owned(object: &Py<PyAny>) -> Owned {
    // SAFETY: the object is alive, and hooks hold the GIL.
    unsafe { Owned::from_borrowed(NonNull::new_unchecked(object.as_ptr().cast())) }
}

#[pyclass(unsendable)]
struct Swap {
    #[pyo3(get)]
    calls: Py<pyo3::types::PyList>,
    _installed: Installed,
}

#[pymethods]
impl Swap {
    #[new]
    fn new(py: Python<'_>, code: Py<PyAny>, other: Py<PyAny>) -> PyResult<Self> {
        let calls = pyo3::types::PyList::empty(py).unbind();
        let hook = SwapHook { code, other, calls: calls.clone_ref(py) };
        let installed = install_hook(hook).map_err(|_| PyErr::fetch(py))?;
        Ok(Self { calls, _installed: installed })
    }
}

#[pymodule]
fn swap(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // SAFETY: a module is imported with the GIL.
    if unsafe { pyframe_shim::runtime::check_runtime() }.is_err() {
        return Err(PyErr::fetch(module.py()));
    }
    module.add_class::<Swap>()
}
