//! Loaded libraries: where one lies, which names it reaches through slots of the loader, and where a slot leads.

use core::ffi::{CStr, c_int, c_void};
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol, ObjectSymbolTable, ReadCache, RelocationTarget};
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::path::Path;

/// The slots of the library in this file that the loader fills with the address of a name: each with its offset from the
/// library's place in memory.
pub fn references(path: &Path) -> io::Result<Vec<(String, u64)>> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let content = ReadCache::new(File::open(path)?);
    let file = ElfFile64::<Endianness, _>::parse(&content).map_err(invalid)?;
    let (Some(names), Some(relocations)) = (file.dynamic_symbol_table(), file.dynamic_relocations()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (offset, relocation) in relocations {
        // An addend makes it the address of something inside of what the name stands for.
        if let (RelocationTarget::Symbol(index), 0) = (relocation.target(), relocation.addend()) {
            let symbol = names.symbol_by_index(index).map_err(invalid)?;
            found.push((symbol.name().map_err(invalid)?.to_owned(), offset));
        }
    }
    Ok(found)
}

/// What is looked for, and found.
struct Search<'a> {
    name: &'a CStr,
    found: Option<(CString, usize)>,
}

/// Path and place of the first loaded library with this file name.
pub fn loaded(name: &CStr) -> Option<(CString, usize)> {
    let mut search = Search { name, found: None };
    // SAFETY: the callback is given `search`, which lives as long as the call.
    unsafe { libc::dl_iterate_phdr(Some(compare), (&raw mut search).cast()) };
    search.found
}

unsafe extern "C" fn compare(info: *mut libc::dl_phdr_info, _size: usize, search: *mut c_void) -> c_int {
    // SAFETY: `info` is valid during the call, `search` is what `loaded` passed, and nobody else's.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    if info.dlpi_name.is_null() {
        return 0;
    }
    // SAFETY: the loader's own text.
    let path = unsafe { CStr::from_ptr(info.dlpi_name) };
    if path.to_bytes().rsplit(|&byte| byte == b'/').next() != Some(search.name.to_bytes()) {
        return 0;
    }
    search.found = Some((path.to_owned(), info.dlpi_addr as usize));
    1
}

/// The path of the library that the pointer in `slot` leads to.
///
/// # Safety
/// `slot` can be read: it is a slot of a loaded library.
pub unsafe fn bound<'a>(slot: *const *const c_void) -> Option<&'a CStr> {
    // SAFETY: dladdr takes any address; the loader's name of a library lives as long as the library.
    unsafe {
        let mut info: libc::Dl_info = core::mem::zeroed();
        let found = libc::dladdr(*slot, &raw mut info) != 0 && !info.dli_fname.is_null();
        found.then(|| CStr::from_ptr(info.dli_fname))
    }
}
