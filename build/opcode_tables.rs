//! The opcode tables, compiled from the interpreter's own header under names of the project's own.

use crate::interpreter::Interpreter;

/// Compiles `src/sys/opcode_tables.c` into the library.
pub fn compile(interpreter: &Interpreter) {
    let mut build = cc::Build::new();
    build
        .file("src/sys/opcode_tables.c")
        .std("c11")
        .flag("-fvisibility=hidden")
        .flag("-fdata-sections")
        .flag("-ffunction-sections")
        // Only the project's own lines are held to its warnings, not the interpreter's headers.
        .warnings(false);
    for folder in interpreter.include_folders() {
        build.flag("-isystem").flag(folder);
    }
    build.flag("-idirafter").flag(interpreter.include_root());
    build.compile("pyframe_shim_opcode_tables");
}
