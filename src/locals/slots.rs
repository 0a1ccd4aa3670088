//! The slots of a frame as names with values: cells seen through, unbound ones told apart.

use super::shared_names::SharedNames;
use crate::contract::{Broken, Rule, require};
use crate::version::{self, GeneratorState};
use crate::view::{Code, Frame, Owner, SlotKind};
use core::cell::Cell;
use core::ptr::NonNull;
use pyo3_ffi::{PyCell_Check, PyCellObject, PyObject};

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
        if frame.owner() == Owner::Generator || !frame.is_incomplete() {
            Self::All
        } else {
            Self::Before(code, frame.lasti().max(0) as usize)
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
    notes: &'v Notes,
}

/// What is found out while slots are read. Not in [`Slots`]: what never changes there is kept in registers.
#[derive(Default)]
pub(super) struct Notes {
    shared: SharedNames,
    /// Whether the slot of a free variable has been found to hold something else than a cell: the contract is broken.
    no_cell: Cell<bool>,
}

impl<'v, 'f> Slots<'v, 'f> {
    pub(super) fn of(frame: &'v Frame<'f>, free: FreeSource, notes: &'v Notes) -> Result<Self, Broken> {
        let code = frame.code().ok_or_else(|| Broken::without_frame(Rule::RunsCode))?;
        let of_generator = frame.owner() == Owner::Generator;
        let made = CellsMade::by(frame, code);
        Ok(Self { frame, code, free, made, of_generator, notes })
    }

    /// Fails if the slot of a free variable has been found to hold something else than a cell.
    pub(super) fn require_cells(&self) -> Result<(), Broken> {
        require(!self.notes.no_cell.get(), Rule::FreeVariablesAreCells, self.frame)
    }

    /// The code whose slots these are.
    pub(super) fn code(&self) -> Code<'f> {
        self.code
    }

    /// Whether the frame has been cleared, or has no slots. Not every minor lowers `stacktop` where a generator ends.
    pub(super) fn are_empty(&self) -> bool {
        self.frame.is_empty()
            || (self.of_generator && self.frame.generator().is_none_or(|it| it.state() == GeneratorState::Cleared))
    }

    /// The slots in their order, of code whose namespace they are, for as long as no Python code runs: the same as
    /// [`Self::iter`], in half the time.
    pub(super) fn iter_undisturbed(&self) -> impl Iterator<Item = Slot> {
        debug_assert!(self.code.is_optimized() && !self.are_empty());
        let (code, words) = (self.code, self.frame.words());
        code.kinds().iter().enumerate().map(move |(slot, &kind)| {
            let value = if kind.is_plain() { words.object(slot) } else { self.value(slot, kind) };
            Slot { name: code.slot_name(slot), kind, value }
        })
    }

    /// The slots in their order. Each is read when it is asked for, so that Python code may run in between. One that breaks
    /// the contract is left out, for [`Self::require_cells`] to tell of.
    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> {
        // The cells of a class body or module are not part of its namespace: the free ones, which come last, belong to the
        // function around it, and the others CPython merges up to 3.12 only.
        let optimized = self.code.is_optimized();
        let kinds = if optimized { self.code.kinds() } else { &self.code.kinds()[..self.code.first_free()] };
        kinds.iter().enumerate().filter_map(move |(slot, &kind)| {
            if !optimized && !kind.is_hidden() && !version::MERGES_CELLS_INTO_NAMESPACES {
                return None;
            }
            let value = self.value_now(slot, kind);
            let breaks = value.is_none() && kind.is_free() && self.notes.no_cell.get();
            (!breaks).then(|| Slot { name: self.code.slot_name(slot), kind, value })
        })
    }

    /// Whether a slot that is no free variable's has this name and a value.
    pub(super) fn has_value(&self, name: *mut PyObject) -> bool {
        if !self.notes.shared.may_hold(self.code, name) {
            return false;
        }
        let kinds = &self.code.kinds()[..self.code.first_free()];
        kinds
            .iter()
            .enumerate()
            .any(|(slot, &kind)| self.code.slot_name(slot) == name && self.value_now(slot, kind).is_some())
    }

    /// The value of a slot where Python code may have run since the last was read. In line for most slots: out of line, it
    /// would take 7 (3.11) to 11 (3.12) instructions more for each.
    #[inline(always)]
    fn value_now(&self, slot: usize, kind: SlotKind) -> Option<NonNull<PyObject>> {
        if kind.is_plain() && !self.of_generator && !self.frame.is_empty() {
            self.frame.slot(slot)
        } else {
            self.value_if_any(slot, kind)
        }
    }

    /// The same for every slot. A cleared frame has no values. The slots of a generator that has ended may hold stale pointers.
    fn value_if_any(&self, slot: usize, kind: SlotKind) -> Option<NonNull<PyObject>> {
        if self.are_empty() { None } else { self.value(slot, kind) }
    }

    /// Every slot in its order, of whatever code, as [`Self::iter`] reads them.
    pub(super) fn iter_all(&self) -> impl Iterator<Item = Slot> {
        let read =
            move |(slot, &kind)| Slot { name: self.code.slot_name(slot), kind, value: self.value_now(slot, kind) };
        self.code.kinds().iter().enumerate().map(read)
    }

    /// The cell of a slot, borrowed; `None` for a variable that has none, or none yet.
    pub(super) fn cell(&self, slot: usize, kind: SlotKind) -> Option<NonNull<PyObject>> {
        let held = self.frame.slot(slot);
        let cell = if kind.is_free() {
            held.or_else(|| self.cell_in_closure(slot))
        } else {
            held.filter(|_| kind.is_cell() && self.made.has(slot))
        };
        cell.filter(|&cell| is_cell(cell))
    }

    fn cell_in_closure(&self, slot: usize) -> Option<NonNull<PyObject>> {
        match self.free {
            FreeSource::Slots => None,
            FreeSource::SlotsOrClosure => self.frame.function()?.closure()?.cell(slot - self.code.first_free()),
        }
    }

    /// What a slot holds, or its cell.
    #[inline(always)]
    pub(super) fn value(&self, slot: usize, kind: SlotKind) -> Option<NonNull<PyObject>> {
        let held = self.frame.slot(slot);
        if kind.is_free() {
            return self.free_value(slot, held);
        }
        match held {
            Some(cell) if kind.is_cell() && is_cell(cell) && self.made.has(slot) => contents(cell),
            held => held,
        }
    }

    fn free_value(&self, slot: usize, held: Option<NonNull<PyObject>>) -> Option<NonNull<PyObject>> {
        let cell = held.or_else(|| self.cell_in_closure(slot))?;
        if !is_cell(cell) {
            self.notes.no_cell.set(true);
            return None;
        }
        contents(cell)
    }
}

fn is_cell(object: NonNull<PyObject>) -> bool {
    // SAFETY: a slot or a closure holds it.
    unsafe { PyCell_Check(object.as_ptr()) != 0 }
}

/// What a cell holds, borrowed; `None` if it is empty.
fn contents(cell: NonNull<PyObject>) -> Option<NonNull<PyObject>> {
    debug_assert!(is_cell(cell));
    // SAFETY: it is a cell, which a slot or a closure holds.
    NonNull::new(unsafe { (*cell.as_ptr().cast::<PyCellObject>()).ob_ref })
}
