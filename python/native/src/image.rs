//! A loaded library as it lies in memory: the parts that are mapped, and reading them without leaving them.
//!
//! The file that it came from may be another one by now, so nothing is read from there.

use core::ffi::CStr;
use core::mem::size_of;
use core::ops::Range;
use core::{ptr, slice};
use object::NativeEndian;
use object::elf::{Dyn64, DynamicTag, PF_R, PT_DYNAMIC, PT_LOAD};
use object::pod::Pod;

/// A library that stays loaded while this is used.
pub struct Image {
    base: usize,
    readable: Vec<Range<usize>>,
    dynamic: Vec<Dyn64<NativeEndian>>,
}

impl Image {
    /// The library that the loader tells of.
    ///
    /// # Safety
    /// `info` is what the loader has passed to a callback of `dl_iterate_phdr`, which has not returned.
    pub unsafe fn of(info: &libc::dl_phdr_info) -> Self {
        let base = info.dlpi_addr as usize;
        let headers = if info.dlpi_phdr.is_null() {
            &[]
        } else {
            // SAFETY: the loader's own array of headers, of this length, which it keeps as long as the library.
            unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) }
        };
        let places = |kind: u32, flags: u32| {
            let wanted = move |header: &&libc::Elf64_Phdr| header.p_type == kind && header.p_flags & flags == flags;
            headers.iter().filter(wanted).map(move |header| {
                let start = base.wrapping_add(header.p_vaddr as usize);
                start..start.saturating_add(header.p_memsz as usize)
            })
        };
        let mut image = Self { base, readable: places(PT_LOAD.0, PF_R.0).collect(), dynamic: Vec::new() };
        if let Some(dynamic) = places(PT_DYNAMIC.0, 0).next() {
            image.dynamic = image.array(dynamic);
        }
        image
    }

    /// Where an offset of the file's own leads.
    pub fn at(&self, offset: u64) -> usize {
        self.base.wrapping_add(offset as usize)
    }

    /// Whether an address lies inside of the library.
    pub fn holds(&self, address: usize) -> bool {
        self.readable.iter().any(|part| part.contains(&address))
    }

    /// A value of the dynamic section.
    pub fn value(&self, tag: DynamicTag) -> Option<usize> {
        let entry = self.dynamic.iter().find(|entry| entry.d_tag.get(NativeEndian) == tag)?;
        Some(entry.d_val.get(NativeEndian) as usize)
    }

    /// An address of the dynamic section: of the file's own, or, as glibc leaves it, of memory.
    pub fn address(&self, tag: DynamicTag) -> Option<usize> {
        let value = self.value(tag)?;
        Some(if self.holds(value) { value } else { self.at(value as u64) })
    }

    /// What is mapped at `address` and behind it, but not further than its part goes.
    fn rest(&self, address: usize) -> Range<usize> {
        let part = self.readable.iter().find(|part| part.contains(&address));
        address..part.map_or(address, |part| part.end)
    }

    /// A value in memory, if all of it is mapped.
    pub fn read<T: Pod>(&self, address: usize) -> Option<T> {
        if self.rest(address).len() < size_of::<T>() {
            return None;
        }
        // SAFETY: the loader keeps this part mapped and readable, and any bytes make a `Pod`.
        Some(unsafe { ptr::read_unaligned(ptr::with_exposed_provenance(address)) })
    }

    /// As many values as lie in a place, or in as much of it as is mapped.
    pub fn array<T: Pod>(&self, place: Range<usize>) -> Vec<T> {
        place.step_by(size_of::<T>()).map_while(|address| self.read(address)).collect()
    }

    /// The text at `address`, if it ends before `end` and inside of its part.
    pub fn text(&self, address: usize, end: usize) -> Option<&CStr> {
        let rest = self.rest(address);
        let length = rest.end.min(end).checked_sub(address)?;
        // SAFETY: mapped and readable, as above; nobody writes into a library's names.
        let bytes = unsafe { slice::from_raw_parts(ptr::with_exposed_provenance(address), length) };
        CStr::from_bytes_until_nul(bytes).ok()
    }
}
