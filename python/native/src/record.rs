//! What `pyframe_shim.frames` makes its images of: a record of a frame, with references to what lies in it.
//!
//! A record is taken at once. No Python code runs meanwhile, so that a frame of another thread stays where it is.

use crate::class;
use crate::contents::{kind, none, owner, reference};
use crate::types::Types;
use core::ffi::c_ulong;
use core::ptr::{self, NonNull};
use pyframe_shim::datastack::{self, Location};
use pyframe_shim::evaluate::raise;
use pyframe_shim::frame;
use pyframe_shim::locals::{self, Linked, SlotContents};
use pyframe_shim::py::{Owned, Raised};
use pyframe_shim::view::{Code, Frame, FrameObject, Generator, Owner, Thread};
use pyo3_ffi::*;
use std::collections::HashMap;

/// Makes the type of records.
pub(crate) fn new_type() -> Result<Owned, Raised> {
    const FIELDS: usize = 14;
    static mut TABLE: [PyStructSequence_Field; FIELDS + 1] = [
        class::field(c"address", c"where the frame lies in memory"),
        class::field(c"owner", c"what keeps its memory, as evalframe.Frame.owner"),
        class::field(c"code", c"the code object"),
        class::field(c"function", c"the function, or None"),
        class::field(c"generator", c"the generator, coroutine or async generator that the frame belongs to, or None"),
        class::field(c"references", c"how many references there were to that"),
        class::field(c"has_object", c"whether it has a frame object"),
        class::field(c"lasti", c"byte offset of the instruction begun last; -1 before the first"),
        class::field(c"line", c"the line of that, or None"),
        class::field(c"words", c"how many words it takes"),
        class::field(c"header", c"how many of them come before the slots"),
        class::field(c"place", c"(number of the chunk, word in it, words that the chunk has room for), or None"),
        class::field(
            c"slots",
            c"None if they are gone, else a tuple of (name, kind, word, value, references, cell, references)",
        ),
        class::field(c"stack", c"None if it is not known, else a tuple of (word, value, references)"),
        PyStructSequence_Field { name: ptr::null(), doc: ptr::null() },
    ];
    class::new_record(&PyStructSequence_Desc {
        name: c"pyframe_shim.Record".as_ptr(),
        doc: c"What lies in a frame.".as_ptr(),
        fields: (&raw mut TABLE).cast(),
        n_in_sequence: FIELDS as i32,
    })
}

/// `records_of_thread(identifier)`: the records of the frames that a thread runs, the innermost first; None if there is no such
/// thread in this interpreter. With None instead of an identifier: of the calling thread.
pub(crate) unsafe extern "C" fn of_thread(module: *mut PyObject, identifier: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes the module and a living object; the GIL is held.
        let (types, calling) = unsafe { (Types::of_module(module)?, Thread::current()) };
        let Some(thread) = named(&calling, identifier)? else { return crate::none() };
        // Before a frame is looked at: it may have to be imported, which may run Python code.
        types.unbound()?;
        let _quiet = Quiet::begin();
        let frames = || {
            // SAFETY: nothing runs meanwhile, so that the thread's frames stay.
            core::iter::successors(unsafe { thread.complete_frame() }, |found| unsafe { frame::caller(found, &thread) })
        };
        // All of them before the first record is made, which has references too.
        let mut counts = Counts::default();
        // SAFETY: these are linked.
        frames().for_each(|found| counts.note(&found, unsafe { Contents::linked(&found) }));
        // SAFETY: a new reference, or NULL with an exception.
        let list = unsafe { Owned::from_new(PyList_New(0))? };
        for found in frames() {
            // SAFETY: as above.
            let contents = unsafe { Contents::linked(&found) };
            append(&list, &record(types, &found, contents, Some(&thread), &counts)?)?;
        }
        Ok(list)
    })
}

/// The thread of the interpreter that an identifier names; None names the calling one.
fn named<'t>(calling: &Thread<'t>, identifier: *mut PyObject) -> Result<Option<Thread<'t>>, Raised> {
    // SAFETY: the object is alive; the GIL is held.
    unsafe {
        if identifier == Py_None() {
            return Ok(Some(Thread::current()));
        }
        let number: c_ulong = PyLong_AsUnsignedLong(identifier);
        if number == c_ulong::MAX && !PyErr_Occurred().is_null() {
            return Err(Raised::assume());
        }
        Ok(calling.with_identifier(number))
    }
}

