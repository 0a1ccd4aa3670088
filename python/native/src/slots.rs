//! The slots of a loaded library: which names it reaches through the loader, and where the loader has led them.

use super::image::Image;
use super::loaded;
use core::ffi::CStr;
use core::ops::Range;
use object::NativeEndian;
use object::elf::{
    DT_JMPREL, DT_PLTRELSZ, DT_RELA, DT_RELASZ, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DynamicTag, Rela64, SHN_UNDEF, Sym64,
};
use std::ffi::CString;

type Symbol = Sym64<NativeEndian>;
type Relocation = Rela64<NativeEndian>;

/// A slot that the loader fills with the address of a name.
pub struct Slot {
    pub name: CString,
    pub address: usize,
    /// What it leads to; none if the loader leaves that to the first call.
    pub target: Option<usize>,
}

/// The slots of the loaded library with this file name.
pub fn slots(library: &CStr) -> Option<Vec<Slot>> {
    loaded::with(library, |image| Names::of(image).map_or_else(Vec::new, |names| names.slots()))
}

/// The symbols and their names, in memory.
struct Names<'a> {
    image: &'a Image,
    symbols: usize,
    strings: Range<usize>,
}

impl<'a> Names<'a> {
    fn of(image: &'a Image) -> Option<Self> {
        let (symbols, strings) = (image.address(DT_SYMTAB)?, image.address(DT_STRTAB)?);
        Some(Self { image, symbols, strings: strings..strings.saturating_add(image.value(DT_STRSZ)?) })
    }

    fn slots(&self) -> Vec<Slot> {
        let calls = self.relocations(DT_JMPREL, DT_PLTRELSZ);
        let others = self.relocations(DT_RELA, DT_RELASZ);
        calls
            .iter()
            .filter_map(|call| self.slot(call, true))
            .chain(others.iter().filter_map(|other| self.slot(other, false)))
            .collect()
    }

    fn relocations(&self, table: DynamicTag, size: DynamicTag) -> Vec<Relocation> {
        let (Some(start), Some(size)) = (self.image.address(table), self.image.value(size)) else { return Vec::new() };
        self.image.array(start..start.saturating_add(size))
    }

    /// What a relocation is about, if that is the address of a name: an addend makes it something inside of that.
    fn slot(&self, relocation: &Relocation, call: bool) -> Option<Slot> {
        let index = relocation.r_sym(NativeEndian, false) as usize;
        if index == 0 || relocation.r_addend.get(NativeEndian) != 0 {
            return None;
        }
        let symbol: Symbol = self.image.read(self.symbols.checked_add(index.checked_mul(size_of::<Symbol>())?)?)?;
        let start = self.strings.start.checked_add(symbol.st_name.get(NativeEndian) as usize)?;
        // A name that is no text is none that is asked for.
        let name = self.image.text(start, self.strings.end).filter(|name| name.to_str().is_ok())?.to_owned();
        let address = self.image.at(relocation.r_offset.get(NativeEndian));
        let target: usize = self.image.read::<u64>(address)? as usize;
        let filled = !call || !self.image.holds(target) || self.defines(&symbol, target);
        Some(Slot { name, address, target: filled.then_some(target) })
    }

    /// Whether that is where the library's own definition lies. A call's slot that leads elsewhere inside of the library
    /// leads to the code that has the loader look for the name.
    fn defines(&self, symbol: &Symbol, target: usize) -> bool {
        symbol.st_shndx.get(NativeEndian) != SHN_UNDEF && self.image.at(symbol.st_value.get(NativeEndian)) == target
    }
}
