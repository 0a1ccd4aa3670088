//! The code view: slot kinds and names, code units, and what the prefix instructions do.

use super::{ask, read};
use crate::sys::{self, _Py_CODEUNIT, PyCodeObject, pyframe_shim_opcode_caches, pyframe_shim_opcode_deopt};
use crate::version;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use pyo3_ffi::{Py_REFCNT, PyBytes_AS_STRING, PyCode_Check, PyObject, PyTuple_GET_ITEM};

/// The kind of a slot: one byte of `co_localspluskinds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct SlotKind(u8);

impl SlotKind {
    /// The kind that a byte of `co_localspluskinds` says.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Whether the slot never holds a cell of the frame's own making: what is in it is the value.
    pub const fn is_plain(self) -> bool {
        self.0 as u32 & (sys::CO_FAST_CELL | sys::CO_FAST_FREE) == 0
    }

    /// Whether the slot holds a cell once its MAKE_CELL has run (`CO_FAST_CELL`).
    pub const fn is_cell(self) -> bool {
        self.0 & sys::CO_FAST_CELL as u8 != 0
    }

    /// Whether the slot holds a cell of the closure once COPY_FREE_VARS has run (`CO_FAST_FREE`).
    pub const fn is_free(self) -> bool {
        self.0 & sys::CO_FAST_FREE as u8 != 0
    }

    /// Whether the slot belongs to an inlined comprehension of a module or class body (`CO_FAST_HIDDEN`, from 3.12 on).
    pub const fn is_hidden(self) -> bool {
        version::is_hidden(self.0)
    }
}

/// How the arguments of a call lie in the first slots of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    positional: c_int,
    keyword_only: c_int,
    flags: u32,
}

/// A view of a code object that lives for `'c`.
#[derive(Clone, Copy)]
pub struct Code<'c> {
    raw: NonNull<PyCodeObject>,
    alive: PhantomData<&'c PyCodeObject>,
}

