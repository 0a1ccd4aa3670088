//! Installing hooks and taking them out again.

use super::foreign::{behind, in_front_of, put_behind, set_entries};
use super::slot::{EVALUATORS, Handle, HookFunction, PLACES, SLOTS, Slot, State, is_default, place_of};
use super::{CodeHookFunction, ending};
use crate::process::stay_loaded;
use crate::py::{ExceptionType, Raised};
use crate::sys::{_PyInterpreterState_GetEvalFrameFunc, _PyInterpreterState_SetEvalFrameFunc};
use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use pyo3_ffi::{PyInterpreterState, PyInterpreterState_Get, PyObject};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held while places are given and taken: interpreters may have a GIL each (3.12+).
static CHANGING: Mutex<()> = Mutex::new(());

fn changing() -> MutexGuard<'static, ()> {
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Installs a hook in the interpreter that the calling thread runs, in front of what is there.
///
/// The C symbol is `PyFrameShim_InstallHook`.
///
/// # Errors
/// `RuntimeError` if there are 64 hooks in the process; `MemoryError`.
///
/// # Safety
/// The thread holds the GIL. The function consumes each frame, as an evaluation function does; it and its data stay valid until
/// the hook has been removed and no thread is in the function any more.
pub unsafe fn install(function: HookFunction, data: *mut c_void) -> Result<Handle, Raised> {
    // SAFETY: the caller's promise.
    unsafe { put(State::Hook, function as *mut c_void, data) }
}

/// Installs a hook that is asked for code, likewise.
///
/// The C symbol is `PyFrameShim_InstallCodeHook`.
///
/// # Errors
/// As [`install`].
///
/// # Safety
/// The thread holds the GIL. The function and its data stay valid as those of [`install`] do.
pub unsafe fn install_code_hook(function: CodeHookFunction, data: *mut c_void) -> Result<Handle, Raised> {
    // SAFETY: the caller's promise.
    unsafe { put(State::CodeHook, function as *mut c_void, data) }
}

/// # Safety
/// The thread holds the GIL; the function is of the kind that the state says.
unsafe fn put(kind: State, function: *mut c_void, data: *mut c_void) -> Result<Handle, Raised> {
    // SAFETY: the thread holds the GIL.
    let interpreter = unsafe { PyInterpreterState_Get() };
    // Before the lock is held: what is allocated may run Python code, on 3.11.
    ending::watch(interpreter, end)?;
    // A hook that has been removed may be called all the same.
    stay_loaded();
    let _changing = changing();
    unwind(interpreter);
    let Some(place) = free_place() else {
        return Err(Raised::with(
            ExceptionType::Runtime,
            c"there are 64 hooks already, which is as many as there can be: remove one first",
        ));
    };
    let slot = &SLOTS[place];
    let handle = Handle::next_of(slot);
    slot.set_handle(handle);
    slot.interpreter.store(interpreter, Relaxed);
    slot.function.store(function, Relaxed);
    slot.data.store(data, Relaxed);
    slot.set_state(kind);
    // SAFETY: the interpreter is the calling thread's own.
    unsafe {
        put_behind(slot, _PyInterpreterState_GetEvalFrameFunc(interpreter));
        _PyInterpreterState_SetEvalFrameFunc(interpreter, EVALUATORS[place]);
    }
    Ok(handle)
}

/// The free place that comes next: one that has just become free is used again as late as can be, so that what still has its
/// handle is told so.
fn free_place() -> Option<usize> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.load(Relaxed);
    let place = (next..next + PLACES).map(|place| place % PLACES).find(|&place| SLOTS[place].state() == State::Free)?;
    NEXT.store(place + 1, Relaxed);
    Some(place)
}

/// Takes a hook out. If a foreign hook is in front of it, which cannot be told of that, it stays and passes frames on.
///
/// The C symbol is `PyFrameShim_RemoveHook`.
///
/// # Errors
/// `ValueError` if there is no such hook any more, or it is another interpreter's.
///
/// # Safety
/// The thread holds the GIL.
pub unsafe fn remove(hook: Handle) -> Result<(), Raised> {
    // SAFETY: the thread holds the GIL.
    let interpreter = unsafe { PyInterpreterState_Get() };
    let _changing = changing();
    let is_installed =
        |slot: &&'static Slot| slot.handle() == hook && matches!(slot.state(), State::Hook | State::CodeHook);
    let Some(slot) = hook.slot().filter(is_installed) else {
        return Err(Raised::with(
            ExceptionType::Value,
            c"there is no such hook: it has been removed, or never was installed",
        ));
    };
    if slot.interpreter.load(Relaxed) != interpreter {
        return Err(Raised::with(
            ExceptionType::Value,
            c"the hook is another interpreter's, where it has to be removed",
        ));
    }
    slot.set_state(State::PassesOn);
    set_entries(interpreter);
    if let Some(in_front) = in_front_of(slot.place()) {
        put_behind(in_front, behind(slot));
        slot.set_state(State::Free);
    }
    unwind(interpreter);
    Ok(())
}

/// Takes hooks that only pass on out where nothing is in front of them any more.
fn unwind(interpreter: *mut PyInterpreterState) {
    loop {
        // SAFETY: the interpreter is the calling thread's own.
        let first = unsafe { _PyInterpreterState_GetEvalFrameFunc(interpreter) };
        if is_default(first) {
            return free_what_passes_on(interpreter);
        }
        let Some(slot) = place_of(first).map(|place| &SLOTS[place]) else { return };
        if slot.state() != State::PassesOn {
            return;
        }
        // SAFETY: as above.
        unsafe { _PyInterpreterState_SetEvalFrameFunc(interpreter, behind(slot)) };
        slot.set_state(State::Free);
    }
}

/// No hook is called: a foreign one that knew of ours has been taken out, or has thrown all of them out.
fn free_what_passes_on(interpreter: *mut PyInterpreterState) {
    let own = SLOTS.iter().filter(|slot| slot.interpreter.load(Relaxed) == interpreter);
    for slot in own.filter(|slot| slot.state() == State::PassesOn) {
        slot.set_state(State::Free);
    }
}

/// Takes out what is left where an interpreter ends.
///
/// # Safety
/// The calling thread runs the interpreter.
unsafe extern "C" fn end(_capsule: *mut PyObject) {
    // SAFETY: the calling thread runs one.
    let interpreter = unsafe { PyInterpreterState_Get() };
    let _changing = changing();
    let own = || SLOTS.iter().filter(|slot| slot.interpreter.load(Relaxed) == interpreter);
    for slot in own().filter(|slot| slot.state() != State::Free) {
        slot.set_state(State::PassesOn);
    }
    set_entries(interpreter);
    unwind(interpreter);
    for slot in own() {
        slot.set_state(State::Free);
        // Another interpreter may come to lie there.
        slot.interpreter.store(core::ptr::null_mut(), Relaxed);
    }
}
