//! The mirrors of the private structures, made by bindgen from the interpreter's own headers.

use crate::interpreter::Interpreter;
use crate::refusal::Refusal;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is mirrored: the structures that pyo3-ffi leaves opaque or out.
const TYPES: [&str; 10] = [
    "_PyInterpreterFrame",
    "_PyStackChunk",
    "PyFrameObject",
    "PyCodeObject",
    "PyFunctionObject",
    "PyGenObject",
    "PyThreadState",
    "_Py_CODEUNIT",
    "PyDictObject",
    "PyDictUnicodeEntry",
];

/// What is mirrored from CPython 3.15 on: what of a thread state lies behind the public part.
const TYPES_SINCE_3_15: [&str; 1] = ["_PyThreadStateImpl"];

/// What pyo3-ffi has already, under the names that the headers use.
const BORROWED: &str = "
use pyo3_ffi::{PyObject, PyTypeObject, PyVarObject, PyInterpreterState, Py_ssize_t, Py_tracefunc, vectorcallfunc};
#[allow(non_camel_case_types)] type _object = PyObject;
";

const BORROWED_NAMES: &str = "PyObject|_object|PyTypeObject|_typeobject|PyVarObject|PyInterpreterState|_is|Py_ssize_t|Py_tracefunc|vectorcallfunc";

/// What the type object would bring along: the slots that no frame holds.
const SLOTS: &str = "\\w*func|\\w*proc|Py(Number|Sequence|Mapping|Async)Methods|PyBufferProcs|Py_buffer|PySendResult|\
                     Py(Method|GetSet|Member)Def|PyCFunction|getter|setter|inquiry|destructor|Py_hash_t|_object__.*";

/// Writes `mirrors.rs` into `OUT_DIR`.
pub fn generate(interpreter: &Interpreter) -> Result<(), Refusal> {
    require_libclang()?;
    let header = "src/sys/internals.h";
    let unreadable = |why: String| Refusal::Unreadable {
        header: interpreter.include.join("Python.h"),
        why: why.trim().trim_start_matches("clang diagnosed error: ").to_owned(),
    };
    let newer: &[&str] = if interpreter.minor >= 15 { &TYPES_SINCE_3_15 } else { &[] };
    let mut builder = bindgen::Builder::default()
        .header(header)
        .use_core()
        .allowlist_var("COPY_FREE_VARS|MAKE_CELL|EXTENDED_ARG|RESUME|ENTER_EXECUTOR|CO_FAST_.*|CO_OPTIMIZED|CO_VARARGS|CO_VARKEYWORDS|CO_(ASYNC_)?GENERATOR|CO_COROUTINE")
        .allowlist_type([&TYPES, newer].concat().join("|"))
        .allowlist_type("_frameowner|_framestate|DictKeysKind")
        .blocklist_type(BORROWED_NAMES)
        // Left out as well, but its hundreds of fields' types would not be.
        .opaque_type("_is")
        .blocklist_type(SLOTS)
        .derive_copy(false)
        .derive_debug(false)
        .generate_comments(false)
        .layout_tests(true)
        .wrap_unsafe_ops(true)
        .raw_line(BORROWED)
        .rust_edition(bindgen::RustEdition::Edition2024)
        .formatter(bindgen::Formatter::None);
    for folder in interpreter.include_folders() {
        builder = builder.clang_arg(format!("-I{}", folder.display()));
    }
    builder = builder.clang_arg(format!("-idirafter{}", interpreter.include_root().display()));
    // libclang as PyPI ships it has no headers of its own (stddef.h and its like); the C compiler's then serve.
    if let Some(folder) = compiler_headers() {
        builder = builder.clang_arg(format!("-idirafter{}", folder.display()));
    }
    let bindings = builder.generate().map_err(|error| unreadable(error.to_string()))?;
    let file = Path::new(&std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("mirrors.rs");
    bindings.write_to_file(&file).map_err(|error| unreadable(format!("{}: {error}", file.display())))
}

/// bindgen panics where libclang is missing; that panic becomes a refusal.
fn require_libclang() -> Result<(), Refusal> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let loaded = std::panic::catch_unwind(bindgen::clang_version);
    std::panic::set_hook(hook);
    loaded.map(|_| ()).map_err(|panic| {
        let why = panic.downcast_ref::<String>().map_or("it could not be loaded", String::as_str);
        Refusal::NoLibclang { why: why.lines().next().unwrap_or_default().to_owned() }
    })
}

fn compiler_headers() -> Option<PathBuf> {
    let compiler = cc::Build::new().cargo_metadata(false).try_get_compiler().ok()?;
    let output = Command::new(compiler.path()).arg("-print-file-name=include").output().ok()?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    // A compiler that does not know the folder repeats the question.
    (folder.is_absolute() && folder.is_dir()).then_some(folder)
}
