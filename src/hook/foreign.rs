//! Foreign hooks behind ours.
//!
//! A foreign hook may be installed a second time while it is behind one of ours: PyTorch's does that. It then takes our hook
//! for the one that was there before it. A frame that our hook passes to it comes back to our hook. So the thread remembers
//! which place has passed which frame to a foreign hook, until that returns. If the frame comes to that place again, or to a
//! place in front of it, the interpreter's own evaluator runs it. All hooks of ours ask this in an interpreter where a foreign
//! hook is behind one of them.
//!
//! A foreign hook may run Python code after the frame has ended. The first frame of that code can lie where the ended one lay,
//! and is then taken for it: that one frame is not given to our hook.

use super::ask::ask;
use super::slot::{EVALUATORS, Handle, HookFunction, PLACES, SLOTS, Slot, State, interpreter_of, is_default, place_of};
use crate::sys::{_PyEval_EvalFrameDefault, _PyInterpreterFrame, Evaluator};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use pyo3_ffi::{PyInterpreterState, PyObject, PyThreadState};

thread_local! {
    /// What hooks of ours have passed on to foreign ones, the last first.
    static PASSED: Cell<*const Passed> = const { Cell::new(ptr::null()) };
}

/// A frame that is with a foreign hook: on the C stack of who has passed it.
struct Passed {
    frame: *mut _PyInterpreterFrame,
    place: usize,
    outer: *const Passed,
}

/// Puts an evaluation function behind a hook: a foreign one by way of [`send`].
pub(super) fn put_behind(slot: &'static Slot, next: Evaluator) {
    if is_default(next) || place_of(next).is_some() {
        slot.set_foreign(None);
        slot.set_next(next);
    } else {
        slot.set_foreign(Some(next));
        slot.set_next(SENDERS[slot.place()]);
    }
    set_entries(slot.interpreter.load(Relaxed));
}

/// Has the evaluation function of each place call what is in the place now, for all places of an interpreter.
pub(super) fn set_entries(interpreter: *mut PyInterpreterState) {
    let own = || SLOTS.iter().filter(|slot| slot.interpreter.load(Relaxed) == interpreter);
    let has_foreign = own().any(|slot| slot.state() != State::Free && slot.foreign().is_some());
    for slot in own() {
        set_entry(slot, has_foreign);
    }
}

/// The evaluation function behind a hook.
pub(super) fn behind(slot: &Slot) -> Evaluator {
    slot.foreign().unwrap_or_else(|| slot.next())
}

fn set_entry(slot: &'static Slot, has_foreign: bool) {
    match slot.state() {
        _ if has_foreign => slot.set_entry(unless_back, slot.as_data()),
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
    let mut passed = Passed { frame, place: PLACE, outer: ptr::null() };
    passed.outer = PASSED.try_with(|last| last.replace(&raw const passed)).unwrap_or(ptr::null());
    // SAFETY: as the caller says.
    let result = unsafe { next(thread, frame, throwflag) };
    let _ = PASSED.try_with(|last| last.set(passed.outer));
    result
}

/// [`send`] for all places.
static SENDERS: [Evaluator; PLACES] = super::slot::for_all_places!(send);

/// The entry of each slot of an interpreter with a foreign hook behind one of ours: asks first whether the frame has come back.
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
    // SAFETY: as the caller says.
    unsafe {
        let slot = Slot::from_data(data);
        if is_back(slot, frame) {
            return _PyEval_EvalFrameDefault(thread, frame, throwflag);
        }
        match slot.state() {
            State::Hook => function(slot)(hook, slot.data.load(Relaxed), thread, frame, throwflag),
            State::CodeHook => ask(hook, data, thread, frame, throwflag),
            State::PassesOn | State::Free => slot.next()(thread, frame, throwflag),
        }
    }
}

/// Whether a hook has had the frame before: it, or one behind it, has passed it to a foreign hook.
fn is_back(slot: &'static Slot, frame: *mut _PyInterpreterFrame) -> bool {
    let mut next = PASSED.try_with(Cell::get).unwrap_or(ptr::null());
    // SAFETY: what is in the list lies on the C stack of a call that has not returned.
    while let Some(passed) = unsafe { next.as_ref() } {
        if passed.frame == frame && leads_to(slot, passed.place) {
            return true;
        }
        next = passed.outer;
    }
    false
}

/// Whether a place is a hook's own, or lies behind it with none but ours between.
fn leads_to(slot: &'static Slot, place: usize) -> bool {
    let mut next = Some(slot);
    while let Some(slot) = next {
        if slot.place() == place {
            return true;
        }
        next = place_of(slot.next()).map(|place| &SLOTS[place]);
    }
    false
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

/// The hook of ours that is right in front of a place, in the place's interpreter.
pub(super) fn in_front_of(place: usize) -> Option<&'static Slot> {
    let interpreter = SLOTS[place].interpreter.load(Relaxed);
    SLOTS.iter().find(|slot| {
        slot.state() != State::Free
            && slot.interpreter.load(Relaxed) == interpreter
            && behind(slot) as usize == EVALUATORS[place] as usize
    })
}
