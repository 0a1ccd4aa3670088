/* What the parts of the probe have in common: the private headers, and what passes a frame around. */
#ifndef PROBE_H
#define PROBE_H

#include "../internals.h"

#include "cpython_defs.h"
#include "pyframe_shim.h"

#include "../failing.h"

static inline int to_frame(PyObject *object, void *result)
{
    *(void **)result = PyLong_AsVoidPtr(object);
    return *(void **)result != NULL || !PyErr_Occurred();
}

#define FRAME_ARGUMENT(frame, args) \
    _PyInterpreterFrame *frame; \
    if (!PyArg_ParseTuple(args, "O&", to_frame, &frame)) { \
        return NULL; \
    }

/* A row of a table of methods. */
#define METHOD(name, how) {#name, name, how, name##_doc}

/* What each part adds to the module. */
extern PyMethodDef probe_hook[], probe_frames[], probe_locals[], probe_functions[];
extern PyMethodDef probe_frame_objects[], probe_datastack[], probe_runtime[], probe_abandoned[];

#endif
