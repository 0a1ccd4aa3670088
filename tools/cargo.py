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
    if not shutil.which("cargo"):
        raise Failure("no cargo found; install Rust 1.87 or newer (https://rustup.rs, or your system's packages)")
    linker = [word for argument in linker_arguments for word in ("-C", f"link-arg={argument}")]
    command = [*COMMAND, *arguments, "--message-format=json-render-diagnostics", "--", *linker]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Failure(f"cargo rustc failed (exit {done.returncode}):\n{done.stderr.rstrip()}{settings()}")
    files = [path for artifact in artifacts(done.stdout) for path in artifact["filenames"]]
    found = [[path for path in files if path.endswith(suffix)] for suffix in (".a", ".so")]
    if [len(paths) for paths in found] != [1, 1]:
        told = ", ".join(files) or "nothing"
        raise Failure(f"cargo was to build one static and one shared library, and has built {told}{settings()}")
    return [pathlib.Path(path) for (path,) in found]


def artifacts(output):
    """What cargo says of our own library."""
    for line in output.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") == "compiler-artifact" and "cdylib" in message["target"]["kind"]:
            if message["manifest_path"] == str(ROOT / "libpyframe_shim" / "Cargo.toml"):
                yield message
