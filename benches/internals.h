/* CPython's internal headers, and the few names that differ between its minors. */
#ifndef BENCH_INTERNALS_H
#define BENCH_INTERNALS_H

#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>

#include <stdbool.h>
#include <stddef.h>

#if PY_VERSION_HEX >= 0x030D0000
#define CODE(frame) ((PyCodeObject *)(frame)->f_executable)
#define POINTER(frame) ((frame)->instr_ptr)
#define CURRENT(tstate) ((tstate)->current_frame)
#define FIRST(code) (_PyCode_CODE(code)) /* where the pointer of a fresh frame stands */
#define EXECUTED 1                       /* and how far behind an instruction, once that has executed */
#else
#define CODE(frame) ((frame)->f_code)
#define POINTER(frame) ((frame)->prev_instr)
#define CURRENT(tstate) ((tstate)->cframe->current_frame)
#define FIRST(code) (_PyCode_CODE(code) - 1)
#define EXECUTED 0
#endif

#if PY_VERSION_HEX >= 0x030C0000
#define FUNCTION(frame) ((frame)->f_funcobj)
#define HIDDEN(kind) (((kind) & CO_FAST_HIDDEN) != 0)
#define OPCODE(unit) ((unit).op.code)
#define OPARG(unit) ((unit).op.arg)
#else
#define FUNCTION(frame) ((PyObject *)(frame)->f_func)
#define HIDDEN(kind) false
#define OPCODE(unit) _Py_OPCODE(unit)
#define OPARG(unit) _Py_OPARG(unit)
#endif

#endif
