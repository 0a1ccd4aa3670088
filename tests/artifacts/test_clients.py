"""Clients in C and C++, compiled against what `make install` puts down."""

import os
import pathlib
import sys
import tempfile
import unittest

from support import BUILDS, ROOT, WARNINGS, call, compiler, module_name, python_includes, run

SOURCES = {"client.c": ("CC", ("cc", "gcc", "clang"), "-std=c11"), "client.cpp": ("CXX", ("c++", "g++", "clang++"), "-std=c++17")}


class Clients(unittest.TestCase):
    def installed(self, build, folder):
        environment = {**os.environ, "PYTHON": build.python.path, "PREFIX": str(folder)}
        run([sys.executable, ROOT / "tools" / "install.py"], env=environment)
        return folder

    def flags(self, prefix, *arguments):
        search = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
        return run(["pkg-config", *arguments, "pyframe-shim"], env=search).split()

    def compile(self, build, prefix, source, arguments):
        variable, names, standard = SOURCES[source]
        module = prefix / module_name(build, "client")
        run(
            [*compiler(variable, *names), standard, *WARNINGS, "-shared", "-fPIC", *self.flags(prefix, "--cflags")]
            + [*python_includes(build), ROOT / "tests" / "clients" / source, *arguments, "-o", module]
        )

    def test_clients_link_either_library(self):
        for build in BUILDS:
            with tempfile.TemporaryDirectory() as folder:
                prefix = self.installed(build, pathlib.Path(folder))
                shared = [*self.flags(prefix, "--libs"), f"-Wl,-rpath,{prefix / 'lib'}"]
                static = [prefix / "lib" / "libpyframe_shim.a"]
                for source in SOURCES:
                    for how, arguments in (("shared", shared), ("static", static)):
                        with self.subTest(source=source, how=how):
                            self.compile(build, prefix, source, arguments)
                            self.assertEqual(call(build, prefix, "m.use()"), build.python.version)

    def test_what_is_installed(self):
        for build in BUILDS:
            with tempfile.TemporaryDirectory() as folder:
                prefix = self.installed(build, pathlib.Path(folder))
                files = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file())
                self.assertEqual(
                    files,
                    ["include/cpython_defs.h", "include/pyframe_shim.h"]
                    + ["lib/cmake/PyFrameShim/PyFrameShimConfig.cmake", "lib/cmake/PyFrameShim/PyFrameShimConfigVersion.cmake"]
                    + ["lib/libpyframe_shim.a", "lib/libpyframe_shim.so", "lib/pkgconfig/pyframe-shim.pc"],
                )
                self.assertIn("-lpthread", self.flags(prefix, "--libs", "--static"))

    def test_headers_pull_in_no_internal_header(self):
        for build in BUILDS:
            for source, (variable, names, standard) in SOURCES.items():
                command = [*compiler(variable, *names), standard, "-M", "-I", ROOT / "include", *python_includes(build)]
                read = run([*command, ROOT / "tests" / "clients" / source])
                self.assertNotIn("/internal/", read)
                self.assertIn("cpython_defs.h", read)
