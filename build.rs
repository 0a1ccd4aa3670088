//! Builds the parts that depend on the interpreter: the mirrors of its private structures and its opcode tables.
//!
//! Every interpreter that the library cannot be built for is refused here, with a message of [`refusal`].

#[path = "build/interpreter.rs"]
mod interpreter;
#[path = "build/mirrors.rs"]
mod mirrors;
#[path = "build/opcode_tables.rs"]
mod opcode_tables;
#[path = "build/recorded.rs"]
mod recorded;
#[path = "build/refusal.rs"]
mod refusal;

use interpreter::{Frames, Interpreter};
use refusal::Refusal;
use std::process::ExitCode;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("{refusal}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Refusal> {
    for path in ["build.rs", "build", "src/sys", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={path}");
    }
    for variable in ["PYO3_PYTHON", "LIBCLANG_PATH", "LLVM_CONFIG_PATH", "BINDGEN_EXTRA_CLANG_ARGS"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rustc-check-cfg=cfg(interpreter_frames)");
    println!("cargo:rustc-check-cfg=cfg(datastack_cached_chunk)");
    for minor in interpreter::MINORS {
        println!("cargo:rustc-check-cfg=cfg(Py_3_{minor})");
    }

    println!("cargo:rerun-if-env-changed=DOCS_RS");
    if recorded::is_wanted() {
        recorded::build();
        return Ok(());
    }
    let interpreter = Interpreter::find()?;
    println!("cargo:rustc-cfg=Py_3_{}", interpreter.minor);
    interpreter.print_build_info();
    interpreter.print_test_link_arguments();
    if let Frames::Private = interpreter.frames() {
        println!("cargo:rustc-cfg=interpreter_frames");
        interpreter.require_internal_headers()?;
        println!("cargo:rerun-if-changed={}/patchlevel.h", interpreter.include.display());
        if interpreter.declares("cpython/pystate.h", "datastack_cached_chunk") {
            println!("cargo:rustc-cfg=datastack_cached_chunk");
        }
        mirrors::generate(&interpreter)?;
        opcode_tables::compile(&interpreter)?;
    }
    Ok(())
}
