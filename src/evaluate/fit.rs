//! Whether code fits into a frame, and what it takes there besides.

use crate::datastack::frame_bytes;
use crate::frame::{Fresh, Start, copy_with_closure, fresh};
use crate::py::{ExceptionType, Owned, Raised};
use crate::runtime::has_tier_2;
use crate::version;
use crate::view::{Code, Frame, Function, Owner, Thread};
use core::ffi::CStr;

/// Why code cannot run in a frame's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Obstacle {
    /// It has run, or runs, or is no frame of this thread's.
    NotFresh = 1,
    /// `throwflag` says so: only the frame's own code knows what to do with the exception.
    Thrown,
    /// It is suspended in the middle of its own code.
    Resumed,
    /// Arguments lie in the first slots already, as the frame's own code takes them.
    Arguments,
    /// COPY_FREE_VARS takes as many cells from the closure as the code has free variables.
    FreeVariables,
    /// The caller has decided by `CO_OPTIMIZED` whether the frame has a mapping for its names.
    Namespace,
    /// The function that is passed runs something else.
    OtherCode,
    /// An embedder can evaluate a frame whose function is none (3.12+), and the code needs one.
    NoFunction,
    /// The frame cannot be evaluated in place, and a shadow frame is forbidden.
    Room,
}

impl Obstacle {
    /// All of them, in the order of their numbers, which begin with 1.
    pub const ALL: [Self; 9] = [
        Self::NotFresh,
        Self::Thrown,
        Self::Resumed,
        Self::Arguments,
        Self::FreeVariables,
        Self::Namespace,
        Self::OtherCode,
        Self::NoFunction,
        Self::Room,
    ];

    /// What a person is told.
    pub const fn sentence(self) -> &'static CStr {
        match self {
            Self::NotFresh => c"the frame is not fresh: it has begun to run, or was not given to a hook of this thread",
            Self::Thrown => c"an exception is thrown into the frame, which its own code has to handle",
            Self::Resumed => c"the frame is a generator's that is resumed in the middle of its own code",
            Self::Arguments => c"the code must take the arguments of the frame's own: as many positional and keyword-only ones, and *args and **kwargs likewise",
            Self::FreeVariables => c"the code must have as many free variables as the function's closure has cells, or none where no function is passed",
            Self::Namespace => c"the code must keep its names where the frame's own does: in slots, or in a mapping (CO_OPTIMIZED)",
            Self::OtherCode => c"the function must be one that runs the code: its __code__ is another",
            Self::NoFunction => c"the frame runs no function, and the code needs one: it has to be passed",
            Self::Room => c"the frame cannot be evaluated in place, and a shadow frame is not allowed",
        }
    }

    /// Sets the exception that says so: `SystemError` for a frame that nothing fits into, else `ValueError`.
    pub(crate) fn raise(self) -> Raised {
        let kind = match self {
            Self::NotFresh | Self::Thrown | Self::Resumed | Self::Room => ExceptionType::System,
            Self::Arguments | Self::FreeVariables | Self::Namespace | Self::OtherCode | Self::NoFunction => {
                ExceptionType::Value
            }
        };
        Raised::with(kind, self.sentence())
    }
}

/// Why the code cannot run in the frame's place; `None` if it can, though there may be no memory for it.
///
/// The C symbol is `PyFrameShim_CanEvalCode`.
pub fn obstacle(
    frame: &Frame<'_>,
    thread: &Thread<'_>,
    throwflag: bool,
    code: Code<'_>,
    function: Option<Function<'_>>,
) -> Option<Obstacle> {
    Fit::of(frame, thread, throwflag, code, function).err()
}

/// The function that lies in the frame while the code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// The frame's own.
    Own,
    /// The one that was passed.
    Given,
    /// A copy of the frame's own, with the code.
    Copy,
}

/// What is known of a frame that code fits into.
pub(super) struct Fit<'f> {
    pub(super) own: Code<'f>,
    pub(super) start: Start,
    pub(super) needed: Needed,
    /// Whether nothing lies behind the frame on the data stack.
    pub(super) lies_last: bool,
    pub(super) function: Option<Function<'f>>,
}

impl<'f> Fit<'f> {
    #[inline(always)]
    pub(super) fn of(
        frame: &Frame<'f>,
        thread: &Thread<'_>,
        throwflag: bool,
        code: Code<'_>,
        given: Option<Function<'_>>,
    ) -> Result<Self, Obstacle> {
        if throwflag {
            return Err(Obstacle::Thrown);
        }
        let own = frame.code().ok_or(Obstacle::NotFresh)?;
        let Some(Fresh { start, lies_last }) = fresh(frame, own, thread) else { return Err(why_not_fresh(frame)) };
        if own.shape() != code.shape() {
            return Err(why_other_shape(own, code));
        }
        let function = frame.function();
        let needed = match given {
            Some(given) => needed_of_given(given, code)?,
            None => needed_of_own(function, code)?,
        };
        Ok(Self { own, start, needed, lies_last, function })
    }

    /// A copy of the frame's function with the code.
    #[cold]
    #[inline(never)]
    pub(super) fn copy(&self, code: Code<'_>) -> Result<Owned, Raised> {
        let Some(function) = self.function else { return Err(Obstacle::NoFunction.raise()) };
        copy_with_closure(function, code, function.closure_for(code))
    }
}

#[cold]
#[inline(never)]
fn why_not_fresh(frame: &Frame<'_>) -> Obstacle {
    if frame.owner() == Owner::Generator { Obstacle::Resumed } else { Obstacle::NotFresh }
}

#[cold]
#[inline(never)]
fn why_other_shape(own: Code<'_>, code: Code<'_>) -> Obstacle {
    if own.is_optimized() == code.is_optimized() { Obstacle::Arguments } else { Obstacle::Namespace }
}

fn needed_of_given(function: Function<'_>, code: Code<'_>) -> Result<Needed, Obstacle> {
    if function.code() != code {
        return Err(Obstacle::OtherCode);
    }
    if function.cells() != code.free_variables() {
        return Err(Obstacle::FreeVariables);
    }
    Ok(Needed::Given)
}

#[inline(always)]
fn needed_of_own(function: Option<Function<'_>>, code: Code<'_>) -> Result<Needed, Obstacle> {
    let free = code.free_variables();
    let Some(function) = function else {
        let is_read = free != 0 || code.generator_kind() != 0;
        return if is_read { Err(Obstacle::NoFunction) } else { Ok(Needed::Own) };
    };
    if free != 0 && free != function.cells() {
        return Err(Obstacle::FreeVariables);
    }
    Ok(if is_copy_needed(function.code(), code) { Needed::Copy } else { Needed::Own })
}

/// Whether the interpreter would look at the function's code, and not at the frame's.
///
/// RETURN_GENERATOR does (`_Py_MakeCoro`): which kind it makes, how much memory it takes for the frame and, on 3.11, what
/// `gi_code` is. So does a second tier of the evaluator.
#[inline(always)]
fn is_copy_needed(functions: Code<'_>, code: Code<'_>) -> bool {
    // Asked each time, so that the usual case knows it from then on.
    let second_tier = version::MAY_HAVE_TIER_2 && has_tier_2();
    if functions == code {
        return false;
    }
    let for_generator = code.generator_kind() != 0
        && (version::GENERATOR_TAKES_FUNCTIONS_CODE
            || functions.generator_kind() != code.generator_kind()
            || frame_bytes(code) > frame_bytes(functions));
    second_tier || for_generator
}
