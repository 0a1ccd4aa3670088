//! `cpython_defs.h`: the C file's own names. What of the contract is broken ends the process.

#[cfg(interpreter_frames)]
mod arguments;
#[cfg(interpreter_frames)]
mod datastack;
#[cfg(interpreter_frames)]
mod end;
#[cfg(interpreter_frames)]
mod frame_object;
#[cfg(interpreter_frames)]
mod function;
#[cfg(interpreter_frames)]
mod locals;
mod opcodes;

#[cfg(interpreter_frames)]
pub(super) use end::end_without_frame;
