//! The static and the shared library: the C symbols of the crate, and nothing else.
//!
//! The functions are in the crate `pyframe-shim`. An rlib is made of that crate too, and then Cargo does no link-time optimization:
//! so the libraries are made of this one.

extern crate pyframe_shim as _;
