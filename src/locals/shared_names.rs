//! Which names belong to more than one slot. Next to no code has any, and it costs a look at every slot to know.

use crate::view::Code;
use core::cell::{Cell, OnceCell};
use pyo3_ffi::PyObject;

/// How many questions are left to `Slots`, which answers them by looking at every slot: collecting the names costs as much.
const FEW: u8 = 8;

/// The names that more than one slot of a code object has, collected when they have been asked for a few times.
#[derive(Default)]
pub(super) struct SharedNames {
    asked: Cell<u8>,
    /// Their addresses in order; `None` if there is no memory for them.
    names: OnceCell<Option<Vec<usize>>>,
}

impl SharedNames {
    /// False if no other slot has the name of this one.
    pub(super) fn may_hold(&self, code: Code<'_>, name: *mut PyObject) -> bool {
        if self.asked.get() < FEW {
            self.asked.set(self.asked.get() + 1);
            return true;
        }
        self.names
            .get_or_init(|| collect(code))
            .as_ref()
            .is_none_or(|names| names.binary_search(&(name as usize)).is_ok())
    }
}

#[cold]
fn collect(code: Code<'_>) -> Option<Vec<usize>> {
    let mut names = Vec::new();
    names.try_reserve_exact(code.slots()).ok()?;
    // Names are interned: the same name is the same object.
    names.extend((0..code.slots()).map(|slot| code.slot_name(slot) as usize));
    names.sort_unstable();
    let mut last = 0;
    names.retain(|&name| core::mem::replace(&mut last, name) == name);
    Some(names)
}
