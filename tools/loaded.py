"""The proof that both libraries can be used: each is linked into an extension of every symbol, which the interpreter imports.

A link that succeeds says little. What an extension lacks is missed when it is loaded, by the user who has installed the library.
"""

import os
import pathlib
import subprocess
import tempfile

import cargo
from builds import NEEDED, compiler, exported
from console import Failure, Step, run

SOURCE = """
#include <cpython_defs.h>
#include <pyframe_shim.h>
#include <string.h>

const void *const pyframe_shim_loaded[] = {SYMBOLS};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "loaded", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_loaded(void)
{
    int caches = 0;
    for (int i = 0; i < THP_PyOpcode_Caches_size; i++) {
        caches += THP_PyOpcode_Caches[i];
    }
    if (PyFrameShim_CheckRuntime() < 0) {
        return NULL;
    }
    if (strcmp(PyFrameShim_BuildInfo()->python_version, PY_VERSION) != 0 || caches == 0) {
        PyErr_Format(PyExc_ImportError, "built for CPython %s, with %d inline caches", PyFrameShim_BuildInfo()->python_version, caches);
        return NULL;
    }
    return PyModule_Create(&module);
}
"""


def prove(build):
    """Stop if one of a build's libraries cannot be used."""
    with Step(f"{build.python.name}: loading both libraries"), tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        source = folder / "loaded.c"
        source.write_text(SOURCE.replace("SYMBOLS", ", ".join(f"(const void *)&{name}" for name in exported())))
        # Under the name that it is looked for by.
        (folder / build.soname).symlink_to(build.shared)
        for kind, libraries in (("static", [build.archive]), ("shared", [folder / build.soname, f"-Wl,-rpath,{folder}"])):
            load(build, kind, source, [*map(str, libraries), *(f"-l{name}" for name in NEEDED)])


def load(build, kind, source, libraries):
    module = source.with_suffix(build.python.suffix)
    command = [*compiler("CC", "cc", "gcc", "clang"), "-std=gnu11", "-shared", "-fPIC", *build.includes(), str(source)]
    run([*command, *libraries, "-o", str(module)], f"linking the {kind} library, just built, into an extension")
    import_once(build.python, "loaded", source.parent, f"the {kind} library")


def import_once(python, module, folder, what):
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [python.path, "-c", f"import {module}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", timeout=60)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Failure(f"{what} was built, and cannot be used: {why}{cargo.settings()}")
