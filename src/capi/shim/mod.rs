//! `pyframe_shim.h`: what is wrong is an exception.

#[cfg(interpreter_frames)]
mod chunk_cache;
mod runtime;
