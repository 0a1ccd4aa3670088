"""The library and the extensions for one interpreter, built when something has changed.

Everything goes to target/<version>: cargo's own output, and out/ with what the tests and the demo use.
"""

import filecmp
import hashlib
import os
import pathlib
import shutil
import tempfile

import cargo
import libclang
import locks
from cargo import ROOT
from console import Failure, Step, run

HEADERS = sorted((ROOT / "include").glob("*.h"))
WARNINGS = ["-Wall", "-Wextra", "-Werror"]

EXTENSIONS = {
    "evalframe": sorted((ROOT / "examples" / "evalframe").glob("*.cpp")),
    "shadow": sorted((ROOT / "tests" / "ext" / "shadow").glob("*.c*")),
    "probe": [*sorted((ROOT / "tests" / "ext" / "probe").glob("*.c")), ROOT / "tests" / "ext" / "failing.c"],
    "api": sorted((ROOT / "tests" / "ext" / "api").glob("*.c")),
    "arenas": [ROOT / "tests" / "ext" / "arenas.c"],
    "oracle": [ROOT / "tests" / "ext" / "oracle.c"],
    "walk": [ROOT / "tests" / "ext" / "walk.c"],
    "mistakes": [ROOT / "tests" / "ext" / "mistakes.c"],
    "templates": [ROOT / "tests" / "ext" / "templates.c"],
}
# Built for `make sanitize` only.
SANITIZE_EXTENSIONS = {"faults": [ROOT / "tests" / "ext" / "faults.c"]}
# Built for `make bench`, and for the test that it compares like with like.
BENCH_EXTENSIONS = {
    "bench": sorted((ROOT / "benches").glob("*.c")),
    "hooks": [ROOT / "benches" / "hooks" / "hooks.c", ROOT / "tests" / "ext" / "shadow" / "frames.c"],
}


def exported():
    """The library's symbols: every name that the headers declare, and the C file's own that they repeat."""
    return (ROOT / "include" / "symbols.txt").read_text().split()


def compiler(variable, *names):
    """The compiler that $CC or $CXX names, or the first that is there."""
    for name in (os.environ.get(variable), *names):
        if name and shutil.which(name.split()[0]):
            return name.split()
    raise Failure(f"no {'C++' if variable == 'CXX' else 'C'} compiler found; apt-get install build-essential")


def stale(output, inputs):
    return not output.exists() or any(path.stat().st_mtime > output.stat().st_mtime for path in inputs)


def files(folder):
    """What is in each file of a folder, but for what Python keeps there, by its path."""
    found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts and path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in found}


# Beyond the C library: what Rust's standard library needs where it is linked statically.
NEEDED = ("gcc_s", "pthread", "dl")


