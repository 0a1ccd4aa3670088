/* pyframe-shim's own API: a check that the library fits the interpreter, a cache of data-stack chunks for every Python call,
 * and counters.
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
 * private structures are laid out as they were where the library was built. It looks at the thread state's current frame
 * and data stack, and at the frame's object, code, function, instruction pointer, owner, caller and first slot. Call it in
 * your module's init function, with the GIL held, and return NULL if it fails. Without the GIL it ends the process with one
 * line, unless there are sub-interpreters: CPython keeps no account of who holds the GIL then.
 *
 * It compiles and runs a few lines of Python, in a new namespace with no builtins. It imports nothing and calls
 * nothing that a program can replace. Hooks, tracers and the audit hook for "compile" see it.
 *
 * Returns 0, or -1 with an ImportError that names the Python that the library was built for, the one that it is running
 * in, and what to do; or with whatever kept the check from running, such as MemoryError. */
int PyFrameShim_CheckRuntime(void);

/* Bits of PyFrameShim_Build.flags. */
#define PYFRAME_SHIM_HAS_FRAMES 0x1u /* the frame symbols are there (CPython 3.11 and newer) */
#define PYFRAME_SHIM_PY_DEBUG 0x2u   /* built from the headers of a Py_DEBUG interpreter */

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

#if PY_VERSION_HEX >= 0x030B0000

/* A call that begins at the end of a data-stack chunk maps 16 KiB, and unmaps them when it returns: some thousand times the
 * price of one that does not, on every CPython before 3.13.13. The cache wraps the arena allocator (PyObject_SetArenaAllocator)
 * so that up to `chunks` freed chunks are kept. The next call that needs one takes it, in any thread and any interpreter of the
 * process. The cache holds at most chunks * 16 KiB. A second copy of the library in the process has a second cache.
 *
 * Each chunk goes back to the allocator that it came from, at any later time, by any thread, with or without the GIL. So an
 * arena allocator that was in use has to stay callable. The same is true of the chunk that THP_PyThreadState_PopFrame keeps.
 *
 * Returns 1; 0 if this CPython keeps a chunk itself, and nothing was done; or -1 with ValueError (`chunks` is not within 1
 * and 64) or RuntimeError (other allocators have been set on top of ours too often). If the cache is enabled already, the
 * call changes its number of chunks. Needs the GIL. The library cannot be unloaded any more. */
int PyFrameShim_EnableChunkCache(size_t chunks);

/* Frees what the cache holds, and restores the arena allocator. If another allocator has been set since, that one stays, and
 * ours below it passes every call on. Needs the GIL. */
void PyFrameShim_DisableChunkCache(void);

typedef struct {
    size_t size;               /* of this structure, in bytes: the caller sets it */
    size_t capacity;           /* how many chunks may be kept; 0 if the cache is off */
    size_t held;               /* how many are kept now */
    unsigned long long hits;   /* chunks that were asked for and found, since the process began */
    unsigned long long misses; /* chunks that were asked for and had to be allocated */
} PyFrameShim_ChunkCacheStats;

/* Needs no GIL. */
void PyFrameShim_GetChunkCacheStats(PyFrameShim_ChunkCacheStats *stats);

typedef struct {
    const char *symbol; /* static */
    unsigned long long calls;
} PyFrameShim_Counter;

/* How often each function of cpython_defs.h has been called, in at most `room` elements. Returns how many functions are
 * counted: 0 unless the library was built with the feature `counters`. Needs no GIL. */
size_t PyFrameShim_GetCounters(PyFrameShim_Counter *counters, size_t room);

#endif /* 3.11 and newer */

#ifdef __cplusplus
}
#endif

#endif /* PYFRAME_SHIM_H */
