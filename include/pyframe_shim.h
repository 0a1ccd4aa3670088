/* pyframe-shim's own API: is this library the right one for the interpreter that it is in?
 *
 * C11 or C++17; needs neither Py_BUILD_CORE nor an internal header. */
#ifndef PYFRAME_SHIM_H
#define PYFRAME_SHIM_H

#include <Python.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Checks that the library fits the running interpreter: its minor, that it has the GIL, and, on a live frame, that the
 * private structures are laid out as they were where the library was built. Call it in your module's init function,
 * with the GIL held, and return NULL if it fails.
 *
 * Returns 0, or -1 with an ImportError that names the Python that the library was built for, the one that it is running
 * in, and what to do; or with whatever kept the check from running, such as MemoryError. */
int PyFrameShim_CheckRuntime(void);

/* Bits of PyFrameShim_Build.flags. */
#define PYFRAME_SHIM_HAS_FRAMES 0x1u /* the frame symbols are there (CPython 3.11 and newer) */
#define PYFRAME_SHIM_PY_DEBUG 0x2u   /* built from the headers of a Py_DEBUG interpreter */
#define PYFRAME_SHIM_TRACE_REFS 0x4u /* built from the headers of a Py_TRACE_REFS interpreter */

typedef struct {
    size_t size;                /* of this structure in the library, in bytes; later versions append fields */
    const char *shim_version;   /* "0.1.0" */
    const char *python_version; /* of the CPython that it was built for, "3.12.1" */
    int python_major;
    int python_minor;
    int python_patch;
    unsigned flags;
} PyFrameShim_Build;

/* What the library was built for: static, never NULL. Needs neither the GIL nor an interpreter. */
const PyFrameShim_Build *PyFrameShim_BuildInfo(void);

#ifdef __cplusplus
}
#endif

#endif /* PYFRAME_SHIM_H */
