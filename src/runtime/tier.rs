//! Whether the interpreter has a second tier of its evaluator (`_Py_TIER2`), which no release has unless it is asked for.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const PRESENT: u8 = 2;

static TIER_2: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether the running interpreter was built with a second tier.
#[inline(always)]
pub(crate) fn has_tier_2() -> bool {
    match TIER_2.load(Relaxed) {
        UNKNOWN => look(),
        known => known == PRESENT,
    }
}

/// Whether it is known already that the running interpreter has none: for where nothing may be called.
#[inline(always)]
pub(crate) fn is_known_to_lack_tier_2() -> bool {
    TIER_2.load(Relaxed) == ABSENT
}

#[cold]
#[inline(never)]
fn look() -> bool {
    // 3.13 exports it where there is a second tier, and nowhere else.
    // SAFETY: asks the loader for a name.
    let found = unsafe { !libc::dlsym(libc::RTLD_DEFAULT, c"_Py_SetTier2Optimizer".as_ptr()).is_null() };
    TIER_2.store(if found { PRESENT } else { ABSENT }, Relaxed);
    found
}
