"""Clients in C and C++, compiled against what `make install` puts down: every minor's in one place."""

import pathlib
import re
import subprocess
import tempfile

from support import BUILDS, KINDS, ROOT, WARNINGS, InstalledTest, call, compiler, install, module_name, python_includes, run

SOURCES = {"client.c": ("CC", ("cc", "gcc", "clang"), "-std=c11"), "client.cpp": ("CXX", ("c++", "g++", "clang++"), "-std=c++17")}


class Clients(InstalledTest):
    def command(self, build, source, *arguments, python=None):
        """Compile a client with the flags of a build, against its Python's headers or another's."""
        variable, names, standard = SOURCES[source]
        return [
            *compiler(variable, *names),
            standard,
            *WARNINGS,
            "-fPIC",
            *self.flags(build, "--cflags"),
            *python_includes(python or build),
            ROOT / "tests" / "clients" / source,
            *arguments,
        ]

    def test_clients_link_either_library(self):
        for build in BUILDS:
            for source in SOURCES:
                for kind in KINDS:
                    with self.subTest(python=build.python.name, source=source, kind=kind), tempfile.TemporaryDirectory() as folder:
                        module = pathlib.Path(folder) / module_name(build, "client")
                        # All that the client's author has to know is the name of the package.
                        run(self.command(build, source, "-shared", *self.flags(build, "--libs", kind=kind), "-o", module))
                        self.assertEqual(call(build, folder, "m.use()"), build.python.version)
                        needed = re.findall(r"\(NEEDED\).*\[(libpyframe.+?)\]", run(["readelf", "-d", module]))
                        self.assertEqual(needed, [f"libpyframe_shim-{build.python.label}.so"] if kind == "shared" else [])

    def test_what_is_installed(self):
        """Every minor's, each in its own place, whichever was installed last."""
        expected = []
        for build in BUILDS:
            label = build.python.label
            cmake = f"lib/cmake/PyFrameShim-{label}/PyFrameShimConfig"
            expected += [f"include/pyframe-shim-{label}/{name}.h" for name in ("cpython_defs", "pyframe_shim", "pyframe_shim_capsule")]
            expected += [f"{cmake}.cmake", f"{cmake}Version.cmake", f"lib/libpyframe_shim-{label}.a", f"lib/libpyframe_shim-{label}.so"]
            expected += [f"lib/pkgconfig/pyframe-shim-{label}{kind}.pc" for kind in KINDS.values()]
        files = [str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if path.is_file()]
        self.assertEqual(sorted(files), sorted(expected))
        for build in BUILDS:
            shared = self.prefix / "lib" / f"libpyframe_shim-{build.python.label}.so"
            self.assertIn(f"[{shared.name}]", next(line for line in run(["readelf", "-d", shared]).splitlines() if "SONAME" in line))

    def test_a_distribution_gets_no_path_for_the_loader(self):
        with tempfile.TemporaryDirectory() as folder:
            install(BUILDS[0], "/usr", DESTDIR=folder)
            (file,) = pathlib.Path(folder).glob(f"usr/lib/pkgconfig/*-{BUILDS[0].python.label}.pc")
            self.assertNotIn("rpath", file.read_text())
            self.assertNotIn(folder, file.read_text())

    def test_headers_in_another_minor(self):
        """A sentence for each pair of headers, and of Python's own kinds."""
        sentence = "these headers of pyframe-shim are for CPython {} with the GIL, and this Python.h is of another Python"
        for build in BUILDS:
            others = [([], other) for other in BUILDS if other.python.minor != build.python.minor]
            for defines, python in (*others, (["-DPy_GIL_DISABLED"], build), (["-DPy_TRACE_REFS"], build)):
                for source in SOURCES:
                    with self.subTest(built=build.python.name, python=python.python.name, defines=defines, source=source):
                        command = self.command(build, source, "-fsyntax-only", *defines, python=python)
                        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                        self.assertNotEqual(done.returncode, 0)
                        self.assertIn(sentence.format(build.python.minor), done.stderr)

    def test_the_limited_api(self):
        for build in BUILDS:
            for source in SOURCES:
                command = self.command(build, source, "-fsyntax-only", "-DPy_LIMITED_API=0x030B0000")
                done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0)
                first = next(line for line in done.stderr.splitlines() if "error" in line)
                self.assertIn("compile without Py_LIMITED_API", first)

    def test_headers_pull_in_no_internal_header(self):
        for build in BUILDS:
            for source, (variable, names, standard) in SOURCES.items():
                command = [*compiler(variable, *names), standard, "-M", "-I", ROOT / "include", *python_includes(build)]
                read = run([*command, ROOT / "tests" / "clients" / source])
                self.assertNotIn("/internal/", read)
                self.assertIn("cpython_defs.h", read)
