//! Fresh dicts of locals made from a template, for code that is asked again and again.
//!
//! Inserting names into a dict one by one is nearly all that fast to locals costs. But the frames of one code object that
//! a hook sees have the same names bound, so what differs from dict to dict is the values alone: a copy of a dict that has
//! the keys already costs a small part of inserting them, and the values are then written into it.
//!
//! The templates lie in a table of [`ENTRIES`], found by the address of the code. Nothing is kept alive for that: a template
//! holds names, and is used only while they are, one by one, those of the bound slots at hand. So whatever lives at that
//! address now, the dict comes out right, or is made the long way. The table belongs to the main interpreter, whose GIL
//! guards it; in others dicts are always made the long way.

use super::entries::{Entries, are_as_expected};
use super::slots::Slots;
use crate::process::stay_loaded;
use crate::py::{Owned, PendingException, Raised};
use crate::version;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    Py_AtExit, PyCapsule_New, PyDict_Copy, PyDict_SetItem, PyDict_Size, PyInterpreterState_Get,
    PyInterpreterState_GetDict, PyInterpreterState_Main, PyLong_FromVoidPtr, PyObject, PyObject_GC_IsTracked,
    PyObject_GC_Track, PyObject_GC_UnTrack, PyType_HasFeature,
};

/// How many templates there may be: a power of two.
const ENTRIES: usize = 256;

/// How many names are inserted in less time than a template takes.
const FEWEST: usize = 3;

/// How many slots a frame may have to be worth a template: this bounds the memory that they take.
const MOST_SLOTS: usize = 1024;

/// A call whose names are not the template's adds a strike, a call whose names are takes one away. From this many on, the code
/// gets no template: each call adds a strike, until the 8-bit count is 0 again. By then other code may lie at that address.
const STRIKES: u8 = 4;

/// What is known of one code object.
struct Entry {
    /// Its address, and that of its names, in one number; the code may be gone. 0 if none is known.
    code: Cell<usize>,
    /// A dict that has the names as keys, untracked and known to nobody else; an owned reference, or NULL.
    template: Cell<*mut PyObject>,
    strikes: Cell<u8>,
    /// Whether the code has been asked for since other code wanted its place.
    used: Cell<bool>,
}

struct Table {
    entries: [Entry; ENTRIES],
    /// Whether it may be used, once that is known.
    usable: Cell<Option<bool>>,
    /// Whether the end of the interpreter will be noticed.
    ends: Cell<bool>,
}

// SAFETY: used in the main interpreter only, under its GIL, or at its end, when no other thread runs Python.
unsafe impl Sync for Table {}

static TABLE: Table =
    Table { entries: [const { Entry::new() }; ENTRIES], usable: Cell::new(None), ends: Cell::new(false) };

/// What came of asking for a dict.
pub(super) enum Made {
    /// The dict of the bound locals.
    Whole(Owned),
    /// None: it is to be made the long way, and shown to [`learn`].
    ToLearn,
    /// None: it is to be made the long way.
    No,
}

impl Entry {
    const fn new() -> Self {
        Self { code: Cell::new(0), template: Cell::new(ptr::null_mut()), strikes: Cell::new(0), used: Cell::new(false) }
    }

