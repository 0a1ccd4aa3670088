//! Hooks as safe Rust: a frame that is given to a hook is a value, which the hook has to pass on.

use super::chain;
use super::next::evaluator_behind;
use super::slot::Handle;
use crate::evaluate::{Obstacle, Options, TakenOver, abandon, finish, obstacle, raise, take_over};
use crate::frame::is_fresh;
use crate::locals::{self, Choice};
use crate::py::{ExceptionType, Owned, PendingException, Raised};
use crate::sys::_PyInterpreterFrame;
use crate::view::{Code, Frame, Function, Thread};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    Py_IsInitialized, PyGILState_Check, PyInterpreterState, PyInterpreterState_Get, PyObject, PyThreadState,
};

/// A hook. All threads of the interpreter call it, each with the GIL. A panic ends the process.
pub trait Hook: Send + Sync + 'static {
    /// Evaluates a frame, by one of the calls that make an [`Evaluated`].
    fn evaluate<'c>(&self, call: Call<'c>) -> Evaluated<'c>;
}

impl<F: for<'c> Fn(Call<'c>) -> Evaluated<'c> + Send + Sync + 'static> Hook for F {
    fn evaluate<'c>(&self, call: Call<'c>) -> Evaluated<'c> {
        self(call)
    }
}

/// What has become of a call. Only the call itself makes it, and is given away for it: no other call's can be returned.
///
/// ```compile_fail
/// use pyframe_shim::hook::{Call, Evaluated};
/// use std::cell::Cell;
///
/// thread_local! {
///     static KEPT: Cell<Option<Evaluated<'static>>> = const { Cell::new(None) };
/// }
/// fn keep(call: Call<'_>) -> Evaluated<'_> {
///     KEPT.set(Some(call.run()));
///     KEPT.take().expect("just kept")
/// }
/// ```
#[must_use]
pub struct Evaluated<'c>(*mut PyObject, Brand<'c>);

/// Neither longer nor shorter than the call.
type Brand<'c> = PhantomData<fn(&'c ()) -> &'c ()>;

/// A reference that does not leave the call: it is released by a thread that holds the GIL.
///
/// ```compile_fail,E0521
/// use pyframe_shim::hook::{Call, Evaluated, Value};
/// use std::cell::RefCell;
///
/// thread_local! {
///     static KEPT: RefCell<Vec<Value<'static>>> = const { RefCell::new(Vec::new()) };
/// }
/// fn keep<'c>(call: &Call<'c>) {
///     KEPT.with_borrow_mut(|kept| kept.extend(call.value(0)));
/// }
/// ```
pub struct Value<'v>(Owned, PhantomData<&'v ()>);

impl Value<'_> {
    /// The object, borrowed.
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// The object, and with it the duty to release it.
    pub fn into_ptr(self) -> *mut PyObject {
        self.0.into_ptr()
    }

    /// The reference, free of the call.
    ///
    /// # Safety
    /// It is released by a thread that holds the GIL.
    pub unsafe fn into_owned(self) -> Owned {
        self.0
    }
}

/// A frame that is about to be evaluated. A hook gives it away for what it returns:
///
/// ```compile_fail,E0505
/// use pyframe_shim::hook::{Call, Evaluated};
///
/// fn too_late(call: Call<'_>) -> Evaluated<'_> {
///     let code = call.code();
///     let evaluated = call.run();
///     assert!(code.is_some());
///     evaluated
/// }
/// ```
pub struct Call<'c> {
    hook: Handle,
    frame: NonNull<_PyInterpreterFrame>,
    thread: NonNull<PyThreadState>,
    throwflag: c_int,
    brand: Brand<'c>,
}

