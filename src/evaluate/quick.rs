//! The usual case in few instructions.
//!
//! A compiler takes most frames over in this way: the frame of a call has just been pushed, and the other code is plain. All
//! that could make it another case is asked first, and nothing is called meanwhile. Then five words are written. In another
//! case nothing has been changed, and the client goes the long way ([`super::take_over`]), which tells what is wrong, if
//! anything is.

use crate::datastack::frame_bytes;
use crate::py::Owned;
use crate::runtime::is_known_to_lack_tier_2;
use crate::version;
use crate::view::{Code, Frame, Owner, Thread};

/// Gives a frame other code, if that is the usual case; whether it was. The frame is then to be evaluated.
///
/// # Safety
/// As [`super::take_over`].
#[inline(always)]
pub unsafe fn take_over_at_once(frame: &Frame<'_>, thread: &Thread<'_>, code: Code<'_>) -> bool {
    if frame.owner() != Owner::Thread {
        return false;
    }
    // SAFETY: just asked.
    let own = unsafe { frame.code_of_call() };
    let bytes = frame_bytes(code);
    let usual = frame.is_at_start(own)
        && frame.as_ptr() as usize + frame_bytes(own) == thread.top() as usize
        && (version::FRESH < 0 || is_called_by_another(frame, thread))
        && frame.frame_object().is_none()
        && bytes < (thread.limit() as usize).wrapping_sub(frame.as_ptr() as usize)
        && own.shape() == code.shape()
        && code.generator_kind() == 0
        && (!version::MAY_HAVE_TIER_2 || is_known_to_lack_tier_2())
        && (code.free_variables() == 0 || code.free_variables() == own.free_variables())
        && own.is_shared();
    if usual {
        thread.set_top((frame.as_ptr() as usize + bytes) as *mut _);
        drop_shared(super::give::give_code(frame, own, code));
    }
    usual
}

/// Whether the thread's current frame is another on the data stack: then this one, which lies last there, does not run.
#[inline(always)]
fn is_called_by_another(frame: &Frame<'_>, thread: &Thread<'_>) -> bool {
    let current = thread.current_frame();
    // SAFETY: a linked frame is live.
    current != frame.as_ptr() && unsafe { Frame::from_raw(current) }.is_some_and(|it| it.owner() == Owner::Thread)
}

/// Gives up a reference that others have one beside: nothing is deallocated, so that the compiler need not keep anything for
/// what comes behind.
#[inline(always)]
fn drop_shared(code: Option<Owned>) {
    if let Some(code) = code {
        // SAFETY: asked before, and nothing has run since.
        unsafe { core::hint::assert_unchecked(code.is_shared()) };
    }
}
