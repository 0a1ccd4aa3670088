//! The places of hooks, each with an evaluation function of its own.

use crate::sys::{_PyEval_EvalFrameDefault, _PyInterpreterFrame, Evaluator};
use crate::version;
use crate::view::{Generator, Owner, Thread};
use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};
use pyo3_ffi::{PyInterpreterState, PyObject, PyThreadState};

/// How many hooks there can be at once, in all interpreters of the process.
pub(super) const PLACES: usize = 64;

/// A hook, as its client knows it: the address of its place and, in the bits that are 0 there, how many hooks have had the
/// place before. So a handle that is used after its hook is gone can be told from that of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Handle(*mut c_void);

impl Handle {
    /// No hook.
    pub const NONE: Self = Self(core::ptr::null_mut());

    /// The handle of the next hook in a place.
    pub(super) fn next_of(slot: &'static Slot) -> Self {
        let turn = (slot.handle().0 as usize + 1) % align_of::<Slot>();
        Self(slot.as_data().wrapping_byte_add(turn))
    }

    /// The place that a handle names, or `None` for no hook.
    #[inline(always)]
    pub(super) fn slot(self) -> Option<&'static Slot> {
        let slot: *const Slot = self.0.map_addr(|address| address & !(align_of::<Slot>() - 1)).cast();
        if slot.is_null() {
            return None;
        }
        // SAFETY: the address of a place, which is never freed: no other handle is ever given out.
        Some(unsafe { &*slot })
    }
}

/// What a hook is: a function that gets each frame that is about to be evaluated, and its handle and data. It returns a new
/// reference, or NULL with an exception, and consumes the frame.
pub type HookFunction =
    unsafe extern "C" fn(Handle, *mut c_void, *mut PyThreadState, *mut _PyInterpreterFrame, c_int) -> *mut PyObject;

/// The place of a hook, as long as a cache line.
///
/// A thread that holds the GIL of the hook's interpreter writes the fields before the interpreter is given the place's
/// evaluation function. That function may be called when the hook is gone. It then finds another interpreter here, or passes
/// the frame on.
#[repr(align(64))]
pub(super) struct Slot {
    /// The handle of the hook, or of the one that was here last.
    pub(super) handle: AtomicPtr<c_void>,
    pub(super) interpreter: AtomicPtr<PyInterpreterState>,
    /// What the evaluation function calls, and with which data.
    entry: AtomicPtr<c_void>,
    entry_data: AtomicPtr<c_void>,
    /// What the client has given.
    pub(super) function: AtomicPtr<c_void>,
    pub(super) data: AtomicPtr<c_void>,
    /// What evaluates a frame that the hook passes on.
    next: AtomicPtr<c_void>,
    /// The evaluation function behind this one, where that is a foreign hook's.
    foreign: AtomicPtr<c_void>,
}

impl Slot {
    const fn empty() -> Self {
        const fn null() -> AtomicPtr<c_void> {
            AtomicPtr::new(core::ptr::null_mut())
        }
        Self {
            handle: null(),
            interpreter: AtomicPtr::new(core::ptr::null_mut()),
            entry: null(),
            entry_data: null(),
            function: null(),
            data: null(),
            next: null(),
            foreign: null(),
        }
    }

    pub(super) fn handle(&self) -> Handle {
        Handle(self.handle.load(Relaxed))
    }

    pub(super) fn set_handle(&self, handle: Handle) {
        self.handle.store(handle.0, Relaxed);
    }

    /// What evaluates a frame that the hook passes on.
    #[inline(always)]
    pub(super) fn next(&self) -> Evaluator {
        // SAFETY: an evaluator is all that is ever stored, and one has been for a slot that has been in use.
        unsafe { core::mem::transmute::<*mut c_void, Evaluator>(self.next.load(Relaxed)) }
    }

    pub(super) fn set_next(&self, next: Evaluator) {
        self.next.store(next as *mut c_void, Relaxed);
    }

    /// The foreign hook behind this one, if there is one.
    pub(super) fn foreign(&self) -> Option<Evaluator> {
        // SAFETY: NULL, or an evaluator: nothing else is ever stored.
        unsafe { core::mem::transmute::<*mut c_void, Option<Evaluator>>(self.foreign.load(Relaxed)) }
    }

    pub(super) fn set_foreign(&self, foreign: Option<Evaluator>) {
        self.foreign.store(foreign.map_or(core::ptr::null_mut(), |foreign| foreign as *mut c_void), Relaxed);
    }

    pub(super) fn set_entry(&self, entry: HookFunction, data: *mut c_void) {
        self.entry.store(entry as *mut c_void, Relaxed);
        self.entry_data.store(data, Relaxed);
    }

    pub(super) fn state(&self) -> State {
        match STATES[self.place()].load(Relaxed) {
            1 => State::Hook,
            2 => State::CodeHook,
            3 => State::PassesOn,
            _ => State::Free,
        }
    }

    pub(super) fn set_state(&self, state: State) {
        STATES[self.place()].store(state as usize, Relaxed);
    }