impl<'c> Call<'c> {
    /// The frame, for what is not offered here. What is seen of it cannot be kept for longer than the call is.
    ///
    /// # Safety
    /// References that are made of it are released by a thread that holds the GIL; what is borrowed is not used where Python
    /// code may have changed it.
    pub unsafe fn frame(&self) -> Frame<'_> {
        self.view()
    }

    fn view(&self) -> Frame<'_> {
        // SAFETY: the interpreter passes a frame, which stays where it is until the call is given away.
        unsafe { Frame::from_raw(self.frame.as_ptr()).unwrap_unchecked() }
    }

    /// The code that the frame runs.
    pub fn code(&self) -> Option<Code<'_>> {
        self.view().code()
    }

    fn thread(&self) -> Thread<'_> {
        // SAFETY: the interpreter passes the calling thread's state.
        unsafe { Thread::from_raw(self.thread.as_ptr()).unwrap_unchecked() }
    }

    /// Whether nothing of the frame has run: not so for a generator that is resumed.
    pub fn is_fresh(&self) -> bool {
        self.throwflag == 0 && is_fresh(&self.view(), &self.thread())
    }

    /// What lies in a slot, with cells seen through; `None` if it is unbound, or there is no such slot. An exception
    /// that is thrown into the frame stays.
    pub fn value(&self, slot: usize) -> Option<Value<'_>> {
        let frame = self.view();
        if frame.code().is_none_or(|code| slot >= code.slots()) {
            return None;
        }
        let pending = PendingException::take();
        let contents = locals::slot(&frame, slot);
        pending.restore();
        // SAFETY: the slot or the cell keeps it, and nothing has run since.
        contents.ok()?.value.map(|value| Value(unsafe { Owned::from_borrowed(value) }, PhantomData))
    }

    /// A fresh dict of its locals. An exception that is thrown into the frame stays, unless this fails.
    ///
    /// # Errors
    /// As [`locals::choose`].
    pub fn locals(&self, choice: Choice) -> Result<Value<'_>, Raised> {
        let pending = PendingException::take();
        let locals = locals::choose(&self.view(), choice).map_err(raise)?;
        pending.restore();
        Ok(Value(locals, PhantomData))
    }

    /// Why code cannot run in its place.
    pub fn obstacle(&self, code: Code<'_>, function: Option<Function<'_>>) -> Option<Obstacle> {
        obstacle(&self.view(), &self.thread(), self.throwflag != 0, code, function)
    }

    /// Evaluates the frame as it would be without the hook. If the hook has left an exception behind, the call ends with that.
    #[inline]
    pub fn run(self) -> Evaluated<'c> {
        if self.throwflag == 0 && self.thread().has_raised() {
            return self.end_with_exception();
        }
        let next = evaluator_behind(self.hook);
        // SAFETY: the frame has been given to this hook, and nothing has evaluated it: this takes the call.
        let result = unsafe { next(self.thread.as_ptr(), self.frame.as_ptr(), self.throwflag) };
        Evaluated(result, self.brand)
    }

    /// Ends the frame's call with the exception that is set.
    #[cold]
    #[inline(never)]
    fn end_with_exception(self) -> Evaluated<'c> {
        // SAFETY: the caller has seen it.
        self.finish(Err(unsafe { Raised::assume() }))
    }

    /// Runs other code in its place: [`take_over`]. The references are released before that.
    pub fn run_code(self, code: Owned, function: Option<Owned>) -> Evaluated<'c> {
        let taken_over = self.taken_over(&code, function.as_ref());
        drop((code, function));
        let result = match taken_over {
            // SAFETY: it was taken over in this thread; what the references may have run has left the data stack as it was.
            Ok(taken_over) => unsafe { taken_over.evaluate(&self.thread(), evaluator_behind(self.hook)) },
            Err(_) => ptr::null_mut(),
        };
        Evaluated(result, PhantomData)
    }

    fn taken_over(&self, code: &Owned, function: Option<&Owned>) -> Result<TakenOver<'_>, Raised> {
        // SAFETY: the references keep what the views are of.
        let (found, own) = unsafe {
            (Code::from_object(code.object()), function.map(|function| Function::from_object(function.object())))
        };
        let (frame, thread) = (self.view(), self.thread());
        match (found, own) {
            (Some(code), None | Some(Some(_))) => {
                // SAFETY: the frame has been given to this hook, and nothing has evaluated it.
                unsafe { take_over(frame, &thread, self.throwflag != 0, code, own.flatten(), Options::default()) }
            }
            _ => {
                let raised = Raised::with(ExceptionType::Type, c"code, and a function or none, are wanted");
                Err(abandon(frame, &thread, raised))
            }
        }
    }

    /// Ends the frame's call without running it: with a result, or with the exception that is set.
    pub fn finish(self, result: Result<Owned, Raised>) -> Evaluated<'c> {
        // SAFETY: the frame has been given to this hook, and nothing has evaluated it.
        let finished = unsafe { finish(self.view(), &self.thread(), result.ok()) };
        Evaluated(finished.map_or(ptr::null_mut(), Owned::into_ptr), self.brand)
    }
}

