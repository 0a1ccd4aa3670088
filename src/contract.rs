//! The contract: the rules that a caller has to hold, and a broken one as a value.
//!
//! Nothing has been changed where a rule is found broken: it is checked before anything is done. The caller of
//! the algorithm decides what comes of it: the drop-in ends the process, as the C file does.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/python.rs")); }
//! # let thread = example::start();
//! use pyframe_shim::contract::Rule;
//! use pyframe_shim::datastack::{pop, push};
//!
//! // SAFETY: popped before anything below it. The second pop is a mistake, which is told, and changes nothing.
//! unsafe {
//!     let memory = push(&thread, 100).expect("there is memory");
//!     assert_eq!(pop(&thread, memory), Ok(()));
//!     assert_eq!(pop(&thread, memory).expect_err("once is enough").rule(), Rule::LiesBelowTop);
//! }
//! ```

use crate::py::Raised;
use crate::sys::_PyInterpreterFrame;
use crate::view::Frame;
use core::ptr;

/// What a caller has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// An entry frame has next to no fields.
    #[error("the frame must not be an entry frame on the C stack")]
    NoEntryFrame,
    /// Entry frames of 3.13, and the dead frames of new frame objects, run nothing.
    #[error("the frame must run a code object")]
    RunsCode,
    /// For clearing (GH-99729): finalizers may look at the stack, and must not find a frame that is half gone.
    #[error("the frame must be unlinked first")]
    Unlinked,
    /// For clearing.
    #[error("the frame must not be running")]
    NotRunning,
    /// For clearing. From 3.12 on the evaluator pops each frame that it is given.
    #[error("the frame must lie below the top of the thread's data stack: it has been popped already")]
    NotPopped,
    /// For clearing. On 3.11 the hook's caller clears the frame that the hook was given: it would be cleared twice, and the
    /// shadow frame, which still lies above it, never.
    #[error(
        "frames must be cleared in reverse order: a hook clears its shadow frame, and not what it was given (3.11)"
    )]
    ClearedInReverse,
    /// For clearing.
    #[error("the frame must not be cleared already")]
    NotClearedAlready,
    /// For ending a frame that is not evaluated.
    #[error("the frame must be the one that a hook of this thread was given, and not be evaluated yet")]
    GivenToHook,
    /// For clearing: the object clears it.
    #[error("the frame must not be owned by a frame object")]
    NotAnObjects,
    /// For clearing. The generator is at its end afterwards.
    #[error("the generator that owns the frame must have been cleared, or be running it (3.12+)")]
    GeneratorGivesItUp,
    /// For clearing the frame of a generator that runs.
    #[error("the generator's exception state must be the thread's innermost")]
    HandlesInnermost,
    /// For clearing a frame whose object outlives it.
    #[error("the frame object must not have an f_back yet")]
    HasNoBack,
    /// For making frame objects.
    #[error("the frame must have no frame object yet")]
    HasNoObject,
    /// For making frame objects.
    #[error("the frame must not be cleared")]
    NotCleared,
    /// For reading locals.
    #[error("the slot of a free variable must hold a cell")]
    FreeVariablesAreCells,
    /// For pushing.
    #[error("the thread must have both a top and a limit of its data stack, or neither")]
    WholeDataStack,
    /// For popping.
    #[error("the frame must lie in the chunk in use, below its top: frames are popped once, in reverse order")]
    LiesBelowTop,
    /// For popping.
    #[error("the frame, and what lies above it, must be unlinked first")]
    UnlinkedFromHereOn,
    /// For popping.
    #[error("the root chunk must stay")]
    RootStays,
}

/// A rule that does not hold, and the frame that it does not hold for, if something can be told of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Broken {
    rule: Rule,
    frame: *mut _PyInterpreterFrame,
}

impl Broken {
    /// A rule that a frame breaks which is there to be looked at.
    #[cold]
    pub(crate) fn by(rule: Rule, frame: &Frame<'_>) -> Self {
        Self { rule, frame: frame.as_ptr() }
    }

    /// A rule that something else breaks than a frame, or a frame that is not there any more.
    #[cold]
    pub(crate) fn without_frame(rule: Rule) -> Self {
        Self { rule, frame: ptr::null_mut() }
    }

    /// The rule.
    pub fn rule(self) -> Rule {
        self.rule
    }

    /// The frame that was passed; NULL if nothing can be told of it.
    pub fn frame(self) -> *mut _PyInterpreterFrame {
        self.frame
    }
}

/// Why something has not been done.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// A Python exception is set.
    Raised(Raised),
    /// The caller has broken a rule. No exception is set.
    Broken(Broken),
}

impl From<Raised> for Failure {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// Fails unless a rule holds for a frame.
#[inline]
pub(crate) fn require(held: bool, rule: Rule, frame: &Frame<'_>) -> Result<(), Broken> {
    if held { Ok(()) } else { Err(Broken::by(rule, frame)) }
}

/// Fails unless a rule holds that no frame is told of with.
#[inline]
pub(crate) fn require_plainly(held: bool, rule: Rule) -> Result<(), Broken> {
    if held { Ok(()) } else { Err(Broken::without_frame(rule)) }
}
