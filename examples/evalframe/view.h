// A read-only view of a frame that is about to run, for the callback. It owns what it shows, so it may be kept.
#ifndef EVALFRAME_VIEW_H
#define EVALFRAME_VIEW_H

#include <Python.h>

#include "pyframe_shim.h"

// The type of views, in the module too: new, or nullptr with an exception.
PyTypeObject *view_add_type(PyObject *module);

// A view of the frame: new, or nullptr with an exception.
PyObject *view_new(PyTypeObject *type, PyFrameShim_Frame *frame);

#endif