class Build:
    """What is built for one interpreter."""

    folder = ROOT / "target"
    cargo_arguments = ()
    compiler_flags = ()

    def __init__(self, python):
        self.python = python
        self.cargo_target = self.folder / python.name
        self.out = self.cargo_target / "out"
        self.archive = self.out / "libpyframe_shim.a"
        self.shared = self.out / "libpyframe_shim.so"
        # What a client notes down for the loader. It is the name of the installed file too, with no number of the interface in
        # it and no link to it: the interface only grows, and a wheel can hold no links.
        self.soname = f"libpyframe_shim-{python.label}.so"

    def environment(self):
        """What cargo needs to know."""
        return cargo.environment(self.python, self.cargo_target, libclang.ensure())

    def library(self):
        """Build both libraries."""
        environment = self.environment()
        with Step(f"{self.python.name}: building the library"):
            self.rust_archive, shared = cargo.build(self.cargo_arguments, [f"-Wl,-soname,{self.soname}"], environment)
        self.out.mkdir(parents=True, exist_ok=True)
        # By what is in them: where settings change back, cargo brings out what it has kept, older than what is here.
        stamp, made_of = self.out / "made_of", hashlib.sha256(self.rust_archive.read_bytes() + str(exported()).encode()).hexdigest()
        if not self.archive.exists() or not stamp.exists() or stamp.read_text() != made_of:
            stamp.unlink(missing_ok=True)
            try:
                self.make_archive(self.rust_archive)
            except Failure as failure:
                raise Failure(f"{failure}{cargo.settings()}") from None
            stamp.write_text(made_of)
        if not self.shared.exists() or not filecmp.cmp(shared, self.shared, shallow=False):
            self.shared.unlink(missing_ok=True)  # a process that has loaded it keeps what it has
            shutil.copy2(shared, self.shared)
        return self

    def make_archive(self, rust_archive):
        """One object with the exported symbols, from Rust's archive of hundreds.

        Everything else in it becomes local, Rust's own runtime too, so that it links beside any other Rust library.
        """
        names, merged = exported(), self.out / "pyframe_shim.o"
        roots = [f"--undefined={name}" for name in names]
        # By name: what plain `ld` is can be chosen, and other linkers cannot do this.
        linker = "ld.bfd" if shutil.which("ld.bfd") else "ld"
        # Section groups have to go: the linker would keep one of ours, whose name is local, and drop a like-named one of
        # another Rust library.
        merge = [linker, "-r", "--gc-sections", "--force-group-allocation", *roots, "-o", str(merged), str(rust_archive)]
        run(merge, "merging the static library")
        keep = [f"--keep-global-symbol={name}" for name in names]
        sections = [f"--remove-section={name}" for name in (".llvmbc", ".llvmcmd")]
        run(["objcopy", *keep, *sections, "--strip-debug", "--strip-unneeded", str(merged)], "localizing its symbols")
        self.archive.unlink(missing_ok=True)
        run(["ar", "rcs", str(self.archive), str(merged)], "archiving it")

    def includes(self):
        return [
            f"-I{ROOT / 'include'}",
            *(f"-isystem{folder}" for folder in (self.python.include, self.python.include / "internal")),
            # What a distribution's pyconfig.h includes for one architecture.
            f"-idirafter{self.python.include.parent}",
            # First: Debian's headers of a debug build are links to those of the release build, and gcc, which follows links
            # from system folders, would find the pyconfig.h there.
            "-include",
            str(self.python.include / "pyconfig.h"),
        ]

    def extension(self, name):
        """Build one of the extensions into out/, linked with the static library."""
        sources = {**EXTENSIONS, **SANITIZE_EXTENSIONS, **BENCH_EXTENSIONS}[name]
        output = self.out / f"{name}{self.python.suffix}"
        local = [path for folder in {ROOT / "tests" / "ext", *(source.parent for source in sources)} for path in folder.glob("*.h")]
        if not stale(output, [*sources, *local, *HEADERS, self.archive]):
            return
        objects = self.out / "objects"
        objects.mkdir(exist_ok=True)
        linked, linker = [], compiler("CC", "cc", "gcc", "clang")
        with Step(f"{self.python.name}: building the extension {name}"):
            for source in sources:
                if source.suffix == ".c":
                    command = [*compiler("CC", "cc", "gcc", "clang"), "-std=c11"]
                else:
                    command = [*compiler("CXX", "c++", "g++", "clang++"), "-std=c++17"]
                    linker = command[:-1]
                target = objects / f"{name}-{source.name}.o"
                flags = ["-O2", "-g", "-fPIC", "-fvisibility=hidden", "-Wno-missing-field-initializers", *self.compiler_flags]
                run([*command, *WARNINGS, *flags, *self.includes(), "-c", str(source), "-o", str(target)], f"compiling {source.name}")
                linked.append(str(target))
            # An extension has no business to offer the library's symbols to others.
            hide = ["-Wl,--exclude-libs,ALL"]
            run([*linker, *self.compiler_flags, "-shared", *hide, *linked, str(self.archive), "-o", str(output)], f"linking {name}")

    def package(self):
        """Build the Python package's module, and put it with the package's files into a folder, as if it were installed there."""
        with Step(f"{self.python.name}: building the package's module"):
            module = cargo.build_module(self.environment())
        folder = self.out / "package"
        # Several processes that run tests may want it at once, or use it.
        with locks.alone(self.out / "package.lock"), tempfile.TemporaryDirectory(dir=self.out) as place:
            fresh = pathlib.Path(place) / "package"
            shutil.copytree(ROOT / "python" / "pyframe_shim", fresh / "pyframe_shim", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy2(ROOT / "python" / "_pyframe_shim_start.py", fresh)
            shutil.copy2(module, fresh / "pyframe_shim" / f"_native{self.python.suffix}")
            if files(fresh) != files(folder):
                shutil.rmtree(folder, ignore_errors=True)
                fresh.rename(folder)
        return folder

    def run_python(self, arguments, **options):
        """The command line and environment that run a program with the extensions at hand."""
        environment = {**os.environ, "PYTHONPATH": str(self.out), **options}
        return [self.python.path, *arguments], environment
