//! How a frame is taken over.

/// What a client can ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The client has had the locals merged into `f_locals`: the mapping of optimized code goes.
    pub locals_merged: bool,
    /// Where it is allowed to evaluate the code.
    pub place: Place,
}

/// Where other code is evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In the frame itself, or in a shadow frame where that cannot be.
    #[default]
    Anywhere,
    /// In the frame itself, or not at all.
    InPlace,
    /// In a shadow frame.
    Shadow,
}