impl PartialEq for Code<'_> {
    /// Whether they are one object.
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<'c> Code<'c> {
    /// Views a code object; `None` for NULL.
    ///
    /// # Safety
    /// `raw` is NULL or a code object that stays alive, and the GIL is held, for `'c`.
    pub unsafe fn from_raw(raw: *mut PyCodeObject) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw, alive: PhantomData })
    }

    /// Views an object; `None` if it is no code object.
    ///
    /// # Safety
    /// The object stays alive, and the GIL is held, for `'c`.
    pub unsafe fn from_object(object: NonNull<PyObject>) -> Option<Self> {
        // SAFETY: the object is alive, says the caller.
        let is_code = unsafe { PyCode_Check(object.as_ptr()) } != 0;
        is_code.then(|| Self { raw: object.cast(), alive: PhantomData })
    }

    /// The code object, borrowed.
    pub fn as_ptr(self) -> *mut PyCodeObject {
        self.raw.as_ptr()
    }

    /// The code object as an object, borrowed.
    pub fn object(self) -> NonNull<PyObject> {
        self.raw.cast()
    }

    /// Whether there is more than one reference to it.
    #[inline(always)]
    pub(crate) fn is_shared(self) -> bool {
        // SAFETY: the code is alive.
        unsafe { Py_REFCNT(self.as_ptr().cast()) > 1 }
    }

    /// The name, a str, borrowed (`co_name`).
    pub fn name(self) -> NonNull<PyObject> {
        let object = read!(self, co_name);
        // SAFETY: code always has one.
        unsafe { NonNull::new_unchecked(object) }
    }

    /// The qualified name, a str, borrowed (`co_qualname`).
    pub fn qualified_name(self) -> NonNull<PyObject> {
        let object = read!(self, co_qualname);
        // SAFETY: code always has one.
        unsafe { NonNull::new_unchecked(object) }
    }

    /// The name of its file, a str, borrowed (`co_filename`).
    pub fn file_name(self) -> NonNull<PyObject> {
        let object = read!(self, co_filename);
        // SAFETY: code always has one.
        unsafe { NonNull::new_unchecked(object) }
    }

    /// The line that its text begins with (`co_firstlineno`).
    pub fn first_line(self) -> i32 {
        read!(self, co_firstlineno)
    }

    /// What tells this code from other code that comes to lie at its address, nearly always.
    pub(crate) fn identity(self) -> usize {
        self.as_ptr() as usize ^ (read!(self, co_localsplusnames) as usize).rotate_left(usize::BITS / 2)
    }

    /// The number of slots for arguments, locals, cells and free variables (`co_nlocalsplus`).
    pub fn slots(self) -> usize {
        read!(self, co_nlocalsplus) as usize
    }

    /// The number of slots behind those for the value stack (`co_stacksize`).
    pub fn stack_slots(self) -> usize {
        read!(self, co_stacksize) as usize
    }

    /// The words of a frame of it, header and value stack included.
    pub(crate) fn frame_words(self) -> usize {
        ask!(self, frame_words)
    }

    /// The number of free variables (`co_nfreevars`); their slots are the last of [`Self::slots`].
    pub fn free_variables(self) -> usize {
        read!(self, co_nfreevars) as usize
    }

    /// Whether any slot is a cell's or a free variable's.
    pub(crate) fn has_cells(self) -> bool {
        read!(self, co_ncellvars) | read!(self, co_nfreevars) != 0
    }

    /// The first slot that holds a free variable, or would.
    pub fn first_free(self) -> usize {
        self.slots() - self.free_variables()
    }

    /// Whether locals live in slots alone (`CO_OPTIMIZED`); not so for modules, class bodies and `exec`.
    pub fn is_optimized(self) -> bool {
        read!(self, co_flags) as u32 & sys::CO_OPTIMIZED != 0
    }

    /// The number of slots for arguments: positional, keyword-only, `*args` and `**kwargs`; they are the first.
    pub fn arguments(self) -> usize {
        let shape = self.shape();
        let rest = [sys::CO_VARARGS, sys::CO_VARKEYWORDS].iter().filter(|&&flag| shape.flags & flag != 0).count();
        (shape.positional + shape.keyword_only) as usize + rest
    }

    /// What of a call decides which argument comes to lie in which slot, and where names are kept.
    pub(crate) fn shape(self) -> Shape {
        Shape {
            positional: read!(self, co_argcount),
            keyword_only: read!(self, co_kwonlyargcount),
            flags: read!(self, co_flags) as u32 & (sys::CO_VARARGS | sys::CO_VARKEYWORDS | sys::CO_OPTIMIZED),
        }
    }

    /// What calling it makes, as `co_flags` say: a generator, coroutine or async generator; 0 if it just runs.
    pub(crate) fn generator_kind(self) -> u32 {
        read!(self, co_flags) as u32 & (sys::CO_GENERATOR | sys::CO_COROUTINE | sys::CO_ASYNC_GENERATOR)
    }

    /// What an extension keeps with the code in a place that it has been given; NULL if that is nothing.
    pub(crate) fn extra(self, place: usize) -> *mut c_void {
        let extras = read!(self, co_extra).cast::<sys::_PyCodeObjectExtra>();
        // SAFETY: NULL, or as many places as it says, which the code keeps.
        unsafe {
            if extras.is_null() || (*extras).ce_size as usize <= place {
                return ptr::null_mut();
            }
            (&raw mut (*extras).ce_extras).cast::<*mut c_void>().add(place).read()
        }
    }

    /// The kind of each slot, in slot order.
    pub fn kinds(self) -> &'c [SlotKind] {
        // SAFETY: `co_localspluskinds` is a bytes object of one byte a slot, immutable, and kept by the code; a
        // SlotKind is one byte, and any byte is one.
        unsafe {
            let kinds = PyBytes_AS_STRING((*self.as_ptr()).co_localspluskinds);
            core::slice::from_raw_parts(kinds.cast::<SlotKind>(), self.slots())
        }
    }

    /// The name of a slot: a str, borrowed from the code.
    pub(crate) fn slot_name(self, slot: usize) -> *mut PyObject {
        debug_assert!(slot < self.slots());
        // SAFETY: `co_localsplusnames` is a tuple of one str a slot.
        unsafe { PyTuple_GET_ITEM((*self.as_ptr()).co_localsplusnames, slot as isize) }
    }

    /// The first code unit.
    pub fn start(self) -> *mut _Py_CODEUNIT {
        // SAFETY: the code units follow the object's header, in the same allocation.
        unsafe { (&raw mut (*self.as_ptr()).co_code_adaptive).cast() }
    }

    /// The index of the first RESUME, in code units: how many lead up to it (`_co_firsttraceable`).
    pub fn prefix_units(self) -> usize {
        read!(self, _co_firsttraceable) as usize
    }

    /// One of the code units before the first RESUME, opcode first; `None` from there on. Read when it is asked for, since
    /// Python code that runs in between may rewrite it: 3.11 does when it specializes the code.
    fn prefix_unit(self, unit: usize) -> Option<[u8; 2]> {
        // SAFETY: the prefix lies inside the code; a unit is two bytes on every minor.
        (unit < self.prefix_units()).then(|| unsafe { self.start().cast::<[u8; 2]>().add(unit).read() })
    }

    /// The index of the instruction that fills the free variables' slots from the closure, in code units, if the code
    /// begins with it. It is 0 unless there are so many free variables that EXTENDED_ARG goes before it.
    pub fn copy_free_vars(self) -> Option<usize> {
        let opcode = |unit| self.prefix_unit(unit).map(|[opcode, _]| deopt(opcode));
        let first = (0..).find(|&unit| opcode(unit) != Some(sys::EXTENDED_ARG))?;
        (opcode(first) == Some(sys::COPY_FREE_VARS)).then_some(first)
    }

    /// The slots whose MAKE_CELL lies in the prefix and before `end`, in code units.
    ///
    /// Only the prefix is read: it is never instrumented, so that the tables suffice to step over it, and behind it
    /// MAKE_CELL may be part of an inlined comprehension (3.12+) and prove nothing.
    ///
    /// Python code may run between one and the next.
    pub fn cells_made_before(self, end: usize) -> impl Iterator<Item = usize> + use<'c> {
        cells_made_by(move |unit| if unit < end { self.prefix_unit(unit) } else { None })
    }
}

/// The slots that the MAKE_CELL instructions among these code units name, opcode first in each unit.
pub fn cells_made(units: &[[u8; 2]]) -> impl Iterator<Item = usize> {
    cells_made_by(|unit| units.get(unit).copied())
}

fn cells_made_by(unit: impl Fn(usize) -> Option<[u8; 2]>) -> impl Iterator<Item = usize> {
    let (mut next, mut extended) = (0, 0);
    core::iter::from_fn(move || {
        while let Some([opcode, low]) = unit(next) {
            let opcode = deopt(opcode);
            let argument = extended | usize::from(low);
            next += 1 + usize::from(pyframe_shim_opcode_caches[opcode as usize]);
            if version::ends_prefix(opcode) {
                return None;
            }
            extended = if opcode == sys::EXTENDED_ARG { argument << 8 } else { 0 };
            if opcode == sys::MAKE_CELL {
                return Some(argument);
            }
        }
        None
    })
}

/// The opcode that a specialized one stands for.
fn deopt(opcode: u8) -> u32 {
    pyframe_shim_opcode_deopt[usize::from(opcode)].into()
}
