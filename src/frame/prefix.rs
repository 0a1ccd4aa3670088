//! What the instructions before the first RESUME do, done from outside: COPY_FREE_VARS and MAKE_CELL.

use crate::py::{Owned, PendingException, Raised};
use crate::view::{Code, Frame, Function};
use core::ptr;
use pyo3_ffi::{PyCell_New, PyErr_Format, PyExc_SystemError};

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
    if !frame.is_not_started() {
        return Ok(false);
    }
    let (Some(function), Some(instruction)) = (frame.function(), code.copy_free_vars()) else { return Ok(false) };
    require_fitting_closure(function, code)?;
    let (mut closure, first) = (function.closure(), code.first_free());
    for index in 0..code.free_variables() {
        let Some(cell) = closure.and_then(|closure| closure.cell(index)) else { break };
        // SAFETY: the closure keeps the cell.
        let cell = unsafe { Owned::from_borrowed(cell) };
        // A caller that fills slots itself may have filled this one. CPython leaks what is there.
        if let Some(held) = frame.fill_slot(first + index, cell) {
            drop(held);
            // That may have run code, which may have given the function another closure.
            closure = function.closure();
        }
    }
    frame.set_executed(instruction);
    Ok(true)
}

fn require_fitting_closure(function: Function<'_>, code: Code<'_>) -> Result<(), Raised> {
    if function.cells() == code.free_variables() {
        return Ok(());
    }
    // SAFETY: the format matches its arguments; the code's name is a str.
    unsafe {
        PyErr_Format(
            PyExc_SystemError,
            c"the closure of '%U' has %zd cells, but its code has %zd free variables".as_ptr(),
            code.name().as_ptr(),
            function.cells() as isize,
            code.free_variables() as isize,
        );
        Err(Raised::assume())
    }
}

/// Does the rest of the prefix in a frame that will not run, and moves the instruction pointer behind the first RESUME:
/// code that looks at such a frame takes free variables and cells for there. The pending exception stays.
///
/// A slot is left empty if there is no memory for its cell. Source: `take_ownership`, `Python/frame.c`, which only moves
/// the pointer, since the frames that it meets there are those of generators, whose prefix has run.
pub(super) fn finish(frame: &Frame<'_>) {
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
        // SAFETY: NULL or an object that `value` keeps; the cell takes a new reference.
        if let Ok(cell) = unsafe { Owned::from_new(PyCell_New(content)) } {
            drop(frame.fill_slot(slot, cell));
        }
    }
    pending.restore();
}
