"""Everything that would be published, built and checked.

    make release [PYTHONS="..."] [REQUIRE="3.11 3.12 3.13"] [DEST=dist]

For each interpreter a wheel, which auditwheel looks at and a new environment runs. A source distribution, of which a wheel is built away
from the clone. The libraries and headers for all of them in one archive, with which a client is built and run where it is unpacked.
The crate, which cargo builds as it would be published. DEST gets the files, SHA256SUMS, and release.json, which says what checked each.
Nothing is published.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile

import pypi
import pythons
import sdk
import uv
import wheel
from builds import ROOT, Build, compiler
from console import Failure, Step, main, run, say

AUDITWHEEL = ROOT / ".tools" / "auditwheel"
SMOKE = """
import json, pyframe_shim
from pyframe_shim import evalframe, frames
def add(a, b): return a + b
with evalframe.hook(lambda frame: (lambda a, b: a * b), only=lambda code: code is add.__code__):
    assert add(3, 4) == 12
assert add(3, 4) == 7 and frames.stack().frames[0].name == "<module>"
print(pyframe_shim.get_include(), pyframe_shim.get_library())
"""
WATCH = """
import watch_calls
def greet(name): return name
watch_calls.watch(greet.__code__)
greet("you")
"""


class Release:
    """What has been made so far."""

    def __init__(self, place):
        self.place, self.files = place, {}

    def add(self, path, checked_by):
        self.files[path.name] = {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "checked_by": checked_by,
        }

    def close(self):
        (self.place / "SHA256SUMS").write_text("".join(f"{file['sha256']}  {name}\n" for name, file in self.files.items()))
        (self.place / "release.json").write_text(json.dumps(self.files, indent=2) + "\n")
        say("")
        width = max(map(len, self.files))
        for name, file in self.files.items():
            say(f"{name:{width}}  {file['bytes']:>11,} bytes  {file['checked_by']}")


def runs(python, package, folder):
    """Install a wheel into a new environment, and use it there."""
    own = uv.environment(python.path, folder / "environment")
    uv.install(own, "--no-deps", "--no-index", str(package))
    for path in run([own, "-I", "-c", SMOKE], f"using {package.name}", cwd=folder).split():
        if not pathlib.Path(path).exists():
            raise Failure(f"{package.name} names {path}, which is not there")


def audited(package):
    """That the wheel's tag promises no more than its libraries keep; the tag."""
    pypi.ensure((sys.executable,), *pypi.pinned("auditwheel"), AUDITWHEEL)
    command = [sys.executable, "-m", "auditwheel", "show", str(package)]
    told = " ".join(run(command, "auditwheel", env={**os.environ, "PYTHONPATH": str(AUDITWHEEL)}).split())
    tags = package.stem.rpartition("-")[2].split(".")
    kept = re.search(r'is consistent with the following platform tag: "(\w+)"', told)
    if kept is None or kept[1] not in tags:
        raise Failure(f"{package.name} is tagged {', '.join(tags)}, and auditwheel says: {told}")
    return kept[1]


def wheels(release, found, folder):
    for number, python in enumerate(found, 1):
        package = wheel.wheel(python, release.place)
        with Step(f"{python.name}: checking the wheel ({number} of {len(found)})"):
            tag = audited(package)
            runs(python, package, folder)
        release.add(package, f"auditwheel ({tag}); a hook in a new environment of {python.name}")


def source(release, python, folder):
    with Step("the source distribution, and a wheel of it"):
        run([uv.uv(), "build", "--quiet", "--sdist", "--out-dir", str(folder / "sdist"), str(ROOT)], "uv build --sdist", cwd=ROOT)
        (made,) = (folder / "sdist").glob("*.tar.gz")
        command = [uv.uv(), "build", "--quiet", "--wheel", "--python", python.path, "--out-dir", str(folder / "of-source"), str(made)]
        run(command, "uv build of the source distribution", cwd=folder)
        (package,) = (folder / "of-source").glob("*.whl")
        runs(python, package, folder)
    release.add(shutil.copy2(made, release.place) and release.place / made.name, f"a wheel of it, in a new environment of {python.name}")


def libraries(release, found, folder):
    name = f"pyframe-shim-{sdk.crate_version()}-linux-{os.uname().machine}"
    for python in found:
        sdk.put(Build(python).library(), folder / name)
    for document in ("README.md", "LICENSE", "NOTICE", "CHANGELOG.md"):
        shutil.copy2(ROOT / document, folder / name)
    packed = release.place / f"{name}.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(folder / name, name)
    with Step("a client of the archive, where it is unpacked"):
        with tarfile.open(packed) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        for python in found:
            client(python, folder / "unpacked" / name, folder)
    release.add(packed, f"a client for each of {', '.join(python.minor for python in found)}, static and shared")


def client(python, place, folder):
    """Build an extension with what is unpacked there, and run it."""
    module = folder / f"watch_calls{python.suffix}"
    variables = {**os.environ, "PKG_CONFIG_PATH": str(place / "lib" / "pkgconfig")}
    for package in (f"pyframe-shim-{python.label}", f"pyframe-shim-{python.label}-static"):
        flags = run(["pkg-config", "--cflags", "--libs", package], "pkg-config", env=variables).split()
        include = [f"-I{python.include}", f"-idirafter{python.include.parent}"]
        example = str(ROOT / "examples" / "clients" / "watch_calls" / "watch_calls.c")
        run(
            [*compiler("CC", "cc", "gcc", "clang"), "-shared", "-fPIC", *include, example, *flags, "-o", str(module)],
            f"a client of {package}",
        )
        told = run([python.path, "-c", WATCH], f"a client of {package}", cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)})
        if not told.startswith("call 1 of <function greet"):
            raise Failure(f"a client of {package} printed {told!r}")
        module.unlink()


def crate(release, python):
    build = Build(python)
    environment = {**build.environment(), "CARGO_TARGET_DIR": str(build.cargo_target / "crate")}
    with Step("the crate, as it would be published"):
        # Without --allow-dirty: what is packed is what is committed.
        told = run(
            ["cargo", "publish", "--dry-run", "--locked", "--package", "pyframe-shim"], "cargo publish --dry-run", cwd=ROOT, env=environment
        )
        warnings = [line for line in told.splitlines() if line.startswith("warning:") and "dry run" not in line]
        if warnings:
            raise Failure("cargo warns of the crate:\n" + "\n".join(warnings))
    # Cargo has put it into one folder or another.
    (made,) = (build.cargo_target / "crate" / "package").rglob(f"pyframe-shim-{sdk.crate_version()}.crate")
    shutil.copy2(made, release.place)
    release.add(release.place / made.name, f"cargo publish --dry-run, which builds it for {python.name}")


def make():
    found = [python for python in pythons.find() if not python.debug]
    if not found:
        raise Failure("a release is for release builds of CPython, and none was found")
    release = Release(pathlib.Path(os.environ.get("DEST") or ROOT / "dist").resolve())
    release.place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        wheels(release, found, folder)
        source(release, found[-1], folder)
        libraries(release, found, folder)
        crate(release, found[-1])
    release.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(make))
