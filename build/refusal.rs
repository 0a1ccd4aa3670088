//! The messages for what cannot be built: what was found, what is needed, the command that mends it.

use std::fmt;
use std::path::PathBuf;

/// Why the build stops.
pub enum Refusal {
    /// The configuration names no interpreter that could be asked (a cross build).
    NoInterpreter,
    /// The interpreter was named, but did not answer, or not as pyo3 was told.
    Mute { python: PathBuf, why: String },
    /// Another implementation than CPython.
    Implementation { python: PathBuf, found: String },
    /// A CPython minor outside the supported range.
    Minor { python: PathBuf, found: String },
    /// A build without the global interpreter lock.
    FreeThreaded { python: PathBuf, found: String },
    /// A build whose objects are all linked with each other.
    TraceRefs { python: PathBuf, found: String },
    /// A build whose frames hold no pointers, but numbers that are looked up (`Py_STACKREF_DEBUG`, 3.14 and newer).
    StackrefDebug { python: PathBuf, found: String },
    /// An operating system that the library has not been ported to.
    Platform { found: String },
    /// The interpreter is there, its internal headers are not.
    NoHeaders { header: PathBuf, minor: u8 },
    /// libclang, which reads the headers, is not there.
    NoLibclang { why: String },
    /// libclang is there, but could not read the headers.
    Unreadable { header: PathBuf, why: String },
    /// The C compiler, or the archiver, is not there or did not do its work.
    Compiler { why: String },
}

const NEEDED: &str = "CPython 3.11 to 3.15 with the GIL, without Py_TRACE_REFS and Py_STACKREF_DEBUG (3.9 and 3.10 build to empty opcode tables)";
const CHOOSE: &str = "PYO3_PYTHON=/path/to/python3.13 cargo build --release";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, needed, mend): (String, String, String) = match self {
            Self::NoInterpreter => ("no Python interpreter".into(), NEEDED.into(), CHOOSE.into()),
            Self::Mute { python, why } => {
                (format!("{}, which did not answer as it should: {why}", python.display()), NEEDED.into(), CHOOSE.into())
            }
            Self::Implementation { python, found } | Self::Minor { python, found } => {
                (format!("{found} ({})", python.display()), NEEDED.into(), CHOOSE.into())
            }
            Self::FreeThreaded { python, found } => {
                (format!("the free-threaded build of {found} ({})", python.display()), NEEDED.into(), CHOOSE.into())
            }
            Self::TraceRefs { python, found } => {
                (format!("the Py_TRACE_REFS build of {found} ({})", python.display()), NEEDED.into(), CHOOSE.into())
            }
            Self::StackrefDebug { python, found } => {
                (format!("the Py_STACKREF_DEBUG build of {found} ({})", python.display()), NEEDED.into(), CHOOSE.into())
            }
            Self::Platform { found } => (
                format!("the target {found}"),
                "a 64-bit Linux or another 64-bit Unix, where the interpreter itself runs".into(),
                "build on the machine that will run the extension".into(),
            ),
            Self::NoHeaders { header, minor } => (
                format!("no {}", header.display()),
                format!("the headers of CPython 3.{minor}, the internal ones among them"),
                format!("apt-get install python3.{minor}-dev (or the same package of your system)"),
            ),
            Self::NoLibclang { why } => (
                format!("no libclang: {why}"),
                "libclang 6 or newer, which reads the interpreter's headers".into(),
                "apt-get install libclang-dev, or without root: python3 -m pip install --target .tools/libclang \
                 libclang && export LIBCLANG_PATH=$PWD/.tools/libclang/clang/native"
                    .into(),
            ),
            Self::Unreadable { header, why } => (
                format!("{}, which libclang cannot read: {why}", header.display()),
                "headers that belong to the interpreter, and a C compiler's own headers".into(),
                "apt-get install gcc libc6-dev (or the same packages of your system)".into(),
            ),
            Self::Compiler { why } => (
                format!("a C compiler or archiver that fails: {why}"),
                "a C compiler for the target, with its archiver".into(),
                "apt-get install build-essential (or the same package of your system), or CC=... AR=... cargo build --release; \
                 CFLAGS reach it too"
                    .into(),
            ),
        };
        write!(f, "pyframe-shim cannot be built here.\n  found:  {found}\n  needed: {needed}\n  mend:   {mend}")
    }
}
