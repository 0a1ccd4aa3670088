//! What the instructions before the first RESUME do, done from outside: COPY_FREE_VARS and MAKE_CELL.

use crate::code::Code;
use crate::error::{PendingException, Raised};
use crate::frame::Frame;
use crate::object::Owned;
use core::ptr::{self, NonNull};
use pyo3_ffi::{
    PyCell_New, PyErr_Format, PyExc_SystemError, PyFunction_Check, PyTuple_Check, PyTuple_GET_ITEM, PyTuple_GET_SIZE,
};

/// Does what COPY_FREE_VARS does, if it is the frame's first instruction and has not run; returns whether it did.
///
/// CPython asks for a last instruction below zero, which on 3.13 no frame has (its pointer starts *on* the first
/// instruction), leaves the pointer where 3.13 would run COPY_FREE_VARS again, and looks at the first code unit alone,
/// which is an EXTENDED_ARG if there are more than 255 free variables.
///
/// # Errors
/// `SystemError` if the closure does not fit the code.
pub(crate) fn copy_free_variables(frame: &Frame<'_>) -> Result<bool, Raised> {
    let Some(code) = frame.code().filter(|code| code.free_variables() > 0) else { return Ok(false) };
    let function = frame.function();
    // SAFETY: the frame keeps its function.
    let is_function = unsafe { !function.is_null() && PyFunction_Check(function) != 0 };
    let (true, true, Some(instruction)) = (is_function, frame.is_not_started(), code.copy_free_vars()) else {
        return Ok(false);
    };
    let closure = frame.closure();
    // SAFETY: NULL or an object that the function keeps.
    let cells =
        unsafe { if !closure.is_null() && PyTuple_Check(closure) != 0 { PyTuple_GET_SIZE(closure) } else { 0 } };
    if cells as usize != code.free_variables() {
        // SAFETY: the format matches its arguments; the code's name is a str.
        unsafe {
            PyErr_Format(
                PyExc_SystemError,
                c"the closure of '%U' has %zd cells, but its code has %zd free variables".as_ptr(),
                (*code.as_ptr()).co_name,
                cells,
                code.free_variables() as isize,
            );
            return Err(Raised::assume());
        }
    }
    for index in 0..code.free_variables() {
        // SAFETY: the closure has one cell for each free variable.
        let cell = unsafe { Owned::from_borrowed(NonNull::new_unchecked(PyTuple_GET_ITEM(closure, index as isize))) };
        // A caller that fills slots itself may have filled this one. CPython leaks what is there.
        drop(frame.fill_slot(code.first_free() + index, cell));
    }
    frame.set_executed(instruction);
    Ok(true)
}

/// Does the rest of the prefix in a frame that will not run, and moves the instruction pointer behind the first RESUME:
/// whoever looks at such a frame takes free variables and cells for there. The pending exception stays.
///
/// A slot is left empty if there is no memory for its cell. Source: `take_ownership`, `Python/frame.c`, which only moves
/// the pointer, since the frames that it meets there are those of generators, whose prefix has run.
pub(crate) fn finish(frame: &Frame<'_>) {
    let Some(code) = frame.code() else { return };
    if code.prefix_units() > 0 {
        finish_prefix(frame, code);
    }
    frame.set_executed(code.prefix_units());
}

#[inline(never)]
fn finish_prefix(frame: &Frame<'_>, code: Code<'_>) {
    let pending = PendingException::take();
    let made = code.cells_made_before(frame.lasti().max(0) as usize).count();
    // A closure that does not fit leaves the slots empty; the exception gives way to the pending one.
    let _ = copy_free_variables(frame);
    for slot in code.cells_made_before(code.prefix_units()).skip(made) {
        let value = frame.take_slot(slot);
        let content = value.as_ref().map_or(ptr::null_mut(), Owned::as_ptr);
        // SAFETY: NULL or an object that `value` keeps; the cell takes a reference of its own.
        if let Ok(cell) = unsafe { Owned::from_new(PyCell_New(content)) } {
            drop(frame.fill_slot(slot, cell));
        }
    }
    pending.restore();
}
