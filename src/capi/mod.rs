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
