//! The opcode tables, compiled from the interpreter's own header under names of the project's own.

use crate::interpreter::Interpreter;
use crate::refusal::Refusal;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = "src/sys/opcode_tables.c";
const LIBRARY: &str = "pyframe_shim_opcode_tables";

/// How this file is compiled, whatever `CFLAGS` asks for: it goes to Rust's linker and to ours, which know neither gcc's
/// intermediate code nor the libraries of its instruments.
const FLAGS: [&str; 6] =
    ["-std=c11", "-fno-lto", "-fPIC", "-fvisibility=hidden", "-fdata-sections", "-ffunction-sections"];

/// Compiles `src/sys/opcode_tables.c` into the library.
pub fn compile(interpreter: &Interpreter) -> Result<(), Refusal> {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let (object, archive) = (folder.join("opcode_tables.o"), folder.join(format!("lib{LIBRARY}.a")));
    let build = description(interpreter);
    let compiler = build.try_get_compiler().map_err(|error| Refusal::Compiler { why: error.to_string() })?;
    run(without_instruments(&compiler.to_command()).args(FLAGS).args(["-c", SOURCE, "-o"]).arg(&object))?;
    // By ourselves too: ARFLAGS as make has them ("rv") would be an archive's name to ar, where cc puts them.
    let _ = std::fs::remove_file(&archive);
    run(Command::new(build.get_archiver().get_program()).arg("crs").arg(&archive).arg(&object))?;
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-link-lib=static={LIBRARY}");
    Ok(())
}

/// The command without what the environment asks of code: link-time optimization, profiles, sanitizers and their like. What
/// it says of the machine and of folders stays.
fn without_instruments(command: &Command) -> Command {
    let of_code = |argument: &&OsStr| {
        let text = argument.to_string_lossy();
        text.starts_with("-f") || text.starts_with("-g") || ["-p", "-pg", "--coverage"].contains(&&*text)
    };
    let mut kept = Command::new(command.get_program());
    kept.args(command.get_args().filter(|argument| !of_code(argument)));
    kept.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    kept
}

fn description(interpreter: &Interpreter) -> cc::Build {
    let mut build = cc::Build::new();
    build
        // The interpreter's headers are not ours to mend. They are no system headers all the same: for those gcc follows
        // the links by which Debian's debug build shares headers with the release build, to the wrong pyconfig.h.
        .warnings(false);
    for folder in interpreter.include_folders() {
        build.include(folder);
    }
    build.flag("-idirafter").flag(interpreter.include_root());
    build
}

fn run(command: &mut Command) -> Result<(), Refusal> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.output().map_err(|error| Refusal::Compiler { why: format!("{name}: {error}") })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Refusal::Compiler { why: format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()) })
}
