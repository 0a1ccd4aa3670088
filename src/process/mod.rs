//! What the system knows of this process: its memory, and the libraries in it.

mod mapped;
mod resident;

pub(crate) use mapped::is_mapped;
pub(crate) use resident::stay_loaded;
