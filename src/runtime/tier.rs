//! Whether the interpreter has a second tier of its evaluator (`_Py_TIER2`), and uses it: the JIT, or the interpreter of its
//! traces.
//!
//! No 3.13 has one unless it was built for that. From 3.14 on many are built with a JIT that is switched off, and a program's
//! environment switches it on (`PYTHON_JIT=1`).

use crate::py::{Owned, PendingException};
use crate::version;
use core::ptr;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
use pyo3_ffi::{
    PyErr_Clear, PyInterpreterState_Get, PyInterpreterState_Main, PyObject_CallMethod, PyObject_IsTrue, PySys_GetObject,
};

const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const PRESENT: u8 = 2;

static TIER_2: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether the running interpreter has a second tier in use.
#[inline(always)]
pub(crate) fn has_tier_2() -> bool {
    match TIER_2.load(Relaxed) {
        UNKNOWN => look(),
        known => known == PRESENT,
    }
}

/// Whether it is known already that the running interpreter has none in use: for where nothing may be called.
#[inline(always)]
pub(crate) fn is_known_to_lack_tier_2() -> bool {
    TIER_2.load(Relaxed) == ABSENT
}

#[cold]
#[inline(never)]
fn look() -> bool {
    if version::SYS_TELLS_OF_TIER_2 && !is_main() {
        // Only the main interpreter has one. What this one says holds for it alone.
        return false;
    }
    let found = if version::SYS_TELLS_OF_TIER_2 { is_switched_on() } else { is_built_in() };
    TIER_2.store(if found { PRESENT } else { ABSENT }, Relaxed);
    found
}

fn is_main() -> bool {
    // SAFETY: the calling thread holds the GIL.
    unsafe { PyInterpreterState_Get() == PyInterpreterState_Main() }
}

/// 3.13 exports this where there is a second tier, and nowhere else.
fn is_built_in() -> bool {
    // SAFETY: asks the loader for a name.
    unsafe { !libc::dlsym(libc::RTLD_DEFAULT, c"_Py_SetTier2Optimizer".as_ptr()).is_null() }
}

/// `sys._jit.is_enabled()`. The pending exception stays.
fn is_switched_on() -> bool {
    let pending = PendingException::take();
    // SAFETY: the calling thread holds the GIL; borrowed or NULL; a new reference, or NULL with an exception.
    let enabled = unsafe {
        let jit = PySys_GetObject(c"_jit".as_ptr());
        let answer = if jit.is_null() {
            None
        } else {
            ptr::NonNull::new(PyObject_CallMethod(jit, c"is_enabled".as_ptr(), ptr::null()))
                .map(|new| Owned::from_owned(new))
        };
        let enabled = answer.is_some_and(|answer| PyObject_IsTrue(answer.as_ptr()) == 1);
        PyErr_Clear();
        enabled
    };
    pending.restore();
    enabled
}
