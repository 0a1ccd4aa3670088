//! Loaded libraries: finding one by its file's name, or by an address in it.

use super::image::Image;
use core::ffi::{CStr, c_int, c_void};
use std::ffi::CString;

/// What is looked for, and what is done with it.
struct Search<'a> {
    library: &'a CStr,
    found: &'a mut dyn FnMut(&libc::dl_phdr_info),
}

/// What `read` makes of the first loaded library with this file name.
///
/// The loader's lock is held, so that the library stays. The loader takes its locks in another order in other functions:
/// `read` must not call them.
pub fn with<T>(library: &CStr, mut read: impl FnMut(&Image) -> T) -> Option<T> {
    let mut result = None;
    find(library, &mut |info| {
        // SAFETY: the loader's call has not returned.
        result = Some(read(&unsafe { Image::of(info) }));
    });
    result
}

/// The path that the first loaded library with this file name was loaded from.
pub fn path(library: &CStr) -> Option<CString> {
    let mut result = None;
    find(library, &mut |info| {
        // SAFETY: the loader's own text, which `compare` has read too.
        result = Some(unsafe { CStr::from_ptr(info.dlpi_name) }.to_owned());
    });
    result
}

/// The path of the library that an address lies in.
pub fn library_at<'a>(address: *const c_void) -> Option<&'a CStr> {
    // SAFETY: dladdr takes any address; the loader's name of a library lives as long as the library.
    unsafe {
        let mut info: libc::Dl_info = core::mem::zeroed();
        let found = libc::dladdr(address, &raw mut info) != 0 && !info.dli_fname.is_null();
        found.then(|| CStr::from_ptr(info.dli_fname))
    }
}

fn find(library: &CStr, found: &mut dyn FnMut(&libc::dl_phdr_info)) {
    let mut search = Search { library, found };
    // SAFETY: the callback is given `search`, which lives as long as the call.
    unsafe { libc::dl_iterate_phdr(Some(compare), (&raw mut search).cast()) };
}

unsafe extern "C" fn compare(info: *mut libc::dl_phdr_info, _size: usize, search: *mut c_void) -> c_int {
    // SAFETY: `info` is valid during the call, `search` is what `find` passed, and nobody else's.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    if info.dlpi_name.is_null() {
        return 0;
    }
    // SAFETY: the loader's own text.
    let path = unsafe { CStr::from_ptr(info.dlpi_name) };
    if path.to_bytes().rsplit(|&byte| byte == b'/').next() != Some(search.library.to_bytes()) {
        return 0;
    }
    (search.found)(info);
    1
}
