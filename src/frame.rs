//! The frame view: the only way that the algorithms touch an interpreter frame.
//!
//! A view hands out copies of fields and moves references in and out of slots; it never lends `&mut` into the frame,
//! because any decref or allocation may run Python code that reads or changes the same frame. What was read before
//! such a call is read again after it.

use crate::code::Code;
use crate::object::Owned;
use crate::sys::{self, _Py_CODEUNIT, _PyInterpreterFrame, _frameowner, PyFrameObject, PyFunctionObject, PyGenObject};
use crate::version;
use core::ffi::c_char;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr::{self, NonNull};
use pyo3_ffi::PyObject;

/// What keeps an interpreter frame's memory (`enum _frameowner`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The data stack of a thread.
    Thread,
    /// The generator, coroutine or async generator that embeds it.
    Generator,
    /// The frame object that took it over.
    FrameObject,
    /// The C stack (3.12+): an entry frame, most of whose fields are not set.
    CStack,
    /// None: it has been cleared, and waits to be popped; or it is a dead frame object's own data.
    Cleared,
}

/// `FRAME_CLEARED`, a frame state that CPython also writes into the owner of a frame that nothing owns (GH-97002).
const CLEARED: c_char = sys::_framestate_FRAME_CLEARED as c_char;

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
    /// not an entry frame, its code and function are alive, `localsplus[0..stacktop]` holds owned references or NULL
    /// (`[0..co_nlocalsplus]` while it runs), and they stay so but for what the view itself and Python code do.
    pub unsafe fn from_raw(raw: *mut _PyInterpreterFrame) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw, alive: PhantomData })
    }

    /// The interpreter frame.
    pub fn as_ptr(&self) -> *mut _PyInterpreterFrame {
        self.raw.as_ptr()
    }

    /// The code that the frame runs; `None` for an entry frame of 3.13.
    pub fn code(&self) -> Option<Code<'f>> {
        // SAFETY: the frame is live and keeps its code.
        unsafe { Code::from_raw(version::code(self.as_ptr())) }
    }

    /// What the function slot holds, borrowed; on 3.12+ not always a function.
    pub fn function(&self) -> *mut PyObject {
        // SAFETY: the frame is live.
        unsafe { *version::function_slot(self.as_ptr()) }
    }

    /// The closure of the frame's function: a tuple of cells, borrowed. NULL if it has none or is not a function.
    pub fn closure(&self) -> *mut PyObject {
        let function = self.function();
        // SAFETY: the frame keeps what is in its function slot.
        unsafe {
            if function.is_null() || pyo3_ffi::PyFunction_Check(function) == 0 {
                return ptr::null_mut();
            }
            (*function.cast::<PyFunctionObject>()).func_closure
        }
    }

    /// What owns the frame's memory.
    pub fn owner(&self) -> Owner {
        const THREAD: _frameowner = sys::_frameowner_FRAME_OWNED_BY_THREAD;
        const GENERATOR: _frameowner = sys::_frameowner_FRAME_OWNED_BY_GENERATOR;
        const FRAME_OBJECT: _frameowner = sys::_frameowner_FRAME_OWNED_BY_FRAME_OBJECT;
        // SAFETY: the frame is live.
        let owner = unsafe { (*self.as_ptr()).owner };
        match owner as _frameowner {
            THREAD => Owner::Thread,
            GENERATOR => Owner::Generator,
            FRAME_OBJECT => Owner::FrameObject,
            _ if owner == CLEARED => Owner::Cleared,
            _ => Owner::CStack,
        }
    }

    /// Marks the frame as owned by nobody: it has been cleared.
    pub(crate) fn set_cleared(&self) {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).owner = CLEARED }
    }

    /// The caller, complete or not; NULL at the bottom. Not set in a frame that has not been linked yet.
    pub fn previous(&self) -> *mut _PyInterpreterFrame {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).previous }
    }

    /// Forgets the caller.
    pub(crate) fn clear_previous(&self) {
        // SAFETY: the frame is live; the field is a borrowed pointer.
        unsafe { (*self.as_ptr()).previous = ptr::null_mut() }
    }

    /// Whether the frame has not come to its first RESUME, so that no frame object may be made of it
    /// (`_PyFrame_IsIncomplete`).
    pub fn is_incomplete(&self) -> bool {
        // SAFETY: the frame is live.
        if unsafe { version::on_c_stack(self.as_ptr()) } {
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
        // SAFETY: the frame is live.
        unsafe { *version::pointer_slot(self.as_ptr()) }
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
        // SAFETY: the frame is live; the instruction lies inside the code, and at most its end comes out.
        unsafe { *version::pointer_slot(self.as_ptr()) = code.start().add(unit + version::EXECUTED) }
    }

    /// `stacktop`: how many slots hold values, the value stack included; -1 while the frame runs.
    pub fn stacktop(&self) -> i32 {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).stacktop }
    }

    /// Sets `stacktop`.
    pub(crate) fn set_stacktop(&self, slots: i32) {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).stacktop = slots }
    }

    /// Where a slot lies. This and all that moves references in and out of slots is for this crate's algorithms, which take
    /// the numbers of slots from the frame's own code.
    fn slot_address(&self, slot: usize) -> *mut *mut PyObject {
        debug_assert!(self.code().is_none_or(|code| slot < code.slots() + code.stack_slots()));
        // SAFETY: the slots follow the header, and the code has this one.
        unsafe { (&raw mut (*self.as_ptr()).localsplus).cast::<*mut PyObject>().add(slot) }
    }

    /// What a slot holds, borrowed; NULL if nothing.
    pub(crate) fn slot(&self, slot: usize) -> *mut PyObject {
        // SAFETY: the slot is the frame's, and holds a reference or NULL.
        unsafe { *self.slot_address(slot) }
    }

    /// Fills a slot and returns what it held.
    pub(crate) fn fill_slot(&self, slot: usize, value: Owned) -> Option<Owned> {
        let held = self.take_slot(slot);
        // SAFETY: the slot is the frame's, and the reference goes into it.
        unsafe { *self.slot_address(slot) = value.into_ptr() }
        held
    }

    /// Empties a slot and returns what it held.
    pub(crate) fn take_slot(&self, slot: usize) -> Option<Owned> {
        take(self.slot_address(slot))
    }

    /// The mapping in `f_locals`, borrowed; NULL if none.
    pub fn locals(&self) -> *mut PyObject {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).f_locals }
    }

    /// Fills the empty `f_locals`.
    pub(crate) fn fill_locals(&self, mapping: Owned) {
        debug_assert!(self.locals().is_null());
        // SAFETY: the frame is live, and the reference goes into it.
        unsafe { (*self.as_ptr()).f_locals = mapping.into_ptr() }
    }

    /// Empties `f_locals`.
    pub(crate) fn take_locals(&self) -> Option<Owned> {
        // SAFETY: the frame is live.
        take(unsafe { &raw mut (*self.as_ptr()).f_locals })
    }

    /// Empties the function slot. The frame is then good for nothing but to be popped.
    ///
    /// # Safety
    /// The slot has not been emptied.
    pub(crate) unsafe fn take_live_function(&self) -> Owned {
        // SAFETY: the frame is live, and so is its function.
        unsafe { take_live(version::function_slot(self.as_ptr())) }
    }

    /// Empties the code slot. The frame is then good for nothing but to be popped.
    ///
    /// # Safety
    /// The slot has not been emptied.
    pub(crate) unsafe fn take_live_code(&self) -> Owned {
        // SAFETY: the frame is live, and so is its code.
        unsafe { take_live(version::code_slot(self.as_ptr())) }
    }

    /// The frame object, borrowed; NULL if none has been made.
    pub fn frame_object(&self) -> *mut PyFrameObject {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).frame_obj }
    }

    /// Stores the frame object, with the reference that the caller owns.
    pub(crate) fn set_frame_object(&self, object: NonNull<PyFrameObject>) {
        // SAFETY: the frame is live.
        unsafe { (*self.as_ptr()).frame_obj = object.as_ptr() }
    }

    /// Takes the frame's reference to its frame object out of the frame.
    pub(crate) fn take_frame_object(&self) -> Option<NonNull<PyFrameObject>> {
        // SAFETY: the frame is live.
        unsafe {
            let object = NonNull::new((*self.as_ptr()).frame_obj)?;
            (*self.as_ptr()).frame_obj = ptr::null_mut();
            Some(object)
        }
    }

    /// The generator that embeds the frame. Only for frames whose owner is [`Owner::Generator`].
    pub(crate) fn generator(&self) -> *mut PyGenObject {
        self.as_ptr().cast::<u8>().wrapping_sub(offset_of!(PyGenObject, gi_iframe)).cast()
    }

    /// Whether the generator that embeds the frame has ended. What its slots hold by then is given up already, or about to be;
    /// not every minor empties them. Only for frames whose owner is [`Owner::Generator`].
    pub(crate) fn generator_has_ended(&self) -> bool {
        // SAFETY: the generator embeds the frame, which is live.
        unsafe { (*self.generator()).gi_frame_state == sys::_framestate_FRAME_CLEARED as i8 }
    }

    /// A reference to the object whose memory the frame lies in, a generator or a frame object: as long as it is held, the
    /// frame stays where it is. `None` for any other frame, and where the object is being deallocated.
    pub(crate) fn keeper(&self) -> Option<Owned> {
        let object: *mut PyObject = match self.owner() {
            Owner::Generator => self.generator().cast(),
            Owner::FrameObject => {
                self.as_ptr().cast::<u8>().wrapping_sub(offset_of!(PyFrameObject, _f_frame_data)).cast()
            }
            _ => return None,
        };
        // SAFETY: the object embeds the frame, which is live. One without references is on its way out.
        unsafe { (pyo3_ffi::Py_REFCNT(object) > 0).then(|| Owned::from_borrowed(NonNull::new_unchecked(object))) }
    }

    /// Moves header and slots into the data of a frame object, which owns them from then on; the memory that they
    /// leave is only good to be popped or freed.
    ///
    /// # Safety
    /// `object` was made for this frame's code, so that its data has room, and `stacktop` is not negative.
    pub(crate) unsafe fn move_into(self, object: NonNull<PyFrameObject>) -> Frame<'f> {
        let bytes = offset_of!(_PyInterpreterFrame, localsplus) + self.stacktop() as usize * size_of::<*mut PyObject>();
        // SAFETY: the data has room for the header and all slots, and the two do not overlap.
        unsafe {
            let data: *mut _PyInterpreterFrame = (&raw mut (*object.as_ptr())._f_frame_data).cast();
            ptr::copy_nonoverlapping(self.as_ptr().cast::<u8>(), data.cast::<u8>(), bytes);
            (*data).owner = sys::_frameowner_FRAME_OWNED_BY_FRAME_OBJECT as c_char;
            if self.owner() == Owner::Thread {
                // What is left on the data stack is not to be cleared once more. What is left in a generator is the generator's.
                self.set_cleared();
            }
            (*object.as_ptr()).f_frame = data;
            Self { raw: NonNull::new_unchecked(data), alive: PhantomData }
        }
    }
}