/// A hook that is installed. Removed when it is dropped by a thread that runs its interpreter; else it stays.
pub struct Installed {
    handle: Handle,
    kept: NonNull<Kept>,
    interpreter: *mut PyInterpreterState,
}

/// The data of such a hook. The GIL of its interpreter guards it.
struct Kept {
    hook: Box<dyn Hook>,
    /// How many calls of the hook have not returned.
    inside: Cell<usize>,
    is_removed: Cell<bool>,
}

/// Installs a hook in the interpreter that the calling thread runs.
///
/// # Errors
/// `RuntimeError` if there are 64 hooks in the process; `MemoryError`.
///
/// # Panics
/// If the thread does not hold the GIL.
pub fn install_hook(hook: impl Hook) -> Result<Installed, Raised> {
    require_gil();
    let kept = Box::new(Kept { hook: Box::new(hook), inside: Cell::new(0), is_removed: Cell::new(false) });
    let kept = NonNull::from(Box::leak(kept));
    // SAFETY: the GIL is held, as has been asked.
    let interpreter = unsafe { PyInterpreterState_Get() };
    // SAFETY: the data stays until no call is inside.
    match unsafe { chain::install(call, kept.as_ptr().cast()) } {
        Ok(handle) => Ok(Installed { handle, kept, interpreter }),
        Err(raised) => {
            // SAFETY: nobody else has it.
            drop(unsafe { Box::from_raw(kept.as_ptr()) });
            Err(raised)
        }
    }
}

fn require_gil() {
    assert!(has_gil(), "the calling thread must hold the GIL");
}

/// Whether the calling thread holds the GIL, as far as CPython keeps account of it.
fn has_gil() -> bool {
    // SAFETY: both may be called at any time, by any thread.
    unsafe { Py_IsInitialized() != 0 && PyGILState_Check() != 0 }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // SAFETY: the thread holds the GIL, as has been asked.
        let is_here = has_gil() && unsafe { PyInterpreterState_Get() } == self.interpreter;
        // SAFETY: as above; the data is alive, as it is not removed.
        unsafe {
            if is_here && chain::remove(self.handle).is_ok() {
                self.kept.as_ref().is_removed.set(true);
                drop_if_unused(self.kept);
            }
        }
    }
}

/// # Safety
/// The data is alive, and the GIL held.
#[inline]
unsafe fn drop_if_unused(kept: NonNull<Kept>) {
    // SAFETY: as the caller says; nobody has it any more.
    unsafe {
        if kept.as_ref().is_removed.get() && kept.as_ref().inside.get() == 0 {
            drop_unused(kept);
        }
    }
}

/// # Safety
/// Nobody has the data any more, and the GIL is held.
// Not in line, or every call would pay for the registers that it saves.
#[cold]
#[inline(never)]
unsafe fn drop_unused(kept: NonNull<Kept>) {
    // SAFETY: as the caller says.
    drop(unsafe { Box::from_raw(kept.as_ptr()) });
}

/// The hook function of all such hooks.
///
/// # Safety
/// As a hook function; the data is a [`Kept`].
unsafe extern "C" fn call(
    hook: Handle,
    data: *mut c_void,
    thread: *mut PyThreadState,
    frame: *mut _PyInterpreterFrame,
    throwflag: c_int,
) -> *mut PyObject {
    // SAFETY: the interpreter passes both, and the data is one, which stays as long as a call is inside.
    unsafe {
        let kept = NonNull::new_unchecked(data.cast::<Kept>());
        let (frame, thread) = (NonNull::new_unchecked(frame), NonNull::new_unchecked(thread));
        let inside = &raw const (*kept.as_ptr()).inside;
        (*inside).set((*inside).get() + 1);
        let call = Call { hook, frame, thread, throwflag, brand: PhantomData };
        let Evaluated(result, _) = (*kept.as_ptr()).hook.evaluate(call);
        (*inside).set((*inside).get() - 1);
        drop_if_unused(kept);
        result
    }
}