/// `record_of(object)`: the record of the frame of a frame object, generator, coroutine or async generator; None for a generator
/// that has come to its end.
pub(crate) unsafe extern "C" fn of_object(module: *mut PyObject, object: *mut PyObject) -> *mut PyObject {
    crate::returned(|| {
        // SAFETY: CPython passes the module and a living object, which keeps the frame.
        unsafe {
            let types = Types::of_module(module)?;
            let object = NonNull::new_unchecked(object);
            let found = match (FrameObject::from_object(object), Generator::from_object(object)) {
                (Some(object), _) => object.frame(),
                (None, Some(generator)) => generator.frame().map_or(ptr::null_mut(), NonNull::as_ptr),
                (None, None) => {
                    let format = c"a frame object, generator, coroutine or async generator is wanted, not %.200s";
                    PyErr_Format(PyExc_TypeError, format.as_ptr(), (*Py_TYPE(object.as_ptr())).tp_name);
                    return Err(Raised::assume());
                }
            };
            types.unbound()?;
            let Some(found) = Frame::from_raw(found) else { return crate::none() };
            let _quiet = Quiet::begin();
            let mut counts = Counts::default();
            counts.note(&found, Contents::Other(&found));
            record(types, &found, Contents::Other(&found), None, &counts)
        }
    })
}

/// While it is there, the garbage collector does not run: on 3.11 any allocation may run it, and with it Python code.
struct Quiet {
    was_on: bool,
}

impl Quiet {
    fn begin() -> Self {
        // SAFETY: the GIL is held.
        Self { was_on: unsafe { PyGC_Disable() } != 0 }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if self.was_on {
            // SAFETY: the GIL is held.
            unsafe { PyGC_Enable() };
        }
    }
}

/// How many references there were to what lies in frames, before records were made of them.
#[derive(Default)]
struct Counts(HashMap<NonNull<PyObject>, Py_ssize_t>);

impl Counts {
    /// Notes down what lies in a frame, if that can be told.
    fn note(&mut self, frame: &Frame<'_>, contents: Contents<'_, '_>) {
        let first = frame.code().map_or(0, Code::slots);
        let slots = (0..first).map_while(|index| contents.slot(index).ok());
        slots.flat_map(|slot| [slot.value, slot.cell]).flatten().for_each(|object| self.note_object(object));
        let depth = contents.stack_depth().ok().flatten().unwrap_or(0);
        (0..depth).filter_map(|index| contents.stack_item(index)).for_each(|object| self.note_object(object));
        if let Some(generator) = frame.generator() {
            self.note_object(generator.object());
        }
        // SAFETY: the GIL is held. That something cannot be told is no error here.
        unsafe { PyErr_Clear() };
    }

    fn note_object(&mut self, object: NonNull<PyObject>) {
        // SAFETY: the frame keeps it, or its generator it.
        self.0.insert(object, unsafe { Py_REFCNT(object.as_ptr()) });
    }

    fn of(&self, object: NonNull<PyObject>) -> Result<Owned, Raised> {
        signed(self.0.get(&object).copied().unwrap_or(0))
    }
}

/// What is read of a frame. One that a thread has linked needs no look whether it is going away.
#[derive(Clone, Copy)]
enum Contents<'v, 'f> {
    Linked(Linked<'v, 'f>),
    Other(&'v Frame<'f>),
}

impl<'v, 'f> Contents<'v, 'f> {
    /// # Safety
    /// As [`Linked::new`].
    unsafe fn linked(frame: &'v Frame<'f>) -> Self {
        // SAFETY: as the caller says.
        Self::Linked(unsafe { Linked::new(frame) })
    }

    fn slot(self, index: usize) -> Result<SlotContents, Raised> {
        match self {
            Self::Linked(frame) => frame.slot(index),
            Self::Other(frame) => locals::slot(frame, index),
        }
        .map_err(raise)
    }

    /// `None`, or an exception, if it is not known.
    fn stack_depth(self) -> Result<Option<usize>, Raised> {
        match self {
            Self::Linked(frame) => Ok(frame.stack_depth()),
            Self::Other(frame) => locals::stack_depth(frame).map(Some).map_err(raise),
        }
    }

    fn stack_item(self, index: usize) -> Option<NonNull<PyObject>> {
        match self {
            Self::Linked(frame) => frame.stack_item(index),
            Self::Other(frame) => locals::stack_item(frame, index).ok().flatten(),
        }
    }
}

