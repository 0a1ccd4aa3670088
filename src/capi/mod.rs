//! The C symbols: pointer checks, one call, an error code. What they do is told where the work is done; what a C
//! caller has to know stands in `include/`.

#[cfg(interpreter_frames)]
pub(crate) mod counters;
mod dropin;
mod shim;

#[cfg(interpreter_frames)]
pub use shim::capsule::c_functions;
