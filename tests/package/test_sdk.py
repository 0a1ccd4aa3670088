"""Extensions built against the installed package, where there is no Rust and no source tree."""

import hashlib
import os
import pathlib
import shlex
import shutil
import sysconfig

from support import MINOR, PACKAGE, PYTHON, ROOT, SITE, PackageTest, clean_environment, compiler, process, succeed

EXAMPLES = ROOT / "examples" / "clients"
# What others that build an example where it lies leave there for a while.
BUILT = shutil.ignore_patterns("build", "*.egg-info")
# The environment's own programs (cmake, ninja), the compiler, and nothing of cargo's.
PATH = os.pathsep.join([str(pathlib.Path(PYTHON).parent), "/usr/bin", "/bin"])

CMAKE = """
cmake_minimum_required(VERSION 3.18)
project(client LANGUAGES C)
{before}
find_package({python} {minor} REQUIRED COMPONENTS Interpreter Development.Module)
find_package(PyFrameShim {version} REQUIRED)
{python}_add_library(client MODULE client.c)
target_link_libraries(client PRIVATE PyFrameShim::{target})
message(STATUS "of CPython ${{PyFrameShim_PYTHON_MINOR}}")
"""
CHOICE = """
cmake_minimum_required(VERSION 3.18)
project(choice LANGUAGES C)
cmake_language(EVAL CODE "${FIND}")
find_package(PyFrameShim REQUIRED)
get_target_property(library PyFrameShim::static IMPORTED_LOCATION)
get_filename_component(library "${library}" NAME)
message(STATUS "chosen: ${PyFrameShim_PYTHON_MINOR}, ${library}")
"""
USE = "import client, json; print(json.dumps(client.use()))"


def without_rust(**more):
    environment = clean_environment(PATH=PATH, **more)
    return {name: value for name, value in environment.items() if not name.startswith(("CARGO", "RUST"))}


