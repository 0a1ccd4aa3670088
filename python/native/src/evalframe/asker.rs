//! The hook that asks a callback.

use super::answer::Answer;
use super::verdict::{self, Number};
use super::view::Given;
use crate::types::Types;
use core::cell::Cell;
use core::ptr;
use pyframe_shim::hook::{Call, Evaluated, Hook};
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::view::Code;
use pyo3_ffi::*;

thread_local! {
    /// Whether the thread runs a callback, or a predicate: no callback is asked about the frames of those.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// What an installed hook asks, and about what.
pub(super) struct Asker {
    pub(super) number: Number,
    pub(super) callback: Owned,
    /// Which code the callback is asked about, and where the answers lie; without it, about every code.
    pub(super) only: Option<(Owned, Py_ssize_t)>,
    /// The thread whose frames the callback is asked about; without it, those of all threads of the interpreter.
    pub(super) thread: Option<i64>,
    /// Whether tracers, profilers and debuggers see the callback.
    pub(super) is_traced: bool,
    /// The type of views, which keeps the module.
    pub(super) view: Owned,
}

// SAFETY: the GIL of the interpreter guards the references: the library calls the hook, and drops it, with the GIL held.
unsafe impl Send for Asker {}
// SAFETY: as above.
unsafe impl Sync for Asker {}

impl Hook for Asker {
    fn evaluate<'c>(&self, call: Call<'c>) -> Evaluated<'c> {
        if self.has_been_told_not_to(&call) {
            return call.run();
        }
        self.ask(call)
    }
}

impl Asker {
    /// Whether the predicate has excluded the code. This is what every call costs.
    #[inline(always)]
    fn has_been_told_not_to(&self, call: &Call<'_>) -> bool {
        let Some((_, place)) = self.only else { return false };
        call.code().is_none_or(|code| verdict::get(code, place, self.number) == Some(false))
    }

    /// Asks, and does what the callback says.
    #[inline(never)]
    fn ask<'c>(&self, call: Call<'c>) -> Evaluated<'c> {
        if !self.is_in_its_thread() || !call.is_fresh() {
            return call.run();
        }
        let Some(asking) = Asking::begin(self.is_traced) else { return call.run() };
        let answer = self.answer(&call);
        drop(asking);
        match answer {
            Ok(Answer::Run) => call.run(),
            Ok(Answer::Code(code, function)) => call.run_code(code, function),
            Ok(Answer::Value(value)) => call.finish(Ok(value)),
            Err(raised) => call.finish(Err(raised)),
        }
    }

    fn is_in_its_thread(&self) -> bool {
        // SAFETY: the GIL is held.
        self.thread.is_none_or(|thread| thread == unsafe { thread_number() })
    }

    fn answer(&self, call: &Call<'_>) -> Result<Answer, Raised> {
        let Some(code) = call.code() else { return Ok(Answer::Run) };
        if !self.is_wanted(code)? {
            return Ok(Answer::Run);
        }
        // SAFETY: the type is one of the module's. The frame and its callers stay where they are while the callback runs,
        // which the view does not outlive.
        unsafe {
            let types = Types::of(self.view.as_ptr().cast())?;
            let view = Given::new(types, &call.frame())?;
            let answer = Owned::from_new(PyObject_CallOneArg(self.callback.as_ptr(), view.as_ptr()))?;
            Answer::of(types, answer)
        }
    }

    /// Whether the callback is asked about this code: the predicate says so, once.
    fn is_wanted(&self, code: Code<'_>) -> Result<bool, Raised> {
        let Some((only, place)) = &self.only else { return Ok(true) };
        if let Some(known) = verdict::get(code, *place, self.number) {
            return Ok(known);
        }
        // SAFETY: the frame keeps its code; -1 comes with an exception.
        let is_wanted = unsafe {
            let said = Owned::from_new(PyObject_CallOneArg(only.as_ptr(), code.object().as_ptr()))?;
            match PyObject_IsTrue(said.as_ptr()) {
                -1 => return Err(Raised::assume()),
                yes => yes != 0,
            }
        };
        // SAFETY: the type is one of the module's.
        let types = unsafe { Types::of(self.view.as_ptr().cast())? };
        verdict::set(code, *place, self.number, is_wanted, |number| super::hook::is_installed(types, number))?;
        Ok(is_wanted)
    }
}

/// The number of the calling thread, which no other thread of the process has had.
///
/// # Safety
/// The GIL is held.
pub(super) unsafe fn thread_number() -> i64 {
    // SAFETY: as the caller says.
    unsafe { PyThreadState_GetID(PyThreadState_Get()) }
}

/// While it is there, the thread asks. Callbacks are not asked about what it runs, and tracers are not told of it.
struct Asking {
    /// The thread, if its tracers are kept from seeing what it does.
    hidden: *mut PyThreadState,
}

impl Asking {
    /// Begins to ask, unless the thread does already, or has come to its end.
    fn begin(is_traced: bool) -> Option<Self> {
        if ASKING.try_with(|asking| asking.replace(true)).unwrap_or(true) {
            return None;
        }
        // SAFETY: the GIL is held; what is entered is left when this is dropped.
        unsafe {
            let hidden = if is_traced { ptr::null_mut() } else { PyThreadState_Get() };
            if !hidden.is_null() {
                PyThreadState_EnterTracing(hidden);
            }
            Some(Self { hidden })
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.hidden.is_null() {
            // SAFETY: it is the calling thread, which has entered.
            unsafe { PyThreadState_LeaveTracing(self.hidden) };
        }
        let _ = ASKING.try_with(|asking| asking.set(false));
    }
}
