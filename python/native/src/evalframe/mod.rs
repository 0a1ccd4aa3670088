//! Hooks of frame evaluation for Python: `pyframe_shim.evalframe`.
//!
//! A hook asks a callback about each fresh frame. What it is asked about can be chosen by code object: the choice is kept with
//! the code, and the frames of other code pass by it.

mod answer;
mod asker;
mod hook;
mod verdict;
mod view;

pub(crate) use hook::{install, new_type as new_hook_type, remove_all};
pub(crate) use view::{new_type as new_frame_type, values_of_caller};
