// A read-only view of a frame, for the callback. It owns what it shows, so it may be kept: it never looks at the
// interpreter frame again.
#ifndef SHADOW_VIEW_H
#define SHADOW_VIEW_H

#include <Python.h>

#include "frames.h"

namespace shadow {

// The type of views, in the module too: new, or nullptr with an exception.
PyTypeObject *view_add_type(PyObject *module);

// A view of the frame with these locals: new, or nullptr with an exception.
PyObject *view_new(PyTypeObject *type, _PyInterpreterFrame *frame, PyObject *locals);

} // namespace shadow

#endif
