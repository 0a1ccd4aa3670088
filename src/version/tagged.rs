//! A word of a frame from CPython 3.14 on: a tagged reference (`_PyStackRef` of builds with the GIL).
//!
//! | the word | what it is |
//! | --- | --- |
//! | 1 | nothing (`PyStackRef_NULL`) |
//! | the two lowest bits are 0 | an object, and the word owns a reference to it |
//! | they are 1 | an object that lives without it: an immortal one, or one that something keeps which lives longer |
//! | they are 3 | an int, no object; on value stacks only |

use crate::py::Owned;
use crate::sys::_PyInterpreterFrame;
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// What a slot, or the function or code field of a frame, holds.
#[repr(transparent)]
pub(crate) struct Word(usize);

/// Set in a word that owns no reference (`Py_TAG_REFCNT`), and in the flags of an immortal object.
const UNOWNED: usize = 1;

/// Both set in a word that is an int (`Py_INT_TAG`).
const INT: usize = 3;

impl Word {
    /// Nothing.
    pub(crate) const EMPTY: Self = Self(UNOWNED);

    /// The object in it, borrowed. An int is none.
    pub(crate) fn object(&self) -> Option<NonNull<PyObject>> {
        if self.0 & INT == INT { None } else { NonNull::new((self.0 & !UNOWNED) as *mut PyObject) }
    }

    fn owns(&self) -> bool {
        self.0 & UNOWNED == 0
    }

    /// The word that a reference goes into.
    #[inline(always)]
    fn of(value: Owned) -> Self {
        let object = value.into_ptr();
        // SAFETY: the object is alive: the word is the reference from now on. An immortal object says so in its flags.
        let flags = unsafe { (*object).ob_refcnt.refcnt_and_flags.ob_flags };
        Self(object as usize | usize::from(flags) & UNOWNED)
    }

    /// The reference in it; a new one, where it owns none.
    ///
    /// # Safety
    /// The object in it is alive.
    #[inline(always)]
    unsafe fn into_owned(self) -> Option<Owned> {
        let object = self.object()?;
        // SAFETY: the reference moves out; or the object is alive, says the caller.
        Some(unsafe { if self.owns() { Owned::from_owned(object) } else { Owned::from_borrowed(object) } })
    }

    /// Takes the reference out of a place.
    ///
    /// # Safety
    /// The place is valid for reads and writes, and what it holds is alive.
    pub(crate) unsafe fn take(place: *mut Self) -> Option<Owned> {
        // SAFETY: as the caller says.
        unsafe { place.replace(Self::EMPTY).into_owned() }
    }

    /// Takes the reference out of a place that is known to hold one.
    ///
    /// # Safety
    /// As [`Self::take`], and the place holds an object.
    pub(crate) unsafe fn take_full(place: *mut Self) -> Owned {
        // SAFETY: as the caller says.
        unsafe { Self::take(place).unwrap_unchecked() }
    }

    /// Empties a place, and releases what it owns.
    ///
    /// # Safety
    /// As [`Self::take`].
    #[inline(always)]
    pub(crate) unsafe fn release(place: *mut Self) {
        // SAFETY: as the caller says.
        let held = unsafe { place.replace(Self::EMPTY) };
        if held.owns() {
            // SAFETY: an object, whose reference is given up.
            drop(unsafe { held.into_owned() });
        }
    }

    /// Puts a reference into a place.
    ///
    /// # Safety
    /// The place is valid for writes, and empty.
    pub(crate) unsafe fn put(place: *mut Self, value: Owned) {
        // SAFETY: the reference moves into the place.
        unsafe { *place = Self::of(value) }
    }

    /// Puts a reference into a place, and takes out the one that the place owns, if it does.
    ///
    /// # Safety
    /// As [`Self::take`].
    #[inline(always)]
    pub(crate) unsafe fn replace(place: *mut Self, value: Owned) -> Option<Owned> {
        // SAFETY: the reference moves into the place.
        let held = unsafe { place.replace(Self::of(value)) };
        // SAFETY: what owns a reference holds an object, and the reference moves out of the place.
        held.owns().then(|| unsafe { Owned::from_owned(NonNull::new_unchecked(held.0 as *mut PyObject)) })
    }

    /// Says that another place holds the same from now on, and owns it likewise: takes a reference for that.
    ///
    /// # Safety
    /// As [`Self::take`].
    pub(crate) unsafe fn share(place: *mut Self) {
        // SAFETY: as the caller says.
        let held = unsafe { &*place };
        if held.owns()
            && let Some(object) = held.object()
        {
            // SAFETY: the object is alive; the other place has the reference.
            core::mem::forget(unsafe { Owned::from_borrowed(object) });
        }
    }

    /// The same for a place that may live longer than what this one has borrowed from (`PyStackRef_MakeHeapSafe`).
    ///
    /// # Safety
    /// The object in it is alive.
    unsafe fn for_the_heap(self) -> Self {
        if self.owns() {
            return self;
        }
        match self.object() {
            // SAFETY: the object is alive, says the caller.
            Some(object) => Self::of(unsafe { Owned::from_borrowed(object) }),
            None => self,
        }
    }
}

/// Moves a frame's header and its first slots to other memory (`_PyFrame_Copy`).
///
/// # Safety
/// `from` is a live interpreter frame that does not run, with so many slots; `to` has room for them, and lies elsewhere.
pub(crate) unsafe fn move_frame(from: *mut _PyInterpreterFrame, to: *mut _PyInterpreterFrame, slots: usize) {
    // SAFETY: as the caller says; what is copied holds the references from now on, and what is borrowed gets one.
    unsafe {
        ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), offset_of!(_PyInterpreterFrame, localsplus));
        for word in [super::code_word(to), super::function_word(to)] {
            word.write(word.read().for_the_heap());
        }
        let (source, target) = (super::slots(from), super::slots(to));
        for slot in 0..slots {
            target.add(slot).write(source.add(slot).read().for_the_heap());
        }
        super::set_live_slots(to, slots);
        // `visited`, which a collector marks frames with up to 3.14.4: the byte behind the owner. It is a bit field in debug
        // builds.
        *(&raw mut (*to).owner).cast::<u8>().add(1) = 0;
    }
}
