/* What bindgen reads: the headers that declare the private structures, on every supported minor. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#include <opcode.h>
