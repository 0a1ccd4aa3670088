//! The frame view.

mod fresh;

use super::{Code, FrameObject, Function, Generator, ask, read, write};
use crate::py::Owned;
use crate::sys::{_Py_CODEUNIT, _PyInterpreterFrame};
use crate::version::{self, Owner, Word};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// A view of an interpreter frame that lives for `'f`.
pub struct Frame<'f> {
    raw: NonNull<_PyInterpreterFrame>,
    alive: PhantomData<&'f _PyInterpreterFrame>,
}

impl<'f> Frame<'f> {
    /// Views an interpreter frame; `None` for NULL.
    ///
    /// # Safety
    /// `raw` is NULL or an initialized frame that stays in place for `'f`, and the GIL is held for as long. If it is
    /// not an entry frame, its code and function are alive, its live slots hold owned references or NULL
    /// (`[0..co_nlocalsplus]` while it runs), and they stay so, unless the view itself or Python code changes them.
    pub unsafe fn from_raw(raw: *mut _PyInterpreterFrame) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw, alive: PhantomData })
    }

    /// The interpreter frame.
    pub fn as_ptr(&self) -> *mut _PyInterpreterFrame {
        self.raw.as_ptr()
    }

    /// Its memory.
    pub(crate) fn memory(&self) -> NonNull<_PyInterpreterFrame> {
        self.raw
    }

    /// The code that the frame runs; `None` for an entry frame of 3.13.
    pub fn code(&self) -> Option<Code<'f>> {
        let code = ask!(self, code);
        // SAFETY: the frame keeps its code.
        unsafe { Code::from_raw(code) }
    }

    /// The function that the frame runs; `None` where its word holds something else (3.12+), or nothing any more.
    pub fn function(&self) -> Option<Function<'f>> {
        let word = ask!(self, function_word);
        // SAFETY: the word lies in the frame, which keeps what it holds.
        unsafe { Function::from_object((*word).object()?) }
    }

    /// Whether the word of the function has been emptied: the frame has been cleared.
    pub(crate) fn has_lost_its_function(&self) -> bool {
        let word = ask!(self, function_word);
        // SAFETY: the word lies in the frame.
        unsafe { (*word).object().is_none() }
    }

    /// What owns the frame's memory.
    pub fn owner(&self) -> Owner {
        ask!(self, owner)
    }

    /// Says that nothing owns the frame: it has been cleared.
    pub(crate) fn set_cleared(&self) {
        ask!(self, set_owner, Owner::Cleared);
    }

    /// The caller, complete or not; NULL at the bottom. Not set in a frame that has not been linked yet.
    pub fn previous(&self) -> *mut _PyInterpreterFrame {
        read!(self, previous)
    }

    /// Forgets the caller.
    pub(crate) fn clear_previous(&self) {
        write!(self, previous, ptr::null_mut());
    }

    /// Whether the frame has not come to its first RESUME, so that no frame object may be made of it
    /// (`_PyFrame_IsIncomplete`).
    pub fn is_incomplete(&self) -> bool {
        if self.owner() == Owner::Interpreter {
            return true;
        }
        let Some(code) = self.code() else { return true };
        // SAFETY: the prefix lies inside the code.
        self.owner() != Owner::Generator && self.pointer() < unsafe { code.start().add(code.prefix_units()) }
    }

    /// This frame if it is complete, else the nearest caller that is (`_PyFrame_GetFirstComplete`).
    ///
    /// # Safety
    /// The frame is linked: `previous` leads through live frames to NULL.
    pub unsafe fn or_complete_caller(self) -> Option<Self> {
        let mut frame = self;
        while frame.is_incomplete() {
            // SAFETY: linked frames are live.
            frame = unsafe { Self::from_raw(frame.previous())? };
        }
        Some(frame)
    }

    /// The instruction pointer: `prev_instr` (3.11, 3.12) or `instr_ptr` (3.13).
    pub fn pointer(&self) -> *mut _Py_CODEUNIT {
        let place = ask!(self, pointer_place);
        // SAFETY: the field lies in the frame.
        unsafe { *place }
    }

    /// The index of the instruction pointer in code units (`_PyInterpreterFrame_LASTI`).
    pub fn lasti(&self) -> isize {
        let start = self.code().map_or(ptr::null_mut(), Code::start);
        ((self.pointer() as isize) - (start as isize)) / size_of::<_Py_CODEUNIT>() as isize
    }

    /// Whether the instruction pointer stands where it does before the first instruction; on 3.13 also while that runs.
    pub fn is_not_started(&self) -> bool {
        self.code().is_some_and(|code| version::not_started(self.pointer(), code.start()))
    }

    /// Moves the instruction pointer to where it stands once the instruction at `unit` has executed.
    pub(crate) fn set_executed(&self, unit: usize) {
        let Some(code) = self.code() else { return };
        let place = ask!(self, pointer_place);
        // SAFETY: the field lies in the frame; the instruction lies inside the code, and at most its end comes out.
        unsafe { *place = code.start().add(unit + version::EXECUTED) }
    }

    /// How many slots hold values, the value stack included; `None` while the frame runs. From 3.14 on it is known then too,
    /// except inside of the evaluator of a debug build.
    pub fn live_slots(&self) -> Option<usize> {
        ask!(self, live_slots)
    }

    /// Whether no slot holds a value: the frame has been cleared, or its code has no slots.
    pub fn is_empty(&self) -> bool {
        self.live_slots() == Some(0)
    }

    /// The global namespace, borrowed.
    pub fn globals(&self) -> Option<NonNull<PyObject>> {
        NonNull::new(read!(self, f_globals))
    }

    /// The builtins, borrowed.
    pub fn builtins(&self) -> Option<NonNull<PyObject>> {
        NonNull::new(read!(self, f_builtins))
    }

    /// Says how many slots hold values.
    pub(crate) fn set_live_slots(&self, slots: usize) {
        ask!(self, set_live_slots, slots);
    }

    /// Where a slot lies. This and all that moves references in and out of slots is for this crate's algorithms, which take
    /// the numbers of slots from the frame's own code.
    fn slot_address(&self, slot: usize) -> *mut Word {
        debug_assert!(self.code().is_none_or(|code| slot <= code.slots() + code.stack_slots()));
        let first = ask!(self, slots);
        // SAFETY: the slots follow the header, and the code has this one.
        unsafe { first.add(slot) }
    }

    /// What a slot holds, borrowed.
    pub(crate) fn slot(&self, slot: usize) -> Option<NonNull<PyObject>> {
        // SAFETY: the slot is the frame's.
        unsafe { (*self.slot_address(slot)).object() }
    }

    /// What all slots hold, for as long as no Python code runs.
    pub(crate) fn words(&self) -> Words<'f> {
        Words { first: self.slot_address(0), frame: PhantomData }
    }

    /// The bits of a word behind the header: of a slot, or of the value stack. `None` where the frame has no such word, or runs no
    /// code. They are an address; from 3.14 on with a tag in the lowest bits, or a number that is no object.
    pub fn bits(&self, word: usize) -> Option<usize> {
        let code = self.code()?;
        // SAFETY: the word lies in the frame. What nothing has been put into yet holds some bits or other.
        (word < code.slots() + code.stack_slots())
            .then(|| unsafe { self.slot_address(word).cast::<usize>().read_volatile() })
    }

    /// Fills a slot and returns what it held.
    pub(crate) fn fill_slot(&self, slot: usize, value: Owned) -> Option<Owned> {
        let held = self.take_slot(slot);
        // SAFETY: the slot is the frame's, and empty now.
        unsafe { Word::put(self.slot_address(slot), value) }
        held
    }

    /// Empties a slot and returns what it held.
    pub(crate) fn take_slot(&self, slot: usize) -> Option<Owned> {
        // SAFETY: the slot is the frame's.
        unsafe { Word::take(self.slot_address(slot)) }
    }

    /// Empties a slot and releases what it owned.
    #[inline(always)]
    pub(crate) fn release_slot(&self, slot: usize) {
        // SAFETY: the slot is the frame's.
        unsafe { Word::release(self.slot_address(slot)) }
    }

    /// The mapping in `f_locals`, borrowed.
    pub fn locals(&self) -> Option<NonNull<PyObject>> {
        NonNull::new(read!(self, f_locals))
    }

    /// Fills the empty `f_locals`.
    pub(crate) fn fill_locals(&self, mapping: Owned) {
        debug_assert!(self.locals().is_none());
        write!(self, f_locals, mapping.into_ptr());
    }

    /// Empties `f_locals`.
    pub(crate) fn take_locals(&self) -> Option<Owned> {
        let mapping = self.locals()?;
        write!(self, f_locals, ptr::null_mut());
        // SAFETY: the reference was the frame's.
        Some(unsafe { Owned::from_owned(mapping) })
    }

    /// Empties the word of the function. The frame is then good for nothing but to be popped.
    ///
    /// # Safety
    /// It has not been emptied.
    pub(crate) unsafe fn take_function(&self) -> Owned {
        let word = ask!(self, function_word);
        // SAFETY: the word lies in the frame, and is full, says the caller.
        unsafe { Word::take_full(word) }
    }

    /// Empties the word of the code. The frame is then good for nothing but to be popped.
    ///
    /// # Safety
    /// It has not been emptied.
    pub(crate) unsafe fn take_code(&self) -> Owned {
        let word = ask!(self, code_word);
        // SAFETY: the word lies in the frame, and is full, says the caller.
        unsafe { Word::take_full(word) }
    }

    /// The frame object; `None` if none has been made.
    pub fn frame_object(&self) -> Option<FrameObject<'f>> {
        let object = read!(self, frame_obj);
        // SAFETY: the frame keeps its object.
        unsafe { FrameObject::from_raw(object) }
    }

    /// Stores the frame object, which the frame owns.
    pub(crate) fn fill_frame_object(&self, object: Owned) -> FrameObject<'f> {
        let object = object.into_ptr().cast();
        write!(self, frame_obj, object);
        // SAFETY: the frame keeps its object; it is not NULL.
        unsafe { FrameObject::from_raw(object).unwrap_unchecked() }
    }

    /// Takes the frame's reference to its frame object out of the frame.
    pub(crate) fn take_frame_object(&self) -> Option<Owned> {
        let object = self.frame_object()?;
        write!(self, frame_obj, ptr::null_mut());
        // SAFETY: the reference was the frame's.
        Some(unsafe { Owned::from_owned(object.object()) })
    }

    /// The generator that embeds the frame; `None` for any other frame.
    pub fn generator(&self) -> Option<Generator<'f>> {
        // SAFETY: the owner says so.
        (self.owner() == Owner::Generator).then(|| unsafe { Generator::embedding(self.raw) })
    }

    /// A reference to the object whose memory the frame lies in, a generator or a frame object: as long as it is held, the
    /// frame stays where it is. `None` for any other frame, and where the object is being deallocated.
    pub(crate) fn keeper(&self) -> Option<Owned> {
        match self.owner() {
            Owner::Generator => self.generator()?.keep(),
            // SAFETY: the owner says so.
            Owner::FrameObject => unsafe { FrameObject::embedding(self.raw) }.keep(),
            Owner::Thread | Owner::Interpreter | Owner::Cleared => None,
        }
    }

    /// Moves the frame's contents into the data of a frame object, which owns them from then on; the memory that they
    /// leave is only good to be popped or freed.
    ///
    /// # Safety
    /// `object` was made for this frame's code, so that its data has room, and the frame does not run.
    pub(crate) unsafe fn move_into(self, object: FrameObject<'_>) -> Frame<'f> {
        // SAFETY: as the caller says; the data is the object's own, so it is not NULL.
        let moved = unsafe {
            version::move_frame(self.as_ptr(), object.data(), self.live_slots().unwrap_or(0));
            Self { raw: NonNull::new_unchecked(object.data()), alive: PhantomData }
        };
        if self.owner() == Owner::Thread {
            // What is left on the data stack is not to be cleared once more. What is left in a generator is the generator's.
            self.set_cleared();
        }
        ask!(moved, set_owner, Owner::FrameObject);
        object.set_frame(moved.as_ptr());
        moved
    }
}

