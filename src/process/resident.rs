//! Code that stays where it is: a library that gives CPython a function to call later may not be unloaded before.

use core::ffi::c_void;
use core::mem::MaybeUninit;

/// Keeps the library that this code is part of, whichever that is, loaded until the process ends.
pub(crate) fn stay_loaded() {
    let here: fn() = stay_loaded;
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: the first call fills the structure if it returns other than 0, with the name of a loaded file. The second
    // opens that once more, for good; it cannot if the file is the program itself, which is not unloaded.
    unsafe {
        if libc::dladdr(here as *const c_void, found.as_mut_ptr()) != 0 {
            libc::dlopen(found.assume_init().dli_fname, libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE);
        }
    }
}
