//! Locals and slots, for C.

use super::arguments::{borrowed, count, frame, new_or_null, value_error};
use super::sized::{fill, size_in_common};
use crate::evaluate::raise;
use crate::locals::{self, Choice, SlotContents};
use crate::py::Raised;
use crate::sys::_PyInterpreterFrame;
use crate::view::Frame;
use core::ffi::{c_int, c_uint};
use pyo3_ffi::{Py_ssize_t, PyObject};

/// How many slots the frame has for variables; -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_CountSlots(raw: *mut _PyInterpreterFrame) -> Py_ssize_t {
    // SAFETY: the caller's promise.
    let frame = unsafe { frame(raw) };
    count(frame.and_then(|frame| locals::count(&frame).map_err(raise)))
}

/// `PyFrameShim_Slot` of `include/pyframe_shim.h`.
#[repr(C)]
pub struct CSlot {
    size: usize,
    name: *mut PyObject,
    value: *mut PyObject,
    cell: *mut PyObject,
    kind: c_uint,
}

/// Fills as much of `slot` as its `size`, which the caller sets, says that there is: 0, or -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`]; `slot` is NULL, or valid for reads of its `size` and for writes of as many bytes as that says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetSlot(
    raw: *mut _PyInterpreterFrame,
    index: Py_ssize_t,
    slot: *mut CSlot,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { frame(raw).and_then(|frame| fill_slot(&frame, index, slot)) }.map_or(-1, |()| 0)
}

/// # Safety
/// As [`PyFrameShim_GetSlot`].
unsafe fn fill_slot(frame: &Frame<'_>, index: Py_ssize_t, slot: *mut CSlot) -> Result<(), Raised> {
    // SAFETY: NULL, or the first field is there, says the caller.
    let size = unsafe { size_in_common(slot)? };
    // No frame has so many slots as a negative number becomes.
    let SlotContents { name, kind, is_argument, value, cell } = locals::slot(frame, index as usize).map_err(raise)?;
    let bits = [is_argument, kind.is_cell(), kind.is_free(), kind.is_hidden()];
    let kind = bits.iter().enumerate().map(|(bit, &set)| c_uint::from(set) << bit).sum();
    let full = CSlot { size, name: name.as_ptr(), value: borrowed(value), cell: borrowed(cell), kind };
    // SAFETY: that many bytes may be written, says the caller.
    unsafe { fill(slot, &full, size) };
    Ok(())
}

/// Writes the values of the slots to `values`, borrowed; returns how many slots there are, or -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`]; `values` is valid for writes of `room` elements, and may be NULL if that is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_FillValues(
    raw: *mut _PyInterpreterFrame,
    values: *mut *mut PyObject,
    room: Py_ssize_t,
) -> Py_ssize_t {
    // SAFETY: the caller's promise.
    unsafe {
        let frame = match frame(raw) {
            Ok(frame) => frame,
            Err(_) => return -1,
        };
        if room < 0 || (values.is_null() && room > 0) {
            let _ = value_error(c"there must be room for no fewer than 0 values, and a place for them");
            return -1;
        }
        let values = if room == 0 { &mut [] } else { core::slice::from_raw_parts_mut(values, room as usize) };
        count(locals::fill_values(&frame, values).map_err(raise))
    }
}

/// A new dict of the frame's locals, or NULL with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_GetLocals(raw: *mut _PyInterpreterFrame, flags: c_uint) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let frame = unsafe { frame(raw) };
    new_or_null(frame.and_then(|frame| locals::choose(&frame, choice(flags)?).map_err(raise)))
}

fn choice(flags: c_uint) -> Result<Choice, Raised> {
    if flags & !0b111 != 0 {
        return Err(value_error(c"unknown flags: PYFRAME_SHIM_LOCALS_HIDDEN, _WITHOUT_FREE and _ARGUMENTS are known"));
    }
    Ok(Choice { hidden: flags & 1 != 0, without_free: flags & 2 != 0, arguments_only: flags & 4 != 0 })
}

/// How deep the value stack is; -1 with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_StackDepth(raw: *mut _PyInterpreterFrame) -> Py_ssize_t {
    // SAFETY: the caller's promise.
    count(unsafe { frame(raw) }.and_then(|frame| locals::stack_depth(&frame).map_err(raise)))
}

/// What lies on the value stack, borrowed; NULL for nothing, or with an exception.
///
/// # Safety
/// As [`Frame::from_raw`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyFrameShim_StackItem(raw: *mut _PyInterpreterFrame, index: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the caller's promise.
    let item = unsafe { frame(raw) }.and_then(|frame| locals::stack_item(&frame, index as usize).map_err(raise));
    borrowed(item.ok().flatten())
}
