//! What docs.rs builds: the documentation, for one minor, from mirrors that were recorded. There may be no interpreter with headers
//! there. Nothing that is built so can be linked: the opcode tables are missing.

use std::path::Path;

/// What the mirrors in `build/recorded` were made from.
const VERSION: &str = "3.13.0";

/// Whether this is docs.rs, which says so.
pub fn is_wanted() -> bool {
    std::env::var_os("DOCS_RS").is_some()
}

/// Puts the mirrors where they would have been made.
pub fn build() {
    println!("cargo:rustc-cfg=Py_3_13");
    println!("cargo:rustc-cfg=interpreter_frames");
    println!("cargo:rustc-env=PYFRAME_SHIM_PYTHON_VERSION={VERSION}");
    println!("cargo:rustc-env=PYFRAME_SHIM_PYTHON_DEBUG=0");
    println!("cargo:rustc-env=PYFRAME_SHIM_PYTHON_TRACE_REFS=0");
    let file = Path::new(&std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("mirrors.rs");
    std::fs::copy("build/recorded/mirrors.rs.in", file)
        .expect("the crate holds the mirrors, and OUT_DIR can be written");
}
