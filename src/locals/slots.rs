//! The slots of a frame as names with values: cells seen through, unbound ones told apart.

use super::shared_names::SharedNames;
use crate::check::{require, require_some};
use crate::code::{Code, SlotKind};
use crate::frame::{Frame, Owner};
use crate::version;
use core::ffi::CStr;
use core::ptr::NonNull;
use pyo3_ffi::{PyCell_Check, PyCellObject, PyObject, PyTuple_GET_ITEM, PyTuple_GET_SIZE};

/// One slot: what it is called, what kind it is, and its value, borrowed from the slot or its cell.
pub(super) struct Slot {
    pub(super) name: *mut PyObject,
    pub(super) kind: SlotKind,
    pub(super) value: Option<NonNull<PyObject>>,
}

/// Where the cells of free variables are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FreeSource {
    /// In their slots: COPY_FREE_VARS has run, or they are unbound.
    Slots,
    /// In their slots, or in the closure of the function if the slot is empty.
    SlotsOrClosure,
}

/// Which cells the frame has made already. Until MAKE_CELL has run, a cell in the slot of an argument is the argument.
enum CellsMade<'f> {
    All,
    /// Those whose MAKE_CELL lies before this unit of the code.
    Before(Code<'f>, usize),
}

impl<'f> CellsMade<'f> {
    fn by(frame: &Frame<'f>, code: Code<'f>) -> Self {
        match frame.owner() == Owner::Generator || !frame.is_incomplete() {
            true => Self::All,
            false => Self::Before(code, frame.lasti().max(0) as usize),
        }
    }

    fn has(&self, slot: usize) -> bool {
        match *self {
            Self::All => true,
            Self::Before(code, unit) => is_made_before(code, unit, slot),
        }
    }
}

#[cold]
#[inline(never)]
fn is_made_before(code: Code<'_>, unit: usize, slot: usize) -> bool {
    code.cells_made_before(unit).any(|made| made == slot)
}

/// The slots that belong into a locals mapping.
pub(super) struct Slots<'v, 'f> {
    frame: &'v Frame<'f>,
    code: Code<'f>,
    free: FreeSource,
    made: CellsMade<'f>,
    of_generator: bool,
    shared: SharedNames,
    function: &'static CStr,
}

impl<'v, 'f> Slots<'v, 'f> {
    pub(super) fn of(frame: &'v Frame<'f>, free: FreeSource, function: &'static CStr) -> Self {
        let code = require_some(frame.code(), function, c"the frame must run a code object");
        let of_generator = frame.owner() == Owner::Generator;
        Self {
            frame,
            code,
            free,
            made: CellsMade::by(frame, code),
            of_generator,
            shared: SharedNames::default(),
            function,
        }
    }

    /// The code whose slots these are.
    pub(super) fn code(&self) -> Code<'f> {
        self.code
    }

    /// Whether the frame has been cleared, or has no slots. Not every minor lowers `stacktop` where a generator ends.
    pub(super) fn are_empty(&self) -> bool {
        self.frame.stacktop() == 0 || (self.of_generator && self.frame.generator_has_ended())
    }

    /// The slots in their order, of code whose namespace they are, for as long as no Python code runs: the same as
    /// [`Self::iter`], in half the time.
    pub(super) fn iter_undisturbed(&self) -> impl Iterator<Item = Slot> {
        debug_assert!(self.code.is_optimized() && !self.are_empty());
        self.code.kinds().iter().enumerate().map(|(slot, &kind)| {
            let value = match kind.is_plain() {
                true => NonNull::new(self.frame.slot(slot)),
                false => self.value(slot, kind),
            };
            Slot { name: self.code.slot_name(slot), kind, value }
        })
    }

    /// The slots in their order. Each is read when it is asked for, so that Python code may run in between.
    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> {
        let optimized = self.code.is_optimized();
        self.code.kinds().iter().enumerate().filter_map(move |(slot, &kind)| {
            // The cells of a class body or module are not part of its namespace: the free ones belong to the function
            // around it, and the others CPython merges up to 3.12 only.
            if !optimized && !kind.is_hidden() && (kind.is_free() || !version::MERGES_CELLS_INTO_NAMESPACES) {
                return None;
            }
            Some(Slot { name: self.code.slot_name(slot), kind, value: self.value(slot, kind) })
        })
    }

    /// Whether a slot that is no free variable's has this name and a value.
    pub(super) fn has_value(&self, name: *mut PyObject) -> bool {
        if !self.shared.may_hold(self.code, name) {
            return false;
        }
        let kinds = &self.code.kinds()[..self.code.first_free()];
        kinds
            .iter()
            .enumerate()
            .any(|(slot, &kind)| self.code.slot_name(slot) == name && self.value(slot, kind).is_some())
    }

    #[inline(always)]
    fn value(&self, slot: usize, kind: SlotKind) -> Option<NonNull<PyObject>> {
        let held = self.frame.slot(slot);
        // A cleared frame. The slots of a generator that has ended may hold stale pointers.
        if self.are_empty() {
            return None;
        }
        if kind.is_free() {
            return self.free_value(slot, held);
        }
        // SAFETY: the slot holds NULL or a reference.
        if kind.is_cell() && !held.is_null() && unsafe { PyCell_Check(held) } != 0 && self.made.has(slot) {
            // SAFETY: it is a cell.
            return unsafe { contents(held) };
        }
        NonNull::new(held)
    }

    fn free_value(&self, slot: usize, held: *mut PyObject) -> Option<NonNull<PyObject>> {
        let cell = match held.is_null() && self.free == FreeSource::SlotsOrClosure {
            true => self.closure_cell(slot - self.code.first_free()),
            false => held,
        };
        if cell.is_null() {
            return None;
        }
        // SAFETY: the slot or closure holds a reference.
        let is_cell = unsafe { PyCell_Check(cell) } != 0;
        require(is_cell, self.function, c"the slot of a free variable must hold a cell", Some(self.frame));
        // SAFETY: it is a cell.
        unsafe { contents(cell) }
    }

    /// The cell of a free variable in the closure of the frame's function, borrowed; NULL if there is none.
    fn closure_cell(&self, index: usize) -> *mut PyObject {
        let closure = self.frame.closure();
        // SAFETY: a function's closure is NULL or a tuple, and the index lies in it.
        unsafe {
            if closure.is_null() || index as isize >= PyTuple_GET_SIZE(closure) {
                return core::ptr::null_mut();
            }
            PyTuple_GET_ITEM(closure, index as isize)
        }
    }
}

/// What a cell holds, borrowed; `None` if it is empty.
///
/// # Safety
/// `cell` is a live cell.
unsafe fn contents(cell: *mut PyObject) -> Option<NonNull<PyObject>> {
    // SAFETY: it is a cell, says the caller.
    NonNull::new(unsafe { (*cell.cast::<PyCellObject>()).ob_ref })
}
