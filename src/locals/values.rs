//! The values of a frame's slots, by the number of the slot: no dict, no names, nothing allocated.

use super::presence::require_there;
use super::slots::{FreeSource, Notes, Slots};
use crate::contract::{Broken, Failure, Rule};
use crate::frame::runs;
use crate::py::{ExceptionType, Raised};
use crate::version;
use crate::view::{Code, Frame, SlotKind};
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// A slot of a frame: what it is called, what it holds.
#[derive(Clone, Copy, Debug)]
pub struct SlotContents {
    /// The name, a str, borrowed from the code.
    pub name: NonNull<PyObject>,
    /// What kind of a variable it is.
    pub kind: SlotKind,
    /// Whether it is an argument's.
    pub is_argument: bool,
    /// The value, with cells seen through, borrowed from the slot or the cell; `None` if it is unbound.
    pub value: Option<NonNull<PyObject>>,
    /// The cell, borrowed from the slot or, up to COPY_FREE_VARS, from the closure; `None` for a variable that has none, or
    /// none yet.
    pub cell: Option<NonNull<PyObject>>,
}

/// How many slots a frame has for arguments, locals, cells and free variables.
///
/// The C symbol is `PyFrameShim_CountSlots`.
///
/// # Errors
/// As [`slot`].
pub fn count(frame: &Frame<'_>) -> Result<usize, Failure> {
    require_there(frame)?;
    Ok(frame.code().map_or(0, Code::slots))
}

/// Writes the value of each slot, borrowed, or NULL where it is unbound, to the first of `values`; returns how many slots there
/// are, which may be more than there is room for. Free variables that the frame has not copied yet are read from the closure.
///
/// The C symbol is `PyFrameShim_FillValues`.
///
/// # Errors
/// `ValueError` if the frame has no locals any more; what of the contract is broken.
#[inline]
pub fn fill_values(frame: &Frame<'_>, values: &mut [*mut PyObject]) -> Result<usize, Failure> {
    require_there(frame)?;
    let notes = Notes::default();
    let slots = Slots::of(frame, FreeSource::SlotsOrClosure, &notes)?;
    let (code, words) = (slots.code(), frame.words());
    let count = code.slots();
    let room = count.min(values.len());
    let wanted = &mut values[..room];
    if code.has_cells() {
        for ((slot, &kind), value) in code.kinds().iter().enumerate().zip(wanted) {
            let held = if kind.is_plain() { words.object(slot) } else { slots.value(slot, kind) };
            *value = held.map_or(ptr::null_mut(), NonNull::as_ptr);
        }
        slots.require_cells()?;
    } else {
        for (slot, value) in wanted.iter_mut().enumerate() {
            *value = words.object(slot).map_or(ptr::null_mut(), NonNull::as_ptr);
        }
    }
    Ok(count)
}

/// One slot of a frame.
///
/// The C symbol is `PyFrameShim_GetSlot`.
///
/// # Errors
/// `IndexError`; `ValueError` if the frame has no locals any more; what of the contract is broken.
pub fn slot(frame: &Frame<'_>, index: usize) -> Result<SlotContents, Failure> {
    require_there(frame)?;
    contents(frame, index)
}

fn contents(frame: &Frame<'_>, index: usize) -> Result<SlotContents, Failure> {
    let notes = Notes::default();
    let slots = Slots::of(frame, FreeSource::SlotsOrClosure, &notes)?;
    let code = slots.code();
    let Some(&kind) = code.kinds().get(index) else {
        return Err(Raised::with(ExceptionType::Index, c"the frame has no such slot").into());
    };
    let (value, cell) = (slots.value(index, kind), slots.cell(index, kind));
    slots.require_cells()?;
    // SAFETY: each name is a str that the code keeps.
    let name = unsafe { NonNull::new_unchecked(code.slot_name(index)) };
    Ok(SlotContents { name, kind, is_argument: index < code.arguments(), value, cell })
}

/// How many slots there are for the value stack of a frame that does not run, and hold something.
///
/// The C symbol is `PyFrameShim_StackDepth`.
///
/// # Errors
/// `RuntimeError` while the frame runs; as [`slot`].
pub fn stack_depth(frame: &Frame<'_>) -> Result<usize, Failure> {
    require_there(frame)?;
    let code = frame.code().ok_or_else(|| Broken::without_frame(Rule::RunsCode))?;
    match frame.live_slots().filter(|_| !runs(frame)) {
        Some(live) => Ok(live.saturating_sub(code.slots())),
        None => Err(Raised::with(ExceptionType::Runtime, c"the value stack of a frame that runs is not known").into()),
    }
}

/// What lies on the value stack, counted from its bottom, borrowed. `None` for what the evaluator has pushed
/// as NULL, or as a number that is no object (3.14 and newer).
///
/// The C symbol is `PyFrameShim_StackItem`.
///
/// # Errors
/// `IndexError`; as [`stack_depth`].
pub fn stack_item(frame: &Frame<'_>, index: usize) -> Result<Option<NonNull<PyObject>>, Failure> {
    let depth = stack_depth(frame)?;
    let Some(code) = frame.code().filter(|_| index < depth) else {
        return Err(Raised::with(ExceptionType::Index, c"the value stack is not as deep").into());
    };
    Ok(frame.words().object(code.slots() + index))
}

/// A frame that a thread has linked. What it holds is read without asking, for each slot, whether the frame is going away: that
/// takes a walk over the thread's frames, and reading all of a deep stack would take a walk for each slot of it.
#[derive(Clone, Copy)]
pub struct Linked<'v, 'f>(&'v Frame<'f>);

impl<'v, 'f> Linked<'v, 'f> {
    /// # Safety
    /// A thread has linked the frame, and no Python code runs until the frame has been read.
    pub unsafe fn new(frame: &'v Frame<'f>) -> Self {
        Self(frame)
    }

    /// As [`slot`].
    ///
    /// # Errors
    /// `IndexError`; what of the contract is broken.
    pub fn slot(self, index: usize) -> Result<SlotContents, Failure> {
        contents(self.0, index)
    }

    /// As [`stack_depth`]; `None` if it is not known.
    pub fn stack_depth(self) -> Option<usize> {
        let live = self.0.live_slots().filter(|_| version::SAYS_THAT_IT_RUNS)?;
        Some(live.saturating_sub(self.0.code()?.slots()))
    }

    /// As [`stack_item`].
    pub fn stack_item(self, index: usize) -> Option<NonNull<PyObject>> {
        let code = self.0.code().filter(|_| self.stack_depth().is_some_and(|depth| index < depth))?;
        self.0.words().object(code.slots() + index)
    }
}
