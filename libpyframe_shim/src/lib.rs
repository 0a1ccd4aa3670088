//! The static and the shared library: the C symbols of the crate, and nothing else.
//!
//! A crate of their own, because Cargo optimizes nothing across crates, or even across functions that others could call, as
//! long as an rlib is made of the same one.

extern crate pyframe_shim as _;