    fn of(slots: &Slots<'_, '_>) -> &'static Self {
        let address = slots.code().as_ptr() as usize;
        // Multiplied by 2^64 divided by the golden ratio: the upper bits of that differ wherever addresses do.
        let index = address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (usize::BITS - ENTRIES.ilog2());
        &TABLE.entries[index]
    }

    /// Forgets the template. Runs no code: nothing but names dies with it.
    fn forget(&self) {
        if let Some(template) = NonNull::new(self.template.replace(ptr::null_mut())) {
            // SAFETY: the reference was the entry's.
            drop(unsafe { Owned::from_owned(template) });
        }
    }

    /// Other code is asked for than the code that has this place. The other code gets the place, unless the place's own code
    /// has been asked for since the last such request. So of two codes that are asked for alternately, one keeps its template.
    fn ask_for(&self, code: usize) {
        if !self.used.replace(false) {
            self.give_to(code);
        }
    }

    fn give_to(&self, code: usize) {
        self.forget();
        self.strikes.set(0);
        self.used.set(true);
        self.code.set(code);
    }

    /// Counts whether the template had the names that were bound. One that has not is forgotten.
    fn count(&self, fits: bool) {
        if fits {
            self.strikes.set(self.strikes.get().saturating_sub(1));
        } else {
            self.forget();
            self.strikes.set(self.strikes.get().saturating_add(1));
        }
    }

    /// A new reference to the template: allocating may run code that comes back here (3.11).
    fn template(&self) -> Option<Owned> {
        // SAFETY: the entry keeps it.
        NonNull::new(self.template.get()).map(|template| unsafe { Owned::from_borrowed(template) })
    }
}

/// A fresh dict of the bound locals of a frame whose namespace is its slots, from a template.
///
/// # Errors
/// `MemoryError`.
pub(super) fn make(slots: &Slots<'_, '_>) -> Result<Made, Raised> {
    let (code, count) = (slots.code(), slots.code().slots());
    if !(FEWEST..=MOST_SLOTS).contains(&count) || !code.is_optimized() || slots.are_empty() || !in_main_interpreter() {
        return Ok(Made::No);
    }
    let (entry, code) = (Entry::of(slots), code.identity());
    if entry.code.get() != code {
        entry.ask_for(code);
        return Ok(Made::No);
    }
    if entry.strikes.get() >= STRIKES {
        entry.strikes.set(entry.strikes.get().wrapping_add(1));
        return Ok(Made::No);
    }
    entry.used.set(true);
    let Some(template) = entry.template() else { return Ok(Made::ToLearn) };
    // SAFETY: a dict; a new reference, or NULL with an exception.
    let dict = unsafe { Owned::from_new(PyDict_Copy(template.as_ptr()))? };
    let fits = fill(&dict, slots);
    // On 3.11 the copy may have run code that took the place.
    if entry.code.get() == code {
        entry.count(fits);
    }
    Ok(if fits { Made::Whole(dict) } else { Made::ToLearn })
}

/// Gives the values of a copied template those of the slots; false if it does not have their names.
fn fill(dict: &Owned, slots: &Slots<'_, '_>) -> bool {
    // On 3.11 the frame may have been cleared while the dict was allocated.
    if slots.are_empty() {
        return false;
    }
    let Some(mut entries) = Entries::of(dict) else { return false };
    let mut collectable = false;
    for slot in slots.iter_undisturbed() {
        let Some(value) = slot.value else {
            // Up to 3.12 a free variable takes the name away again, if another slot has given it a value. What breaks the
            // contract is for the code that makes the dict by insertion.
            if slot.kind.is_free()
                && (slots.require_cells().is_err() || (!version::FIRST_BOUND_SLOT_WINS && slots.has_value(slot.name)))
            {
                return false;
            }
            continue;
        };
        // What is replaced is a name, which the dict keeps as its key: nothing dies.
        if entries.replace_next(slot.name, value).is_none() {
            return false;
        }
        collectable = collectable || is_collectable(value);
    }
    // SAFETY: a dict that is alive and complete.
    unsafe {
        if collectable && PyObject_GC_IsTracked(dict.as_ptr()) == 0 {
            PyObject_GC_Track(dict.as_ptr().cast());
        }
    }
    entries.is_done()
}

/// Makes a template of a dict that [`make`] had none for. Failing that, the next one is made the long way too.
pub(super) fn learn(slots: &Slots<'_, '_>, dict: &Owned) {
    let entry = Entry::of(slots);
    // SAFETY: a dict.
    let few = unsafe { PyDict_Size(dict.as_ptr()) } < FEWEST as isize;
    let wanted = || entry.code.get() == slots.code().identity() && entry.template.get().is_null();
    if few || !wanted() {
        return;
    }
    let pending = PendingException::take();
    let template = if is_usable() == Some(true) { blank_copy(dict) } else { None };
    // Asked once more: on 3.11 the copy may have run code.
    if let Some(template) = template.filter(|_| wanted()) {
        entry.template.set(template.into_ptr());
    }
    pending.restore();
}

