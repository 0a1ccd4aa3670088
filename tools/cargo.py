"""The two libraries, built by cargo, and where it says that they are: its settings may have it put them anywhere.

Those settings are the environment's and the configuration files' (`[build] target`). They are the user's to make; what must
not follow from them is that another build's files are taken for this one's.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

from console import Failure

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Not `cargo build`: the linker is told the name that clients note down for the loader.
COMMAND = ["cargo", "rustc", "--package", "libpyframe_shim", "--lib", "--release", "--locked"]
MESSAGES = "--message-format=json-render-diagnostics"
# What names or describes an interpreter to pyo3 and to maturin.
OTHERS = ("PYO3_", "UNSAFE_PYO3_")
REACHING = re.compile(
    r"(CARGO_(BUILD|PROFILE|TARGET(?!_DIR)|ENCODED)_\w+|RUST(FLAGS|C|C_WRAPPER|UP_TOOLCHAIN)|((HOST|TARGET)_)?(CC|CFLAGS|AR|ARFLAGS)(_[\w-]+)?"
    r"|CPATH|C_INCLUDE_PATH|LIBRARY_PATH|COMPILER_PATH|GCC_EXEC_PREFIX|LD_RUN_PATH|LDEMULATION|BINDGEN_EXTRA_CLANG_ARGS)"
)


def settings():
    """A line about what of the environment reaches the compilers and the linker; empty if nothing does."""
    found = [f"{name}={value!r}" for name, value in sorted(os.environ.items()) if REACHING.fullmatch(name) and value]
    return f"\nof the environment, these reach the compilers: {', '.join(found)}; try without" if found else ""


def environment(python, target, libclang):
    """What cargo needs to know. The interpreter is named: whatever else pyo3 would look at is another answer to that."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    return {**kept, "PYO3_PYTHON": python.path, "CARGO_TARGET_DIR": str(target), "LIBCLANG_PATH": libclang}


def build(arguments, linker_arguments, environment):
    """Build; the paths of the static and the shared library."""
    linker = [word for argument in linker_arguments for word in ("-C", f"link-arg={argument}")]
    command = [*COMMAND, *arguments, MESSAGES, "--", *linker]
    files = built(command, environment, ROOT / "libpyframe_shim")
    found = [[path for path in files if path.endswith(suffix)] for suffix in (".a", ".so")]
    if [len(paths) for paths in found] != [1, 1]:
        told = ", ".join(files) or "nothing"
        raise Failure(f"cargo was to build one static and one shared library, and has built {told}{settings()}")
    return [pathlib.Path(path) for (path,) in found]


def build_module(environment):
    """Build the module of the Python package; its path."""
    command = ["cargo", "build", "--package", "pyframe-shim-native", "--release", "--locked", MESSAGES]
    files = built(command, environment, ROOT / "python" / "native")
    if len(files) != 1:
        raise Failure(f"cargo was to build one module, and has built {', '.join(files) or 'nothing'}{settings()}")
    return pathlib.Path(files[0])


def built(command, environment, package):
    """The files of the libraries that cargo has made of one of our packages, which lies in a folder."""
    if not shutil.which("cargo"):
        raise Failure("no cargo found; install Rust 1.87 or newer (https://rustup.rs, or your system's packages)")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Failure(f"cargo {command[1]} failed (exit {done.returncode}):\n{done.stderr.rstrip()}{settings()}")
    messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    ours = str(package / "Cargo.toml")
    artifacts = (message for message in messages if message.get("reason") == "compiler-artifact" and message["manifest_path"] == ours)
    return [path for message in artifacts if "cdylib" in message["target"]["kind"] for path in message["filenames"]]
