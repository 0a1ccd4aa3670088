//! The interpreter that the library is built for, found as pyo3 finds it, and what it says of itself.

use crate::refusal::Refusal;
use pyo3_build_config::PythonImplementation;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The minors that build; from [`FIRST_PRIVATE`] on with frames, before that to empty opcode tables.
pub const MINORS: std::ops::RangeInclusive<u8> = 9..=15;
const FIRST_PRIVATE: u8 = 11;

/// What there is to build for a minor.
pub enum Frames {
    /// Frames are public objects (3.9, 3.10): nothing to replace.
    Public,
    /// Frames are private structures (3.11 and newer).
    Private,
}

/// One CPython, as it describes itself.
pub struct Interpreter {
    pub minor: u8,
    /// The full version, as `platform.python_version()` spells it.
    pub version: String,
    pub include: PathBuf,
    debug: bool,
    trace_refs: bool,
    stackref_debug: bool,
    library: Option<(PathBuf, String)>,
}

/// What pyo3's configuration does not hold.
const QUESTIONS: &str = "
import platform, sysconfig
ask = sysconfig.get_config_var
print('version', platform.python_version())
print('include', sysconfig.get_path('include'))
print('debug', int(bool(ask('Py_DEBUG'))))
print('trace_refs', int(bool(ask('Py_TRACE_REFS'))))
print('stackref_debug', int(any('Py_STACKREF_DEBUG' in (ask(flags) or '') for flags in ('PY_CFLAGS', 'CONFIG_ARGS'))))
if ask('Py_ENABLE_SHARED'):
    print('libdir', ask('LIBDIR'))
    print('library', 'python' + (ask('LDVERSION') or ask('VERSION')))
";

impl Interpreter {
    /// Asks the interpreter that pyo3 is configured for, and refuses what is not supported.
    pub fn find() -> Result<Self, Refusal> {
        let config = pyo3_build_config::get();
        // The configuration holds `sys.executable`, which is not how a wrapped interpreter is started.
        let python = match std::env::var_os("PYO3_PYTHON") {
            Some(python) => PathBuf::from(python),
            None => config.executable().map(PathBuf::from).ok_or(Refusal::NoInterpreter)?,
        };
        let abi = config.target_abi();
        let found = format!("{} {}", abi.implementation(), abi.version());
        if abi.implementation() != PythonImplementation::CPython {
            return Err(Refusal::Implementation { python, found });
        }
        if abi.version().major != 3 || !MINORS.contains(&abi.version().minor) {
            return Err(Refusal::Minor { python, found });
        }
        if abi.kind().is_free_threaded() {
            return Err(Refusal::FreeThreaded { python, found });
        }
        let is_64_bit = std::env::var("CARGO_CFG_TARGET_POINTER_WIDTH").is_ok_and(|width| width == "64");
        if std::env::var_os("CARGO_CFG_UNIX").is_none() || !is_64_bit {
            let found = std::env::var("TARGET").unwrap_or_default();
            return Err(Refusal::Platform { found });
        }
        let interpreter = Self::ask(&python, abi.version().minor)?;
        if interpreter.trace_refs {
            return Err(Refusal::TraceRefs { python, found });
        }
        if interpreter.stackref_debug {
            return Err(Refusal::StackrefDebug { python, found });
        }
        Ok(interpreter)
    }

    fn ask(python: &Path, minor: u8) -> Result<Self, Refusal> {
        let mute = |why: String| Refusal::Mute { python: python.to_owned(), why };
        let output = Command::new(python).args(["-c", QUESTIONS]).output().map_err(|error| mute(error.to_string()))?;
        if !output.status.success() {
            return Err(mute(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let answers: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        let answer = |key: &str| {
            answers.get(key).map(|&value| value.to_owned()).ok_or_else(|| mute(format!("no answer to '{key}'")))
        };
        let version = answer("version")?;
        if !version.starts_with(&format!("3.{minor}.")) {
            return Err(mute(format!(
                "it is {version}, and pyo3 is configured for 3.{minor} (PYO3_CONFIG_FILE, PYO3_CROSS_...)"
            )));
        }
        Ok(Self {
            minor,
            version,
            include: PathBuf::from(answer("include")?),
            debug: answer("debug")? == "1",
            trace_refs: answer("trace_refs")? == "1",
            stackref_debug: answer("stackref_debug")? == "1",
            library: answer("libdir").ok().zip(answer("library").ok()).map(|(dir, name)| (dir.into(), name)),
        })
    }

    pub fn frames(&self) -> Frames {
        if self.minor >= FIRST_PRIVATE { Frames::Private } else { Frames::Public }
    }

    /// The folders that hold `Python.h` and the internal headers.
    pub fn include_folders(&self) -> [PathBuf; 2] {
        [self.include.clone(), self.include.join("internal")]
    }

    /// Where a distribution puts what its `pyconfig.h` includes for one architecture; to be searched last.
    pub fn include_root(&self) -> PathBuf {
        self.include.parent().unwrap_or(&self.include).to_owned()
    }

    /// Stops the build if the header that declares the frame is not installed.
    pub fn require_internal_headers(&self) -> Result<(), Refusal> {
        for header in ["Python.h", "internal/pycore_frame.h"] {
            let header = self.include.join(header);
            if !header.is_file() {
                return Err(Refusal::NoHeaders { header, minor: self.minor });
            }
        }
        Ok(())
    }

    /// Whether a header has a name that came with a patch release.
    pub fn declares(&self, header: &str, name: &str) -> bool {
        std::fs::read_to_string(self.include.join(header)).is_ok_and(|text| text.contains(name))
    }

    /// What `src/abi.rs` reports and checks at run time.
    pub fn print_build_info(&self) {
        println!("cargo:rustc-env=PYFRAME_SHIM_PYTHON_VERSION={}", self.version);
        println!("cargo:rustc-env=PYFRAME_SHIM_PYTHON_DEBUG={}", u8::from(self.debug));
        println!("cargo:rustc-env=PYFRAME_SHIM_PYTHON_TRACE_REFS={}", u8::from(self.trace_refs));
    }

    /// The Rust tests are programs of their own, so they, and only they, link libpython.
    pub fn print_test_link_arguments(&self) {
        if let Some((folder, name)) = &self.library {
            for argument in
                [format!("-L{}", folder.display()), format!("-l{name}"), format!("-Wl,-rpath,{}", folder.display())]
            {
                println!("cargo:rustc-link-arg-tests={argument}");
            }
        }
    }
}
