//! What a library's file says before it is loaded: which names it reaches through slots of the loader.

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol, ObjectSymbolTable, ReadCache, RelocationTarget};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

/// The names that the library in this file has slots for, which the loader fills with their addresses.
pub fn references(path: &Path) -> io::Result<BTreeSet<String>> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let content = ReadCache::new(File::open(path)?);
    let file = ElfFile64::<Endianness, _>::parse(&content).map_err(invalid)?;
    let (Some(names), Some(relocations)) = (file.dynamic_symbol_table(), file.dynamic_relocations()) else {
        return Ok(BTreeSet::new());
    };
    let mut found = BTreeSet::new();
    for (_, relocation) in relocations {
        // An addend makes it the address of something inside of what the name stands for.
        if let (RelocationTarget::Symbol(index), 0) = (relocation.target(), relocation.addend()) {
            let symbol = names.symbol_by_index(index).map_err(invalid)?;
            found.insert(symbol.name().map_err(invalid)?.to_owned());
        }
    }
    Ok(found)
}
