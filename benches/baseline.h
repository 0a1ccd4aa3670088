/* The baseline: what one writes by hand in an extension to do without the shim.
 *
 * Plain C on CPython's internal headers with the answers of the drop-in symbols and the straightforward algorithm for
 * each, which is also that of the C file that the shim replaces: a name at a time through the mapping protocol, a scan of
 * the code for each cell, the arena allocator asked each time. Not for use: frames of generators, finalizers that look at
 * half a frame, and memory that runs out are not thought of. */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include "internals.h"

int baseline_fast_to_locals(_PyInterpreterFrame *frame, int *free_vars_copied);
PyObject *baseline_mapping(_PyInterpreterFrame *frame);

PyFunctionObject *baseline_copy_function(PyFunctionObject *function, PyCodeObject *code);

PyFrameObject *baseline_new_frame_object(const PyCodeObject *code);
PyFrameObject *baseline_make_frame_object(_PyInterpreterFrame *frame);
void baseline_clear(_PyInterpreterFrame *frame);

void *baseline_arena_alloc(size_t size);
void baseline_arena_free(void *memory, size_t size);
_PyInterpreterFrame *baseline_push(PyThreadState *tstate, size_t size);
void baseline_pop(PyThreadState *tstate, _PyInterpreterFrame *frame);

/* A contract of the C file: on breach the process ends. */
#define CHECK(condition) \
    do { \
        if (__builtin_expect(!(condition), 0)) { \
            fprintf(stderr, "baseline: %s, line %d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

#endif