/// A copy of a dict with each key for its own value, which the collector does not see. `None`, and perhaps an exception,
/// if it cannot be made.
fn blank_copy(dict: &Owned) -> Option<Owned> {
    // SAFETY: a dict; a new reference, or NULL with an exception.
    let copy = unsafe { Owned::from_new(PyDict_Copy(dict.as_ptr())).ok()? };
    // SAFETY: it is ours alone.
    unsafe {
        if PyObject_GC_IsTracked(copy.as_ptr()) != 0 {
            PyObject_GC_UnTrack(copy.as_ptr().cast());
        }
    }
    let mut entries = Entries::of(&copy)?;
    for key in Entries::of(&copy)?.keys() {
        // The dict that was copied keeps what is replaced.
        entries.replace_next(key.as_ptr(), key)?;
    }
    Some(copy)
}

/// Whether the collector has to see a container of this object.
fn is_collectable(object: NonNull<PyObject>) -> bool {
    // SAFETY: the object is alive.
    unsafe { PyType_HasFeature(pyo3_ffi::Py_TYPE(object.as_ptr()), pyo3_ffi::Py_TPFLAGS_HAVE_GC) != 0 }
}

fn in_main_interpreter() -> bool {
    // SAFETY: the calling thread has an interpreter.
    unsafe { PyInterpreterState_Get() == PyInterpreterState_Main() }
}

/// Whether templates can be used: dicts are as expected, and the table will be emptied with the interpreter. `None`, and
/// perhaps an exception, if there is no memory to find out.
fn is_usable() -> Option<bool> {
    if let Some(usable) = TABLE.usable.get() {
        return Some(usable);
    }
    // In this order: what is called later must still be there then.
    stay_loaded();
    // SAFETY: the function needs nothing of the interpreter that is gone when it is called.
    let ends = TABLE.ends.get() || unsafe { Py_AtExit(Some(begin_anew)) } == 0;
    TABLE.ends.set(ends);
    let usable = ends && are_as_expected()?;
    if usable {
        have_it_emptied()?;
    }
    TABLE.usable.set(Some(usable));
    Some(usable)
}

/// Has the interpreter empty the table while it clears itself: a capsule in its dict, which is cleared with it. `None`, and
/// perhaps an exception, if that cannot be had.
fn have_it_emptied() -> Option<()> {
    let table: *mut c_void = (&raw const TABLE).cast_mut().cast();
    // SAFETY: new references, or NULL with an exception; what the capsule points to is static; the dict is borrowed, or NULL.
    unsafe {
        let capsule = Owned::from_new(PyCapsule_New(table, c"pyframe_shim.templates".as_ptr(), Some(empty))).ok()?;
        // Not to be found by another copy of the library: the address is the key.
        let key = Owned::from_new(PyLong_FromVoidPtr(table)).ok()?;
        let known = NonNull::new(PyInterpreterState_GetDict(PyInterpreterState_Get()))?;
        (PyDict_SetItem(known.as_ptr(), key.as_ptr(), capsule.as_ptr()) == 0).then_some(())
    }
}

/// The interpreter clears itself, or a program that counts objects has taken the capsule out of its dict. A call that asks for
/// templates after that puts another one there.
unsafe extern "C" fn empty(_capsule: *mut PyObject) {
    TABLE.usable.set(None);
    for entry in &TABLE.entries {
        entry.give_to(0);
    }
}

/// The end of the interpreter, whose objects may not be touched any more: those that finalizers asked for behind `empty`,
/// if any. Another interpreter may follow it.
extern "C" fn begin_anew() {
    TABLE.usable.set(None);
    TABLE.ends.set(false);
    for entry in &TABLE.entries {
        entry.template.set(ptr::null_mut());
        entry.give_to(0);
    }
}
