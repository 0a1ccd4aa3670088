// What the examples in the documentation have in common, which does not show there: an interpreter, and something to look at.

/// Starts the interpreter, and stands for the GIL that the thread has from then on.
#[allow(dead_code)]
pub fn start() -> pyframe_shim::view::Thread<'static> {
    // SAFETY: once in a process; the thread holds the GIL from then on.
    unsafe {
        pyo3_ffi::Py_InitializeEx(0);
        pyframe_shim::view::Thread::current()
    }
}

/// Runs Python code, and returns what it has called `name`.
#[allow(dead_code)]
pub fn run(source: &std::ffi::CStr, name: &std::ffi::CStr) -> pyframe_shim::py::Owned {
    // SAFETY: the interpreter has been started; each call returns a new reference, or NULL with an exception.
    unsafe {
        assert_eq!(pyo3_ffi::PyRun_SimpleString(source.as_ptr()), 0, "the code runs");
        let module = pyo3_ffi::PyImport_AddModule(c"__main__".as_ptr());
        pyframe_shim::py::Owned::from_new(pyo3_ffi::PyObject_GetAttrString(module, name.as_ptr())).expect("it has the name")
    }
}
