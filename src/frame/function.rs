//! A copy of a function with other code, for a shadow frame to run.

use crate::py::{ExceptionType, Owned, Raised};
use crate::view::{Closure, Code, Function};
use core::ptr::NonNull;
use pyo3_ffi::{PyErr_Format, PyExc_ValueError, PyObject, PyUnicode_Compare};

/// Makes a function that is like `function`, with other code. Name and qualified name come from the code, unless it bears
/// the name of the function's own code: then they stay the function's, which may have been renamed. The version tag is
/// 0, so that nothing that was specialized for the old code applies.
///
/// The function returned is tracked. Replaces `_PyFunction_CopyWithNewCode`. No CPython function does this; the fields
/// are those of `PyFunction_NewWithQualName` (3.11 to 3.15). Like the C, it tells no function watcher (3.12+) of the
/// new function, though they hear of its end.
///
/// # Errors
/// `ValueError` if the closure has not one cell for each free variable of the code; `MemoryError`.
pub fn copy_with_new_code(function: Function<'_>, code: Code<'_>) -> Result<Owned, Raised> {
    require_as_many(code, function.cells())?;
    function.with_code(code, function.closure_object(), bears_the_same_name(function.code(), code))
}

/// As [`copy_with_new_code`], with a closure that is given, or none.
///
/// # Errors
/// `TypeError` if the closure is no tuple of cells; `ValueError` if it has not one for each free variable of the code;
/// `MemoryError`.
pub fn copy_with_closure(
    function: Function<'_>,
    code: Code<'_>,
    closure: Option<NonNull<PyObject>>,
) -> Result<Owned, Raised> {
    let cells = match closure {
        // SAFETY: the caller keeps it.
        Some(closure) => unsafe { Closure::from_object(closure) }.ok_or_else(no_cells)?.len(),
        None => 0,
    };
    require_as_many(code, cells)?;
    function.with_code(code, closure, bears_the_same_name(function.code(), code))
}

fn no_cells() -> Raised {
    Raised::with(ExceptionType::Type, c"a closure must be a tuple of cells")
}

/// COPY_FREE_VARS reads one cell for each free variable of the code, and does not look how many there are.
fn require_as_many(code: Code<'_>, cells: usize) -> Result<(), Raised> {
    if cells == code.free_variables() {
        return Ok(());
    }
    // SAFETY: the format matches its arguments; the code's name is a str.
    unsafe {
        PyErr_Format(
            PyExc_ValueError,
            c"the code '%U' has %zd free variables, but the function's closure has %zd cells".as_ptr(),
            code.name().as_ptr(),
            code.free_variables() as isize,
            cells as isize,
        );
        Err(Raised::assume())
    }
}

fn bears_the_same_name(old: Code<'_>, new: Code<'_>) -> bool {
    // SAFETY: names are str; comparing two of them raises nothing.
    old.name() == new.name() || unsafe { PyUnicode_Compare(old.name().as_ptr(), new.name().as_ptr()) == 0 }
}