class Sdk(PackageTest):
    def test_no_rust_here(self):
        """Or the tests below say less than they should."""
        found = [path for path in (shutil.which(program, path=PATH) for program in ("cargo", "rustc")) if path]
        if found:
            self.skipTest(f"{' and '.join(found)} beside the compiler: the clients are built with Rust in reach")
        self.assertIsNotNone(shutil.which("cc", path=PATH))

    def test_paths(self):
        code = """
import json, pyframe_shim as p
print(json.dumps([p.get_include(), p.get_library(), p.get_library(shared=True), p.get_cmake_dir()]))
"""
        include, static, shared, cmake = self.python(code)
        for folder, file in ((include, "cpython_defs.h"), (include, "pyframe_shim.h"), (cmake, "PyFrameShimConfig.cmake")):
            self.assertTrue((pathlib.Path(folder) / file).is_file(), file)
        self.assertTrue(static.endswith(f"libpyframe_shim-{MINOR}.a") and pathlib.Path(static).is_file())
        self.assertTrue(shared.endswith(f"libpyframe_shim-{MINOR}.so") and pathlib.Path(shared).is_file())
        self.assertEqual(succeed([PYTHON, "-m", "pyframe_shim", "--cmakedir"]).strip(), cmake)

    def example(self, name):
        """Build and install an example client from a copy, with what the environment has; the folder that it is in."""
        source, target = self.folder / pathlib.Path(name).name, self.folder / "installed"
        shutil.copytree(EXAMPLES / name, source, ignore=BUILT)
        command = [PYTHON, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", "--target", target, source]
        succeed(command, env=without_rust())
        return clean_environment(PYTHONPATH=target)

    def test_setuptools_client(self):
        environment = self.example("setuptools")
        code = """
import first_locals, json
def outer(cell):
    def function(a, b=2, *rest, c=3, **more):
        later = cell
        return later
    return function
answers = [first_locals.of(outer("in a cell"), 1, 5, 6)]
for bad in (lambda: first_locals.of(), lambda: first_locals.of(len, "x"), lambda: first_locals.of(lambda: 1 / 0)):
    try:
        bad()
    except Exception as error:
        answers.append(type(error).__name__)
print(json.dumps(answers))
"""
        locals_there = {"a": 1, "b": 5, "rest": [6], "c": 3, "more": {}, "cell": "in a cell"}
        self.assertEqual(self.python(code, environment), [locals_there, "TypeError", "ValueError", "ZeroDivisionError"])
        # It needs nothing of the package at run time, and offers nothing of the library to others.
        (module,) = (self.folder / "installed").glob("first_locals.*.so")
        self.assertNotIn("pyframe_shim", succeed(["readelf", "-d", module]))
        symbols = succeed(["readelf", "--wide", "--dyn-syms", module]).splitlines()
        defined = [line.split()[7] for line in symbols if " GLOBAL " in line and " UND " not in line]
        self.assertEqual(defined, ["PyInit_first_locals"])

    def test_cmake_client(self):
        environment = self.example("cmake")
        code = """
import call_log, json
def count(n):
    kept = 0
    for kept in range(n):
        yield kept
def twice(x, times=2):
    return x * times
print(json.dumps(call_log.record(lambda: [twice(4), list(count(1)), twice("a", times=1)])))
"""
        entered = [{}, {"x": 4, "times": 2}, {"n": 1}, {"n": 1, "kept": 0}, {"x": "a", "times": 1}]
        # A generator function's call is a frame too, up to where it makes the generator.
        self.assertEqual(self.python(code, environment), [*entered[:3], *entered[2:]])

    def test_evalframe(self):
        code = """
import evalframe, json
def function(a): return a
def other(a): return [a]
evalframe.set_callback(lambda view: other.__code__ if view.function is function else None)
answers = [function(1)]
evalframe.set_callback(None)
print(json.dumps([*answers, function(1)]))
"""
        self.assertEqual(self.python(code, self.example("../evalframe")), [[1], 1])

    def abi3_wheel(self):
        """The wheel of the client for every minor: built once, by the first interpreter that comes here, and used by all."""
        sources = [*(EXAMPLES / "abi3").iterdir(), *(ROOT / "include").iterdir()]
        made_of = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources) if path.is_file())).hexdigest()[:16]
        place = ROOT / "target" / "abi3" / made_of
        if not list(place.glob("*.whl")):
            source = self.folder / "abi3"
            shutil.copytree(EXAMPLES / "abi3", source, ignore=BUILT)
            command = [PYTHON, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", place, source]
            succeed(command, env=without_rust())
        (wheel,) = place.glob("*.whl")
        return wheel

    def test_abi3_client(self):
        wheel, installed = self.abi3_wheel(), self.folder / "installed"
        self.assertIn("-cp311-abi3-", wheel.name)
        succeed([PYTHON, "-m", "pip", "install", "--no-deps", "--no-index", "--target", installed, wheel], env=without_rust())
        (module,) = installed.glob("swap_code*.so")
        self.assertEqual(module.name, "swap_code.abi3.so")
        self.assertNotIn("pyframe", succeed(["readelf", "-d", module]))
        code = """
import json, swap_code
def greet(name):
    return "hello " + name
def part(name):
    farewell = "goodbye "
    return farewell + name
answers = [greet("you")]
swap_code.swap(greet.__code__, part.__code__)
answers += [greet("you") for _ in range(3)]
swap_code.swap(greet.__code__, None)
answers.append(greet("you"))
try:
    swap_code.swap(7, None)
except TypeError as error:
    answers.append(str(error))
print(json.dumps(answers))
"""
        expected = ["hello you", *["goodbye you"] * 3, "hello you", "a code object is wanted"]
        self.assertEqual(self.python(code, clean_environment(PYTHONPATH=installed)), expected)

    def test_abi3_client_without_the_package(self):
        installed = self.folder / "installed"
        succeed([PYTHON, "-m", "pip", "install", "--no-deps", "--no-index", "--target", installed, self.abi3_wheel()], env=without_rust())
        for package, error in (("None", "ModuleNotFoundError"), ("sys", "ImportError: the installed package pyframe-shim is older")):
            code = f"import sys; sys.modules['pyframe_shim'] = {package}; import swap_code"
            done = process([PYTHON, "-c", code], env=clean_environment(PYTHONPATH=installed))
            self.assertIn(error, done.stderr)

    def cmake(self, target="shared", version="0.1", before="", python="Python"):
        """Configure and build a client; what CMake did."""
        text = CMAKE.format(minor=MINOR, target=target, version=version, before=before, python=python)
        self.write("CMakeLists.txt", text)
        shutil.copy(ROOT / "tests" / "clients" / "client.c", self.folder)
        shutil.rmtree(self.folder / "build", ignore_errors=True)
        where = succeed([PYTHON, "-m", "pyframe_shim", "--cmakedir"]).strip()
        options = [f"-DPyFrameShim_DIR={where}", f"-D{python}_EXECUTABLE={PYTHON}", "-GNinja", "-Wno-dev"]
        return process(["cmake", "-S", self.folder, "-B", self.folder / "build", *options], env=without_rust())

    def test_cmake_targets(self):
        for target in ("shared", "static"):
            with self.subTest(target=target):
                done = self.cmake(target)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(f"of CPython {MINOR}", done.stdout)
                succeed(["cmake", "--build", self.folder / "build"], env=without_rust())
                out = self.python(USE, clean_environment(PYTHONPATH=self.folder / "build"))
                self.assertTrue(out.startswith(f"{MINOR}."))
                needed = succeed(["readelf", "-d", self.folder / "build" / "client.so"])
                self.assertEqual(f"[libpyframe_shim-{MINOR}.so]" in needed, target == "shared")

    def test_cmake_versions(self):
        for version, fits in (("0.1.0", True), ("0.2", False), ("0.1.9", False), ("0.0.9", False), ("1.0", False)):
            with self.subTest(version=version):
                done = self.cmake(version=version)
                self.assertEqual(done.returncode == 0, fits, done.stdout + done.stderr)

    def test_cmake_in_another_minor(self):
        for python in ("Python", "Python3"):
            with self.subTest(python=python):
                version = f"set({python}_VERSION 3.99.0)\nset({python}_VERSION_MAJOR 3)\nset({python}_VERSION_MINOR 99)\n"
                done = self.cmake(before=f"{version}find_package(PyFrameShim REQUIRED)", python=python)
                self.assertNotEqual(done.returncode, 0)
                expected = f"for CPython {MINOR}, and {python} is 3.99.0: install pyframe-shim with that Python"
                self.assertIn(expected, " ".join(done.stderr.split()))

    def test_cmake_chooses_among_minors(self):
        """Several in one place: the one for the Python that was found."""
        packages = [PACKAGE, *PACKAGE["others"]]
        if len(packages) == 1:
            self.skipTest("no other interpreter here")
        for package in packages:
            sdk = pathlib.Path(package["pythons"][0]).parent.parent / f"lib/python{package['minor']}/site-packages/pyframe_shim/sdk"
            shutil.copytree(sdk, self.folder / "prefix", dirs_exist_ok=True)
        (self.folder / "CMakeLists.txt").write_text(CHOICE)
        for package in packages:
            with self.subTest(python=package["minor"]):
                done = self.choose(f"-DPython_EXECUTABLE={package['pythons'][0]}", "-DFIND=find_package(Python COMPONENTS Interpreter)")
                self.assertIn(f"chosen: {package['minor']}, libpyframe_shim-{package['minor']}.a", done.stdout, done.stderr)
        self.assertIn("find_package(Python) has to come before this", " ".join(self.choose().stderr.split()))

    def choose(self, *options):
        place = [f"-DCMAKE_PREFIX_PATH={self.folder / 'prefix'}", "-GNinja", "-Wno-dev"]
        shutil.rmtree(self.folder / "build", ignore_errors=True)
        return process(["cmake", "-S", self.folder, "-B", self.folder / "build", *place, *options], env=without_rust())

    def test_flags(self):
        """`--includes` and `--libs` are all that a compiler needs."""
        flags = shlex.split(succeed([PYTHON, "-m", "pyframe_shim", "--includes", "--libs"]))
        suffix = sysconfig.get_config_var("SHLIB_SUFFIX") or ".so"
        module = self.folder / f"client{suffix}"
        includes = [word for word in flags if word.startswith("-I")]
        libs = [word for word in flags if not word.startswith("-I")]
        compile = [*compiler("CC", "cc", "gcc", "clang"), "-shared", "-fPIC", *includes, ROOT / "tests/clients/client.c"]
        succeed([*compile, *libs, "-o", module], env=without_rust())
        out = self.python(USE, clean_environment(PYTHONPATH=self.folder))
        self.assertTrue(out.startswith(f"{MINOR}."))

    def test_pkg_config(self):
        if not shutil.which("pkg-config", path=PATH):
            self.skipTest("no pkg-config here")
        environment = without_rust(PKG_CONFIG_PATH=SITE / "pyframe_shim/sdk/lib/pkgconfig")
        flags = shlex.split(succeed(["pkg-config", "--cflags", "--libs", f"pyframe-shim-{MINOR}"], env=environment))
        includes = [os.path.realpath(flag[2:]) for flag in flags if flag.startswith("-I")]
        self.assertEqual(includes, [str(SITE / f"pyframe_shim/sdk/include/pyframe-shim-{MINOR}")])
        self.assertIn(f"-lpyframe_shim-{MINOR}", flags)
