//! What is asked of a fresh frame, and changed in it, so that it runs other code.

use super::Frame;
use crate::py::Owned;
use crate::sys::_PyInterpreterFrame;
use crate::version::{self, Word};
use crate::view::{Code, ask, write};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

impl<'f> Frame<'f> {
    /// The code of a thread's frame, without asking whether it is code.
    ///
    /// # Safety
    /// The owner is a thread.
    #[inline(always)]
    pub(crate) unsafe fn code_of_call(&self) -> Code<'f> {
        let word = ask!(self, code_word);
        // SAFETY: such a frame has code, which it keeps.
        unsafe { Code::from_raw((*word).object().unwrap_unchecked().as_ptr().cast()).unwrap_unchecked() }
    }

    /// Whether the instruction pointer stands where it does in a fresh frame, as [`Self::is_not_started`] asks.
    pub(crate) fn is_at_start(&self, code: Code<'_>) -> bool {
        self.pointer() == code.start().wrapping_offset(version::FRESH)
    }

    /// Whether the instruction pointer stands where it does once the instruction at `unit` has executed.
    pub(crate) fn has_executed(&self, code: Code<'_>, unit: usize) -> bool {
        self.pointer() == code.start().wrapping_add(unit + version::EXECUTED)
    }

    /// Moves the instruction pointer to where it stands in a fresh frame of `code`.
    pub(crate) fn set_at_start(&self, code: Code<'_>) {
        let place = ask!(self, pointer_place);
        // SAFETY: the field lies in the frame.
        unsafe { *place = code.start().wrapping_offset(version::FRESH) }
    }

    /// Makes slots empty that hold nothing of the frame's: the memory behind its own slots.
    ///
    /// It writes them one by one. Most often there is none, and a call of `memset` would cost 23 instructions even then,
    /// because registers are saved for it.
    ///
    /// # Safety
    /// The memory is the frame's.
    #[inline(always)]
    pub(crate) unsafe fn make_empty(&self, slots: core::ops::Range<usize>) {
        let first = ask!(self, slots);
        for slot in slots {
            // SAFETY: the memory is the frame's, says the caller.
            unsafe { first.add(slot).write_volatile(Word::EMPTY) }
        }
    }

    /// Gives the frame other code, and returns the reference to the old, if it owned one.
    ///
    /// # Safety
    /// `code` is a reference to a code object, and what else the frame says of its code is changed with it.
    #[inline(always)]
    pub(crate) unsafe fn replace_code(&self, code: Owned) -> Option<Owned> {
        let word = ask!(self, code_word);
        // SAFETY: the word lies in the frame.
        unsafe { Word::replace(word, code) }
    }

    /// Gives the frame another function, with its globals and builtins, and returns the reference to the old, if it owned one.
    ///
    /// # Safety
    /// `function` is a reference to a function.
    pub(crate) unsafe fn replace_function(&self, function: Owned) -> Option<Owned> {
        let word = ask!(self, function_word);
        // SAFETY: the word lies in the frame, which keeps the function from now on.
        let held = unsafe { Word::replace(word, function) };
        if let Some(function) = self.function() {
            write!(self, f_globals, function.globals().as_ptr());
            write!(self, f_builtins, function.builtins().as_ptr());
        }
        held
    }

    /// Moves a fresh frame and its first slots to other memory, and returns what is there. What is left behind has references
    /// to the code and the function too, and keeps the frame object: it can be cleared.
    ///
    /// # Safety
    /// The frame is fresh and has so many slots; the memory has room for them, and lies elsewhere.
    pub(crate) unsafe fn move_fresh_to(&self, memory: NonNull<_PyInterpreterFrame>, slots: usize) -> Frame<'f> {
        // SAFETY: as the caller says. The references in the slots and to the mapping have moved.
        unsafe {
            version::move_frame(self.as_ptr(), memory.as_ptr(), slots);
            self.make_empty(0..slots);
        }
        write!(self, f_locals, ptr::null_mut());
        for word in [ask!(self, code_word), ask!(self, function_word)] {
            // SAFETY: the words lie in the frame. What is in them is in both frames now.
            unsafe { Word::share(word) }
        }
        let moved = Self { raw: memory, alive: PhantomData };
        write!(moved, frame_obj, ptr::null_mut());
        moved
    }
}
