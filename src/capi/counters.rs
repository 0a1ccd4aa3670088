//! How often each C function of the drop-in set has been called: counted if the feature `counters` is on.

use core::ffi::{CStr, c_char, c_ulonglong};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is counted.
macro_rules! counted {
    ($($symbol:ident)*) => {
        /// A function that is counted, named as it is.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        pub(super) enum Symbol { $($symbol),* }

        const NAMES: &[&CStr] = &[$(
            match CStr::from_bytes_with_nul(concat!(stringify!($symbol), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name ends in its only NUL"),
            }
        ),*];
    };
}

counted! {
    THP_PyFrame_FastToLocalsWithError
    THP_PyFrame_GetLocals
    get_framelocals_mapping
    _PyFunction_CopyWithNewCode
    THP_PyFrame_New_NoTrack
    THP_PyFrame_MakeAndSetFrameObject
    THP_PyFrame_Clear
    THP_PyFrame_ClearLocals
    THP_PyObject_VirtualAlloc
    THP_PyObject_VirtualFree
    THP_PyThreadState_BumpFramePointerSlow
    THP_PyThreadState_PopFrame
    init_THPCaches
}

static CALLS: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];

impl Symbol {
    /// The name of the function.
    pub(super) fn name(self) -> &'static CStr {
        NAMES[self as usize]
    }
}

/// Counts a call.
#[inline]
pub(super) fn called(symbol: Symbol) {
    if cfg!(feature = "counters") {
        CALLS[symbol as usize].fetch_add(1, Relaxed);
    }
}

/// Each C function of the drop-in set by name, and how often it has been called; nothing if the library counts none.
pub fn calls() -> impl Iterator<Item = (&'static CStr, u64)> {
    let counted = if cfg!(feature = "counters") { NAMES } else { &[] };
    counted.iter().zip(&CALLS).map(|(&name, calls)| (name, calls.load(Relaxed)))
}

/// `PyFrameShim_Counter` of `include/pyframe_shim.h`.
#[repr(C)]
pub struct CCounter {
    symbol: *const c_char,
    calls: c_ulonglong,
}

/// Writes up to `room` counters; returns how many functions are counted, 0 if the library counts none. Needs no GIL.
///
/// # Safety
/// `counters` is valid for writes of `room` elements; it may be NULL if that is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetCounters(counters: *mut CCounter, room: usize) -> usize {
    for (index, (name, calls)) in calls().enumerate().take(room) {
        // SAFETY: there is room for that many, says the caller.
        unsafe { counters.add(index).write(CCounter { symbol: name.as_ptr(), calls }) }
    }
    calls().count()
}
