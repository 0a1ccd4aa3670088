//! Structures whose first field, `size`, the caller sets: the library fills no more than the caller has.

use super::arguments::value_error;
use crate::py::Raised;
use core::ptr;

/// The bytes that the caller and the library both have; `ValueError` if there is no structure, or it does not say its size.
///
/// # Safety
/// `place` is NULL, or its first field is the size, which can be read.
pub(super) unsafe fn size_in_common<T>(place: *const T) -> Result<usize, Raised> {
    if place.is_null() {
        return Err(value_error(c"the structure must not be NULL"));
    }
    // SAFETY: the first field is there, says the caller.
    let size = unsafe { place.cast::<usize>().read() }.min(size_of::<T>());
    if size > size_of::<usize>() { Ok(size) } else { Err(value_error(c"the structure must say its size")) }
}

/// Copies the first `size` bytes.
///
/// # Safety
/// `place` is valid for writes of so many bytes, and the structure is no smaller.
pub(super) unsafe fn fill<T>(place: *mut T, full: &T, size: usize) {
    // SAFETY: as the caller says.
    unsafe { ptr::copy_nonoverlapping(ptr::from_ref(full).cast::<u8>(), place.cast::<u8>(), size) }
}
