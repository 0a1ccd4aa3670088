//! `pyframe_shim.h`: what is wrong is an exception.

#[cfg(interpreter_frames)]
mod arguments;
#[cfg(interpreter_frames)]
pub(crate) mod capsule;
#[cfg(interpreter_frames)]
mod chunk_cache;
#[cfg(interpreter_frames)]
mod code;
#[cfg(interpreter_frames)]
mod hook;
#[cfg(interpreter_frames)]
mod locals;
#[cfg(interpreter_frames)]
mod look;
#[cfg(interpreter_frames)]
mod place;
#[cfg(interpreter_frames)]
mod run;
mod runtime;
#[cfg(interpreter_frames)]
mod sized;
