//! Whether memory is there to be read: asked before a pointer is followed that a broken contract may have left behind.

use core::ffi::c_void;

/// Whether the page that an address lies in is mapped. A system call: not for what is done for every frame.
#[cold]
pub(crate) fn is_mapped<T>(address: *const T) -> bool {
    // SAFETY: asks for a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let start = (address as usize & !(page - 1)) as *mut c_void;
    let mut resident = 0;
    // SAFETY: one page, so one byte is written; nothing is read or written at the address itself.
    unsafe { libc::mincore(start, 1, &raw mut resident) == 0 }
}
