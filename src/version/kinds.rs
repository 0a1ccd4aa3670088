//! What each minor numbers in its own way.

/// What keeps an interpreter frame's memory (`enum _frameowner`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The data stack of a thread.
    Thread,
    /// The generator, coroutine or async generator that embeds it.
    Generator,
    /// The frame object that took it over.
    FrameObject,
    /// The interpreter's C stack (3.12+): an entry frame, most of whose fields are not set.
    Interpreter,
    /// None: it has been cleared, and waits to be popped; or it is a dead frame object's own data.
    Cleared,
}

/// How far a generator has come (`enum _framestate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneratorState {
    /// It has not begun, or waits to be asked for the next value.
    Waiting,
    /// A thread runs it.
    Executing,
    /// It is at its end, and its frame is still to be cleared. 3.15 has no such state.
    #[cfg_attr(Py_3_15, expect(dead_code))]
    Completed,
    /// It is at its end, and its frame has been cleared or is being cleared.
    Cleared,
}
