//! The check that an extension makes when it is imported.

use super::running::check_version;
use crate::py::Raised;

/// Proves that the library fits the running interpreter: the version, then the layout of a live frame, by the fields that
/// a patch release could move: what is followed to find frames and chunks, and where a frame's slots begin.
///
/// Imports nothing, and depends on nothing that Python code can replace. The C symbol is `PyFrameShim_CheckRuntime`.
///
/// # Errors
/// `ImportError`, which names both versions and what differs; or whatever kept the check from running, such as
/// `MemoryError`.
///
/// # Safety
/// The calling thread holds the GIL.
pub unsafe fn check_runtime() -> Result<(), Raised> {
    check_version().map_err(|mismatch| Raised::import_error(&mismatch.to_string()))?;
    #[cfg(interpreter_frames)]
    // SAFETY: the GIL is held, says the caller.
    super::layout::check(&unsafe { crate::view::Thread::current() })?;
    Ok(())
}
