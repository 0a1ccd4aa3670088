//! The C symbols: pointer checks, one call, an error code. What they do is told where the work is done; what a C
//! caller has to know stands in `include/`.

#[cfg(interpreter_frames)]
mod chunk_cache;
#[cfg(interpreter_frames)]
mod counters;
#[cfg(interpreter_frames)]
mod datastack;
#[cfg(interpreter_frames)]
mod frame_object;
#[cfg(interpreter_frames)]
mod function;
#[cfg(interpreter_frames)]
mod locals;
mod opcodes;
mod runtime;

/// Ends the process if the calling thread does not hold the GIL. Not noticed where there are sub-interpreters: CPython does
/// not keep account of it then (`PyGILState_Check`).
#[cfg(interpreter_frames)]
fn require_gil(function: &core::ffi::CStr) {
    // SAFETY: both may be called at any time, by any thread.
    let held = unsafe { pyo3_ffi::Py_IsInitialized() != 0 && pyo3_ffi::PyGILState_Check() != 0 };
    crate::check::require(held, function, c"the calling thread must hold the GIL", None);
}

/// Views the frame that a C caller passed.
///
/// # Safety
/// As [`crate::frame::Frame::from_raw`].
#[cfg(interpreter_frames)]
unsafe fn frame<'f>(raw: *mut crate::sys::_PyInterpreterFrame, function: &core::ffi::CStr) -> crate::frame::Frame<'f> {
    // SAFETY: the caller's promise.
    crate::check::require_some(unsafe { crate::frame::Frame::from_raw(raw) }, function, c"the frame must not be NULL")
}

/// Views the thread state that a C caller passed.
///
/// # Safety
/// As [`crate::thread::Thread::from_raw`].
#[cfg(interpreter_frames)]
unsafe fn thread<'t>(raw: *mut pyo3_ffi::PyThreadState, function: &core::ffi::CStr) -> crate::thread::Thread<'t> {
    // SAFETY: the caller's promise.
    crate::check::require_some(
        unsafe { crate::thread::Thread::from_raw(raw) },
        function,
        c"the thread state must not be NULL",
    )
}

/// Views the code that a C caller passed; `TypeError` if it is something else.
///
/// # Safety
/// `raw` is NULL or a live object, of whatever type.
#[cfg(interpreter_frames)]
unsafe fn code<'c>(
    raw: *mut crate::sys::PyCodeObject,
    function: &core::ffi::CStr,
) -> Result<crate::code::Code<'c>, crate::error::Raised> {
    // SAFETY: alive, says the caller; the view is not used before the object's type has been compared.
    unsafe {
        let code = crate::check::require_some(crate::code::Code::from_raw(raw), function, c"the code must not be NULL");
        require_type(code.as_ptr().cast(), &raw mut pyo3_ffi::PyCode_Type, function)?;
        Ok(code)
    }
}

/// Sets `TypeError` unless the object has this very type, of which there are no subtypes.
///
/// # Safety
/// The object is alive.
#[cfg(interpreter_frames)]
unsafe fn require_type(
    object: *mut pyo3_ffi::PyObject,
    wanted: *mut pyo3_ffi::PyTypeObject,
    function: &core::ffi::CStr,
) -> Result<(), crate::error::Raised> {
    // SAFETY: a live object's type; the format matches its arguments.
    unsafe {
        let found = pyo3_ffi::Py_TYPE(object);
        if found == wanted {
            return Ok(());
        }
        pyo3_ffi::PyErr_Format(
            pyo3_ffi::PyExc_TypeError,
            c"%s takes an object of type '%.100s', not '%.200s'".as_ptr(),
            function.as_ptr(),
            (*wanted).tp_name,
            (*found).tp_name,
        );
        Err(crate::error::Raised::assume())
    }
}
