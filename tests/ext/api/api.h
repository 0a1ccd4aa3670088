/* The functions of pyframe_shim.h, for tests in Python. Compiled for the limited API: the header has to be enough. */
#ifndef API_H
#define API_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pyframe_shim.h"

/* A frame is its address in Python; None stands for NULL. */
PyObject *address(PyFrameShim_Frame *frame);
int to_frame(PyObject *object, void *result);

/* What each part adds to the module. */
extern PyMethodDef look_methods[], run_methods[], everything_methods[];

#endif
