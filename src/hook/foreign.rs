//! Foreign hooks behind ours.
//!
//! A foreign hook that is behind one of ours and is installed once more takes what is in front of it, which is ours, for what
//! was there before it: PyTorch's does. Then a frame that ours passes on comes back. So while a frame is with a foreign hook, the
//! thread remembers it; if it comes back, the interpreter's own evaluator runs it.
//!
//! A foreign hook that runs Python code of its own once the frame has ended may meet this for the first frame of that code,
//! which lies where the other did. That one frame then passes the hook by.

use super::ask::ask;
use super::slot::{EVALUATORS, Handle, HookFunction, PLACES, SLOTS, Slot, State, interpreter_of, is_default, place_of};
use crate::sys::{_PyEval_EvalFrameDefault, _PyInterpreterFrame, Evaluator};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use pyo3_ffi::{PyObject, PyThreadState};

thread_local! {
    /// The frame that a hook of ours has passed on to a foreign one last.
    static AWAY: Cell<*mut _PyInterpreterFrame> = const { Cell::new(ptr::null_mut()) };
}

/// Puts an evaluation function behind a hook.
pub(super) fn put_behind(slot: &'static Slot, next: Evaluator) {
    if is_default(next) || place_of(next).is_some() {
        slot.set_foreign(None);
        slot.set_next(next);
    } else {
        slot.set_foreign(Some(next));
        slot.set_next(SENDERS[slot.place()]);
    }
    set_entry(slot);
}

/// The evaluation function behind a hook.
pub(super) fn behind(slot: &Slot) -> Evaluator {
    slot.foreign().unwrap_or_else(|| slot.next())
}

/// Has the evaluation function of a slot call what is in the slot.
pub(super) fn set_entry(slot: &'static Slot) {
    match slot.state() {
        _ if slot.foreign().is_some() => slot.set_entry(unless_back, slot.as_data()),
        // SAFETY: such a slot has one.
        State::Hook => slot.set_entry(unsafe { function(slot) }, slot.data.load(Relaxed)),
        State::CodeHook => slot.set_entry(ask, slot.as_data()),
        State::PassesOn | State::Free => slot.set_entry(pass_on, slot.as_data()),
    }
}

/// The function that a client has given.
///
/// # Safety
/// The slot is a hook's.
unsafe fn function(slot: &Slot) -> HookFunction {
    // SAFETY: a hook has one.
    unsafe { core::mem::transmute::<*mut c_void, HookFunction>(slot.function.load(Relaxed)) }
}

/// Evaluates a frame with the foreign hook behind a place.
///
/// # Safety
/// As an evaluation function.
unsafe extern "C" fn send<const PLACE: usize>(
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    let slot = &SLOTS[PLACE];
    // SAFETY: the thread is the calling one.
    let is_own = unsafe { interpreter_of(thread) } == slot.interpreter.load(Relaxed);
    let next = slot.foreign().filter(|_| is_own).unwrap_or(_PyEval_EvalFrameDefault);
    let outer = AWAY.try_with(|away| away.replace(frame)).unwrap_or(ptr::null_mut());
    // SAFETY: as the caller says.
    let result = unsafe { next(thread, frame, throwflag) };
    let _ = AWAY.try_with(|away| away.set(outer));
    result
}

/// [`send`] for all places.
static SENDERS: [Evaluator; PLACES] = super::slot::for_all_places!(send);

/// The entry of a slot with a foreign hook behind it: asks first whether the frame has come back.
///
/// # Safety
/// As an evaluation function; the data is the hook's slot.
unsafe extern "C" fn unless_back(
    hook: Handle,
    data: *mut c_void,
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    let is_back = AWAY.try_with(|away| away.get() == frame).unwrap_or(false);
    // SAFETY: as the caller says.
    unsafe {
        if is_back {
            return _PyEval_EvalFrameDefault(thread, frame, throwflag);
        }
        let slot = Slot::from_data(data);
        match slot.state() {
            State::Hook => function(slot)(hook, slot.data.load(Relaxed), thread, frame, throwflag),
            State::CodeHook => ask(hook, data, thread, frame, throwflag),
            State::PassesOn | State::Free => slot.next()(thread, frame, throwflag),
        }
    }
}

/// The entry of a slot whose hook is gone.
///
/// # Safety
/// As an evaluation function; the data is the slot.
unsafe extern "C" fn pass_on(
    _hook: Handle,
    data: *mut c_void,
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    // SAFETY: as the caller says.
    unsafe { Slot::from_data(data).next()(thread, frame, throwflag) }
}

/// The place of a hook of ours that has this evaluation function behind it, in the hook's interpreter.
pub(super) fn in_front_of(place: usize) -> Option<&'static Slot> {
    let interpreter = SLOTS[place].interpreter.load(Relaxed);
    SLOTS.iter().find(|slot| {
        slot.state() != State::Free
            && slot.interpreter.load(Relaxed) == interpreter
            && behind(slot) as usize == EVALUATORS[place] as usize
    })
}
