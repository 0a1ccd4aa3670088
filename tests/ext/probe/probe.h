/* What the parts of the probe have in common: the private headers, and the few names that differ between minors. */
#ifndef PROBE_H
#define PROBE_H

#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>

#include <stdbool.h>
#include <stddef.h>

#include "cpython_defs.h"
#include "pyframe_shim.h"

#include "../failing.h"

#if PY_VERSION_HEX >= 0x030D0000
#define CODE(frame) ((PyCodeObject *)(frame)->f_executable)
#define POINTER(frame) ((frame)->instr_ptr)
#define CURRENT(tstate) ((tstate)->current_frame)
#else
#define CODE(frame) ((frame)->f_code)
#define POINTER(frame) ((frame)->prev_instr)
#define CURRENT(tstate) ((tstate)->cframe->current_frame)
#endif
#if PY_VERSION_HEX >= 0x030C0000
#define FUNCTION(frame) ((frame)->f_funcobj)
#else
#define FUNCTION(frame) ((PyObject *)(frame)->f_func)
#endif

/* Exported on all minors; the internal headers hide its declaration in different places. */
PyAPI_FUNC(PyObject *) _PyEval_EvalFrameDefault(PyThreadState *, struct _PyInterpreterFrame *, int);

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
