//! The entries of a dict, written where they lie.
//!
//! A dict whose keys are all str, none of them ever deleted, has its keys and values in one array, in the order in which
//! they were inserted. Giving a key that is there another value so takes one store; inserting it takes a hash look-up,
//! and now and then a larger table. Source: `DK_UNICODE_ENTRIES`, `Include/internal/pycore_dict.h` (3.11 to 3.15).

use crate::py::Owned;
use crate::sys::{self, PyDictObject, PyDictUnicodeEntry};
use core::ffi::CStr;
use core::ptr::NonNull;
use pyo3_ffi::{PyDict_New, PyDict_SetItem, PyObject, PyUnicode_InternFromString};

/// The entries of a dict that nobody else changes meanwhile, from the first on.
pub(super) struct Entries {
    next: *mut PyDictUnicodeEntry,
    left: usize,
}

impl Entries {
    /// The entries of a dict; `None` if its keys are not all str, or some have been deleted.
    pub(super) fn of(dict: &Owned) -> Option<Self> {
        let dict: *mut PyDictObject = dict.as_ptr().cast();
        // SAFETY: the dict is alive, and its table is laid out as the headers say (`are_as_expected`).
        unsafe {
            let keys = (*dict).ma_keys;
            let plain = (*dict).ma_values.is_null()
                && u32::from((*keys).dk_kind) == sys::DictKeysKind_DICT_KEYS_UNICODE
                && (*dict).ma_used == (*keys).dk_nentries;
            let indices: *mut u8 = (&raw mut (*keys).dk_indices).cast();
            plain.then(|| Self {
                next: indices.add(1 << (*keys).dk_log2_index_bytes).cast(),
                left: (*keys).dk_nentries as usize,
            })
        }
    }

    /// Gives the next entry another value, which it takes a reference to, and returns the old one; `None`, and nothing
    /// is done, if its key is not this very name, or there is none left.
    pub(super) fn replace_next(&mut self, name: *mut PyObject, value: NonNull<PyObject>) -> Option<Owned> {
        // SAFETY: there is an entry left, which owns a value; that one moves out.
        unsafe {
            if self.left == 0 || (*self.next).me_key != name {
                return None;
            }
            let old = core::mem::replace(&mut (*self.next).me_value, Owned::from_borrowed(value).into_ptr());
            self.next = self.next.add(1);
            self.left -= 1;
            Some(Owned::from_owned(NonNull::new_unchecked(old)))
        }
    }

    /// The key and value of each entry left, borrowed.
    fn rest(self) -> impl Iterator<Item = (*mut PyObject, *mut PyObject)> {
        // SAFETY: there are so many entries.
        (0..self.left).map(move |index| unsafe { ((*self.next.add(index)).me_key, (*self.next.add(index)).me_value) })
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// The keys of the entries left, in order, borrowed.
    pub(super) fn keys(self) -> impl Iterator<Item = NonNull<PyObject>> {
        self.rest().filter_map(|(key, _)| NonNull::new(key))
    }
}

/// Whether dicts of the interpreter that runs are laid out as the headers of the build say: another patch release could
/// have changed that. Asked of a dict of three strings, whose table has one shape only. `None`, and an exception, if there
/// is no memory for that.
pub(super) fn are_as_expected() -> Option<bool> {
    // SAFETY: a new reference, or NULL with an exception.
    let interned = |name: &CStr| unsafe { Owned::from_new(PyUnicode_InternFromString(name.as_ptr())).ok() };
    let (first, second, third) = (interned(c"eggs")?, interned(c"spam")?, interned(c"ham")?);
    // SAFETY: as above.
    let dict = unsafe { Owned::from_new(PyDict_New()).ok()? };
    let expected =
        [(&first, &second), (&second, &third), (&third, &first)].map(|(key, value)| (key.as_ptr(), value.as_ptr()));
    for (key, value) in expected {
        // SAFETY: a dict and two strings.
        if unsafe { PyDict_SetItem(dict.as_ptr(), key, value) } != 0 {
            return None;
        }
    }
    // SAFETY: the dict is alive, and its table is at least as large as the header that is read.
    unsafe {
        let keys = (*dict.as_ptr().cast::<PyDictObject>()).ma_keys;
        let header = ((*keys).dk_refcnt, (*keys).dk_log2_size, (*keys).dk_log2_index_bytes, (*keys).dk_usable);
        // Eight indices of a byte each, five entries, three of them used: `PyDict_MINSIZE`.
        let small = header == (1, 3, 3, 2) && (*keys).dk_nentries == 3;
        Some(small && Entries::of(&dict).is_some_and(|entries| entries.rest().eq(expected)))
    }
}
