/* Who is measured: the shim, the baseline, PyTorch, and the floor. */
#ifndef BENCH_IMPLEMENTATIONS_H
#define BENCH_IMPLEMENTATIONS_H

#include "internals.h"

/* What is not there is NULL. */
struct implementation {
    const char *name;
    int (*fast_to_locals)(_PyInterpreterFrame *, int *);
    PyObject *(*mapping)(_PyInterpreterFrame *);
    PyFunctionObject *(*copy_function)(PyFunctionObject *, PyCodeObject *);
    PyFrameObject *(*new_frame_object)(const PyCodeObject *);
    PyFrameObject *(*make_frame_object)(_PyInterpreterFrame *);
    void (*clear)(_PyInterpreterFrame *);
    _PyInterpreterFrame *(*push)(PyThreadState *, size_t);
    void (*pop)(PyThreadState *, _PyInterpreterFrame *);
    void *(*arena_alloc)(size_t);
    void (*arena_free)(void *, size_t);
    /* Its frame objects crash the interpreter when they die. */
    bool objects_crash;
};

enum { SHIM, BASELINE, TORCH, FLOOR, IMPLEMENTATIONS };

extern struct implementation implementations[IMPLEMENTATIONS];

/* The implementation of this name, or NULL with ValueError. */
struct implementation *find_implementation(const char *name);

/* Fills in PyTorch's, from the libtorch_python.so of a release. Returns the names that were found, or NULL with an
 * exception. */
PyObject *load_torch(const char *path);

/* What the floor inserts: the names and values of a dict. 0, or -1 with an exception. */
int set_floor(PyObject *pairs);

#endif
