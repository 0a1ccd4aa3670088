//! The slots of a frame as names with values: cells seen through, unbound ones told apart.

use super::shared_names::SharedNames;
use crate::contract::{Broken, Rule};
use crate::version::{self, GeneratorState};
use crate::view::{Code, Frame, Owner, SlotKind};
use core::ptr::NonNull;
use pyo3_ffi::{PyCell_Check, PyCellObject, PyObject};

/// One slot: what it is called, what kind it is, and its value.
pub(super) struct Slot {
    pub(super) name: *mut PyObject,
    pub(super) kind: SlotKind,
    pub(super) value: Value,
}

/// The value of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// Borrowed from the slot or its cell.
    Bound(NonNull<PyObject>),
    Unbound,
    /// The slot is a free variable's, and holds something else than a cell: the contract is broken.
    NoCell,
}

impl From<Option<NonNull<PyObject>>> for Value {
    fn from(value: Option<NonNull<PyObject>>) -> Self {
        value.map_or(Self::Unbound, Self::Bound)
    }
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
}

impl<'v, 'f> Slots<'v, 'f> {
    pub(super) fn of(frame: &'v Frame<'f>, free: FreeSource) -> Result<Self, Broken> {
        let code = frame.code().ok_or_else(|| Broken::without_frame(Rule::RunsCode))?;
        let of_generator = frame.owner() == Owner::Generator;
        let made = CellsMade::by(frame, code);
        Ok(Self { frame, code, free, made, of_generator, shared: SharedNames::default() })
    }

    /// What to say of a [`Value::NoCell`].
    pub(super) fn no_cell(&self) -> Broken {
        Broken::by(Rule::FreeVariablesAreCells, self.frame)
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
        self.code.kinds().iter().enumerate().map(|(slot, &kind)| {
            let value = if kind.is_plain() { self.frame.slot(slot).into() } else { self.value(slot, kind) };
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
            .any(|(slot, &kind)| self.code.slot_name(slot) == name && matches!(self.value(slot, kind), Value::Bound(_)))
    }

    #[inline(always)]
    fn value(&self, slot: usize, kind: SlotKind) -> Value {
        let held = self.frame.slot(slot);
        // A cleared frame. The slots of a generator that has ended may hold stale pointers.
        if self.are_empty() {
            return Value::Unbound;
        }
        if kind.is_free() {
            return self.free_value(slot, held);
        }
        match held {
            Some(cell) if kind.is_cell() && is_cell(cell) && self.made.has(slot) => contents(cell),
            held => held.into(),
        }
    }

    fn free_value(&self, slot: usize, held: Option<NonNull<PyObject>>) -> Value {
        let in_closure = || match self.free {
            FreeSource::Slots => None,
            FreeSource::SlotsOrClosure => self.frame.function()?.closure()?.cell(slot - self.code.first_free()),
        };
        match held.or_else(in_closure) {
            None => Value::Unbound,
            Some(cell) if is_cell(cell) => contents(cell),
            Some(_) => Value::NoCell,
        }
    }
}

fn is_cell(object: NonNull<PyObject>) -> bool {
    // SAFETY: a slot or a closure holds it.
    unsafe { PyCell_Check(object.as_ptr()) != 0 }
}

/// What a cell holds, borrowed.
fn contents(cell: NonNull<PyObject>) -> Value {
    debug_assert!(is_cell(cell));
    // SAFETY: it is a cell, which a slot or a closure holds.
    NonNull::new(unsafe { (*cell.as_ptr().cast::<PyCellObject>()).ob_ref }).into()
}