/// The slots of a frame, to be read without the frame's header.
#[derive(Clone, Copy)]
pub(crate) struct Words<'f> {
    first: *const Word,
    frame: PhantomData<&'f _PyInterpreterFrame>,
}

impl Words<'_> {
    /// What a slot holds, borrowed.
    pub(crate) fn object(&self, slot: usize) -> Option<NonNull<PyObject>> {
        // SAFETY: the slot is the frame's: its number is from the frame's own code.
        unsafe { (*self.first.add(slot)).object() }
    }
}

/// Makes a frame object its own, dead frame, as one that nothing owns: it can be tracked, collected and released.
pub(crate) fn disown(object: FrameObject<'_>) {
    let data = object.data();
    // SAFETY: every frame object has room for a frame's header; it is not NULL.
    let frame = Frame { raw: unsafe { NonNull::new_unchecked(data) }, alive: PhantomData };
    frame.set_cleared();
    frame.clear_previous();
    frame.set_live_slots(0);
    write!(frame, f_locals, ptr::null_mut());
    write!(frame, frame_obj, object.as_ptr());
    let word = ask!(frame, code_word);
    // SAFETY: the word lies in the header.
    unsafe { *word = Word::EMPTY }
    object.set_frame(data);
}

/// What a word of a frame holds, borrowed.
///
/// # Safety
/// `word` is the address of a slot, or of the function or code field, of a live frame.
#[cfg(feature = "capi")]
pub(crate) unsafe fn object_in_word(word: *const core::ffi::c_void) -> Option<NonNull<PyObject>> {
    // SAFETY: as the caller says.
    unsafe { (*word.cast::<Word>()).object() }
}
