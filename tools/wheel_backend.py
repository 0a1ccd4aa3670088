"""How pip builds the Python package: maturin builds the module, and this adds the SDK to its wheel.

A PEP 517 build backend, which pyproject.toml names. It also asks pip for libclang where none is found.
"""

import json
import os
import pathlib
import shlex
import shutil
import sys
import tarfile
import tempfile
import zipfile

import cargo
import libclang
import loaded
import locks
import maturin
import pythons
import sdk
from builds import ROOT, Build
from console import Failure
from maturin import get_requires_for_build_sdist  # noqa: F401  (of the interface)

# Beside the package: what Python reads when it starts.
START_UP = ("pyframe_shim_start.pth", "_pyframe_shim_start.py")
# [tool.maturin] data: its platlib/ goes where packages are installed.
DATA = ROOT / "target" / "wheel.data"


def get_requires_for_build_wheel(config_settings=None):
    needed = maturin.get_requires_for_build_wheel(config_settings)
    return needed if libclang.folder() else [*needed, "libclang"]


def libclang_of_pip():
    """The folder of the libclang package that the function above asked for."""
    try:
        import clang
    except ImportError:
        raise Failure("no libclang found, and pip was kept from installing it; pip install libclang, or set LIBCLANG_PATH") from None
    return os.path.join(clang.__path__[0], "native")


def python():
    """The interpreter to build for: the one behind an environment that pip made, so that what is built can be kept."""
    own = getattr(sys, "_base_executable", sys.executable)
    try:
        return pythons.Python(own)
    except pythons.Unusable as problem:
        if problem.mend == pythons.ANOTHER:
            problem.mend = "use the pip of another one: /path/to/python3.13 -m pip install ."
        raise Failure(problem.message) from None


def forget_other_interpreters():
    """The wheel is for the one that pip runs in, whatever the environment says to maturin."""
    for name in [name for name in os.environ if name.startswith(cargo.OTHERS)]:
        del os.environ[name]


class WheelBuild(Build):
    """The libraries of a wheel, in a folder of their own: the module is built there, too, with the same flags and dependencies."""

    folder = ROOT / "target" / "wheels"

    @property
    def cargo_arguments(self):
        """What messages say of a dependency's file: not where this machine keeps its sources.

        As Cargo's configuration, where it joins the flags that others have set; where those are in RUSTFLAGS, they win.
        """
        home = os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")
        return ["--config", f"build.rustflags={json.dumps([f'--remap-path-prefix={home}=cargo'])}"]


def settings(build, given):
    before = (given or {}).get("build-args", "")
    return {**(given or {}), "build-args": f"{before} {shlex.join(build.cargo_arguments)}".strip()}


def stage(build):
    """What the wheel holds beside the package's own files."""
    shutil.rmtree(DATA, ignore_errors=True)
    place = DATA / "platlib"
    sdk.put(build, place / "pyframe_shim" / "sdk")
    for name in START_UP:
        shutil.copy2(ROOT / "python" / name, place)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    forget_other_interpreters()
    try:
        if sys.platform != "linux":
            raise Failure(f"the Python package is built on Linux only, and this is {sys.platform}; cargo build makes the library")
        os.environ["LIBCLANG_PATH"] = libclang.folder() or libclang_of_pip()
        # One build at a time: all of them stage what they add in the same folder.
        with locks.alone(DATA.with_suffix(".lock")):
            build = WheelBuild(python()).library()
            stage(build)
            os.environ.update(build.environment())
            return build_and_load(pathlib.Path(wheel_directory).resolve(), settings(build, config_settings), metadata_directory)
    except Failure as failure:
        sys.exit(f"\nerror: {failure}")


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    forget_other_interpreters()
    DATA.mkdir(parents=True, exist_ok=True)  # maturin looks for it already
    return maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_sdist(sdist_directory, config_settings=None):
    """maturin's, with the workspace as it is: maturin leaves out the member that makes the libraries, which the module does not use."""
    folder = pathlib.Path(sdist_directory).resolve()
    name = maturin.build_sdist(str(folder), config_settings)
    made, top = folder / name, name.removesuffix(".tar.gz")
    ours = [ROOT / "Cargo.toml", *(path for path in sorted((ROOT / "libpyframe_shim").rglob("*")) if path.is_file())]
    names = {f"{top}/{path.relative_to(ROOT)}": path for path in ours}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        packed = pathlib.Path(place) / name
        with tarfile.open(made) as before, tarfile.open(packed, "w:gz") as after:
            for member in before:
                if member.name not in names:
                    after.addfile(member, before.extractfile(member) if member.isfile() else None)
            for inside, path in names.items():
                after.add(path, inside, filter=anonymous)
        packed.replace(made)
    return name


def anonymous(member):
    """What is packed says nothing of who has packed it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def build_and_load(folder, given, metadata_directory):
    name = maturin.build_wheel(str(folder), given, metadata_directory)
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(folder / name) as wheel:
        (module,) = (file for file in wheel.namelist() if "/_native." in file and file.endswith(".so"))
        extracted = pathlib.Path(wheel.extract(module, place))
        try:
            loaded.import_once(python(), "_native", extracted.parent, "the package's module")
        except Failure:
            (folder / name).unlink()
            raise
    return name