/// Makes a frame object its own, dead frame, as one that nothing owns: it can be tracked, collected and released.
///
/// # Safety
/// `object` is a frame object under construction.
pub(crate) unsafe fn disown(object: NonNull<PyFrameObject>) {
    // SAFETY: every frame object has room for a frame's header.
    unsafe {
        let data: *mut _PyInterpreterFrame = (&raw mut (*object.as_ptr())._f_frame_data).cast();
        (*data).owner = CLEARED;
        (*data).previous = ptr::null_mut();
        *version::code_slot(data) = ptr::null_mut();
        (*data).frame_obj = object.as_ptr();
        (*data).f_locals = ptr::null_mut();
        (*data).stacktop = 0;
        (*object.as_ptr()).f_frame = data;
    }
}

/// Empties a place that owns a reference or holds NULL.
fn take(place: *mut *mut PyObject) -> Option<Owned> {
    // SAFETY: the callers above pass a field of a live frame, whose reference moves out.
    unsafe {
        let object = NonNull::new(*place)?;
        *place = ptr::null_mut();
        Some(Owned::from_owned(object))
    }
}

/// Empties a place that owns a reference.
///
/// # Safety
/// The place is a field of a live frame, and does not hold NULL.
unsafe fn take_live(place: *mut *mut PyObject) -> Owned {
    // SAFETY: the reference moves out.
    unsafe { Owned::from_owned(NonNull::new_unchecked(place.replace(ptr::null_mut()))) }
}