/// The record of a frame. Its place is looked for on the data stack of a thread, or of whichever thread has it.
fn record(
    types: &Types,
    frame: &Frame<'_>,
    contents: Contents<'_, '_>,
    thread: Option<&Thread<'_>>,
    counts: &Counts,
) -> Result<Owned, Raised> {
    let generator = frame.generator().and_then(|generator| generator.keep());
    let items = [
        number(frame.as_ptr() as usize)?,
        class::text(owner(frame))?,
        frame.code().map_or_else(none_owned, |code| reference(code.object())),
        frame.function().map_or_else(none_owned, |function| reference(function.object())),
        generator.unwrap_or_else(none_owned),
        frame.generator().map_or_else(|| Ok(none_owned()), |generator| counts.of(generator.object()))?,
        boolean(frame.frame_object().is_some() || frame.owner() == Owner::FrameObject),
        signed(frame::last_instruction(frame))?,
        match frame::line(frame) {
            Some(line) => signed(line as isize)?,
            None => none_owned(),
        },
        number(datastack::frame_words(frame).map_err(raise)?)?,
        number(datastack::HEADER_WORDS)?,
        place(frame, thread)?,
        quietly(slots(types, frame, contents, counts))?,
        quietly(stack(types, frame, contents, counts))?,
    ];
    class::record(types.record(), items)
}

/// Where the frame lies on a data stack.
fn place(frame: &Frame<'_>, thread: Option<&Thread<'_>>) -> Result<Owned, Raised> {
    let found = match thread {
        Some(thread) => datastack::locate(thread, frame),
        None => datastack::locate_in_any(frame),
    };
    let Some(Location { chunk, word, room }) = found else { return Ok(none_owned()) };
    class::tuple([number(chunk)?, number(word)?, number(room)?])
}

/// None where that is not known: a frame that has been cleared has no slots, and one that runs does not say how high its value
/// stack is.
fn quietly(found: Result<Owned, Raised>) -> Result<Owned, Raised> {
    found.or_else(|raised| {
        // SAFETY: the GIL is held, and there is an exception.
        unsafe {
            for kind in [PyExc_ValueError, PyExc_RuntimeError, PyExc_SystemError] {
                if PyErr_ExceptionMatches(kind) != 0 {
                    PyErr_Clear();
                    return Ok(none_owned());
                }
            }
        }
        Err(raised)
    })
}

fn slots(types: &Types, frame: &Frame<'_>, contents: Contents<'_, '_>, counts: &Counts) -> Result<Owned, Raised> {
    let unbound = types.unbound()?;
    let count = match contents {
        Contents::Linked(_) => frame.code().map_or(0, Code::slots),
        Contents::Other(frame) => locals::count(frame).map_err(raise)?,
    };
    class::tuple_of(count, |index| {
        let slot = contents.slot(index)?;
        let (value, cell) = (slot.value.unwrap_or(unbound), slot.cell.unwrap_or_else(none));
        class::tuple([
            reference(slot.name),
            class::text(kind(&slot))?,
            number(frame.bits(index).unwrap_or(0))?,
            counts.of(value)?,
            reference(value),
            counts.of(cell)?,
            reference(cell),
        ])
    })
}

fn stack(types: &Types, frame: &Frame<'_>, contents: Contents<'_, '_>, counts: &Counts) -> Result<Owned, Raised> {
    let unbound = types.unbound()?;
    let first = frame.code().map_or(0, Code::slots);
    let Some(depth) = contents.stack_depth()? else { return Ok(none_owned()) };
    class::tuple_of(depth, |index| {
        let value = contents.stack_item(index).unwrap_or(unbound);
        class::tuple([number(frame.bits(first + index).unwrap_or(0))?, counts.of(value)?, reference(value)])
    })
}

fn append(list: &Owned, item: &Owned) -> Result<(), Raised> {
    // SAFETY: a list and an object.
    match unsafe { PyList_Append(list.as_ptr(), item.as_ptr()) } {
        0 => Ok(()),
        // SAFETY: -1 comes with an exception.
        _ => Err(unsafe { Raised::assume() }),
    }
}

fn number(number: usize) -> Result<Owned, Raised> {
    // SAFETY: a new reference, or NULL with an exception.
    unsafe { Owned::from_new(PyLong_FromSize_t(number)) }
}

fn signed(number: isize) -> Result<Owned, Raised> {
    // SAFETY: a new reference, or NULL with an exception.
    unsafe { Owned::from_new(PyLong_FromSsize_t(number)) }
}

fn boolean(yes: bool) -> Owned {
    // SAFETY: both are always alive.
    reference(unsafe { NonNull::new_unchecked(if yes { Py_True() } else { Py_False() }) })
}

fn none_owned() -> Owned {
    reference(none())
}