    /// The number of the place.
    pub(super) fn place(&self) -> usize {
        (core::ptr::from_ref(self) as usize - (&raw const SLOTS) as usize) / size_of::<Self>()
    }

    /// The slot as the data of an entry of ours.
    pub(super) fn as_data(&'static self) -> *mut c_void {
        core::ptr::from_ref(self).cast_mut().cast()
    }

    /// The slot that is the data of an entry of ours.
    ///
    /// # Safety
    /// The data came from [`Self::as_data`].
    pub(super) unsafe fn from_data(data: *mut c_void) -> &'static Self {
        // SAFETY: a slot is never freed.
        unsafe { &*data.cast() }
    }
}

/// What is in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing. A hook that was here passes on what comes to it all the same.
    Free = 0,
    /// A function that evaluates frames.
    Hook = 1,
    /// A function that is asked for code.
    CodeHook = 2,
    /// A hook that has been removed; something in front of it, which we cannot change, still calls it.
    PassesOn = 3,
}

pub(super) static SLOTS: [Slot; PLACES] = [const { Slot::empty() }; PLACES];

/// What is in each place. Only asked where hooks come and go.
static STATES: [AtomicUsize; PLACES] = [const { AtomicUsize::new(State::Free as usize) }; PLACES];

/// The evaluation function of a place.
///
/// # Safety
/// As any evaluation function: called by the interpreter, or by a hook, with a frame that is to be evaluated.
unsafe extern "C" fn evaluate<const PLACE: usize>(
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    let slot = &SLOTS[PLACE];
    // SAFETY: the thread is the calling one; where its interpreter is the hook's, the hook's fields are whole.
    unsafe {
        if interpreter_of(thread) != slot.interpreter.load(Relaxed) {
            return _PyEval_EvalFrameDefault(thread, frame, throwflag);
        }
        if version::SAYS_HOW_GENERATORS_END && version::owner(frame) == Owner::Generator {
            return evaluate_of_generator(slot, thread, frame, throwflag);
        }
        let entry = core::mem::transmute::<*mut c_void, HookFunction>(slot.entry.load(Relaxed));
        entry(slot.handle(), slot.entry_data.load(Relaxed), thread, frame, throwflag)
    }
}

/// As [`evaluate`], of a generator's frame, where the thread says how its evaluation has ended: whatever Python code the hook
/// has run behind it, even by a mere decref, may have run another generator, and that is what the thread would tell of.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn evaluate_of_generator(
    slot: &Slot,
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    // SAFETY: as the caller says; who has resumed the generator keeps it.
    unsafe {
        let entry = core::mem::transmute::<*mut c_void, HookFunction>(slot.entry.load(Relaxed));
        let result = entry(slot.handle(), slot.entry_data.load(Relaxed), thread, frame, throwflag);
        say_how_it_ended(thread, frame);
        result
    }
}

/// Has the thread say how the evaluation of a generator's frame has ended (`generator_return_kind`, 3.15). To be the last act of
/// a hook.
///
/// The C symbol is `PyFrameShim_SetGeneratorReturnKind`.
///
/// # Safety
/// The thread is the calling one. The frame was a generator's when the hook was given it, and has been evaluated since.
pub unsafe fn say_how_it_ended(thread: *mut PyThreadState, frame: *mut _PyInterpreterFrame) {
    // SAFETY: the frame lies in the generator, which is kept by who has resumed it.
    unsafe {
        if let (Some(thread), Some(frame)) = (Thread::from_raw(thread), NonNull::new(frame)) {
            thread.say_how_it_ended(&Generator::embedding(frame));
        }
    }
}

/// The interpreter that a thread belongs to.
///
/// # Safety
/// The thread state is live.
#[inline(always)]
pub(super) unsafe fn interpreter_of(thread: *mut PyThreadState) -> *mut PyInterpreterState {
    // SAFETY: live, says the caller.
    unsafe { (*thread.cast::<crate::sys::PyThreadState>()).interp }
}

/// An evaluation function for each place.
macro_rules! for_all_places {
    ($function:ident) => {
        super::slot::for_all_places!($function: 0 1 2 3 4 5 6 7)
    };
    ($function:ident: $($row:literal)*) => { [$(
        $function::<{ 8 * $row }>, $function::<{ 8 * $row + 1 }>, $function::<{ 8 * $row + 2 }>, $function::<{ 8 * $row + 3 }>,
        $function::<{ 8 * $row + 4 }>, $function::<{ 8 * $row + 5 }>, $function::<{ 8 * $row + 6 }>, $function::<{ 8 * $row + 7 }>,
    )*] };
}
pub(super) use for_all_places;

/// The evaluation functions of all places.
pub(super) static EVALUATORS: [Evaluator; PLACES] = for_all_places!(evaluate);

/// The place whose evaluation function this is.
pub(super) fn place_of(evaluator: Evaluator) -> Option<usize> {
    EVALUATORS.iter().position(|&ours| ours as usize == evaluator as usize)
}

/// Whether this is the interpreter's own evaluation function.
pub(super) fn is_default(evaluator: Evaluator) -> bool {
    evaluator as usize == _PyEval_EvalFrameDefault as *const () as usize
}
