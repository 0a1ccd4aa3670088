"""`make install` under settings of the environment that packagers make: what is installed can be used, and is what was just built."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import BUILDS, ROOT, call, compiler, module_name, python_includes, run

# A target folder of its own: the other tests look at what was built without these settings.
TARGET = ROOT / "target" / "settings"
INSTALL = """
import pathlib, sys
tools, target = sys.argv[1:]
sys.path.insert(0, tools)
import builds, console, install
builds.Build.folder = pathlib.Path(target)
console.main(install.install)
"""
SLIM, FAT = "-O2 -g3 -flto", "-O2 -flto=auto -ffat-lto-objects"
# What a compiler adds to a file for tools that the library is not linked with.
INSTRUMENTED = "-fsanitize=address,undefined -fprofile-generate --coverage -finstrument-functions"


def host():
    return next(line.split()[1] for line in run(["rustc", "-vV"]).splitlines() if line.startswith("host:"))


class Settings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))

    def install(self, build, prefix, **settings):
        environment = {**os.environ, "PYTHON": build.python.path, "PREFIX": str(prefix), **settings}
        command = [sys.executable, "-c", INSTALL, ROOT / "tools", TARGET]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=900)

    def installed(self, build, built, **settings):
        """Install, and use it: a client by itself, and one that needs the shared library, which must be the file just built."""
        prefix = self.folder / "prefix"
        shutil.rmtree(prefix, ignore_errors=True)
        done = self.install(build, prefix, **settings)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        label = build.python.label
        shared = prefix / "lib" / f"libpyframe_shim-{label}.so"
        self.assertEqual(shared.read_bytes(), (TARGET / build.python.name / built / "libpyframe_shim.so").read_bytes())
        for library in ([prefix / "lib" / f"libpyframe_shim-{label}.a"], [shared, f"-Wl,-rpath,{shared.parent}"]):
            module = self.folder / module_name(build, "client")
            include = prefix / "include" / f"pyframe-shim-{label}"
            command = [*compiler("CC", "cc", "gcc", "clang"), "-shared", "-fPIC", "-I", include, *python_includes(build)]
            run([*command, ROOT / "tests" / "clients" / "client.c", *library, "-o", module])
            self.assertEqual(call(build, self.folder, "m.use()"), build.python.version)

    def test_settings_and_back(self):
        """The folders of two settings: cargo has both builds when it is asked a second time, and each is installed in its turn."""
        build, target = BUILDS[-1], host()
        settings = {
            "CFLAGS": f"{SLIM} {INSTRUMENTED} -fvisibility=default",
            "LDFLAGS": "-flto -Wl,-z,now -Wl,-z,defs",
            "ARFLAGS": "rv",
            "RUSTFLAGS": "-C link-arg=-Wl,-z,now -C target-cpu=native",
            "CARGO_BUILD_TARGET": target,
            "CARGO_TARGET_DIR": str(self.folder / "elsewhere"),
            "CARGO_PROFILE_RELEASE_DEBUG": "1",
            "PYO3_CONFIG_FILE": "/no/such/file",
            "PYO3_CROSS_PYTHON_VERSION": "3.9",
        }
        self.installed(build, "release")
        self.installed(build, f"{target}/release", **settings)
        self.installed(build, "release")

    def test_other_ways_to_set_flags(self):
        build = BUILDS[0]
        ours = host().replace("-", "_")
        settings = {f"CFLAGS_{ours}": FAT, "HOST_CFLAGS": "-std=c89 -Wpedantic -Werror", "CARGO_PROFILE_RELEASE_STRIP": "symbols"}
        self.installed(build, "release", CARGO_ENCODED_RUSTFLAGS="-C\x1fcodegen-units=4", **settings)

    def test_what_cannot_be_used_is_not_installed(self):
        """An objcopy that hides a symbol stands for whatever else can go wrong: the message names it, and what is set."""
        build, prefix = BUILDS[-1], self.folder / "prefix"
        self.addCleanup(shutil.rmtree, TARGET / build.python.name / "out", ignore_errors=True)
        shutil.rmtree(TARGET / build.python.name / "out", ignore_errors=True)
        real, stand_in = shutil.which("objcopy"), self.folder / "bin" / "objcopy"
        stand_in.parent.mkdir()
        stand_in.write_text(f'#!/bin/sh\nfor file; do :; done\n{real} "$@" && {real} --localize-symbol=THP_PyFrame_Clear "$file"\n')
        stand_in.chmod(0o755)
        done = self.install(build, prefix, PATH=f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}", LD_RUN_PATH="/no/where")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("error: the static library was built, and cannot be used: ", done.stderr)
        self.assertIn("THP_PyFrame_Clear", done.stderr)
        self.assertIn("of the environment, these reach the compilers: ", done.stderr)
        self.assertIn("LD_RUN_PATH='/no/where'", done.stderr)
        self.assertNotIn("installed", done.stdout)
        self.assertFalse(prefix.exists())
