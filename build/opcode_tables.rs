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
        // The interpreter's headers are not ours to mend. They are no system headers all the same: for those gcc follows
        // the links by which Debian's debug build shares headers with the release build, to the wrong pyconfig.h.
        .warnings(false);
    for folder in interpreter.include_folders() {
        build.include(folder);
    }
    build.flag("-idirafter").flag(interpreter.include_root());
    build.compile("pyframe_shim_opcode_tables");
}
