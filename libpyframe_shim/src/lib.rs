//! The static and the shared library: the C symbols of the crate, and nothing else.
//!
//! The functions are in the crate `pyframe-shim`. Cargo makes an rlib of that crate, and does no link-time optimization where
//! it makes one. So the libraries are made of this crate.

extern crate pyframe_shim as _;
