//! What hooks have decided about a code object, kept with it: whether their callbacks are asked about its frames.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use pyframe_shim::code_extra;
use pyframe_shim::py::Raised;
use pyframe_shim::view::Code;
use pyo3_ffi::Py_ssize_t;

/// The number of an installation. No other has ever had the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u64);

impl Number {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }
}

/// One decision.
#[derive(Clone, Copy)]
struct Verdict {
    whose: Number,
    is_wanted: bool,
}

/// What lies in the place: the decisions, the latest first. The GIL guards them.
type Verdicts = Vec<Verdict>;

/// What has been decided; `None` if nothing has.
#[inline]
pub(super) fn get(code: Code<'_>, place: Py_ssize_t, whose: Number) -> Option<bool> {
    let kept: *const Verdicts = code_extra::get(code, place).cast();
    // SAFETY: nothing but verdicts is kept there, and nothing changes them while this looks.
    let verdicts = unsafe { kept.as_ref()? };
    verdicts.iter().find(|verdict| verdict.whose == whose).map(|verdict| verdict.is_wanted)
}

/// Keeps a decision. What hooks have decided that `is_there` does not know is forgotten.
///
/// # Errors
/// `MemoryError`.
pub(super) fn set(
    code: Code<'_>,
    place: Py_ssize_t,
    whose: Number,
    is_wanted: bool,
    is_there: impl Fn(Number) -> bool,
) -> Result<(), Raised> {
    let kept: *const Verdicts = code_extra::get(code, place).cast();
    // SAFETY: as in `get`.
    let before = unsafe { kept.as_ref() }.into_iter().flatten();
    let still = before.copied().filter(|verdict| verdict.whose != whose && is_there(verdict.whose));
    let verdicts = [Verdict { whose, is_wanted }].into_iter().chain(still).collect::<Verdicts>();
    let kept = Box::into_raw(Box::new(verdicts)).cast();
    // SAFETY: it is what `release` takes; without success nobody has it.
    unsafe { code_extra::set(code, place, kept).inspect_err(|_| release(kept)) }
}

/// What CPython calls when the verdicts are replaced, or their code goes.
pub(super) unsafe extern "C" fn release(kept: *mut c_void) {
    if !ptr::eq(kept, ptr::null()) {
        // SAFETY: it was made by `set`, and is given up once.
        drop(unsafe { Box::from_raw(kept.cast::<Verdicts>()) });
    }
}
