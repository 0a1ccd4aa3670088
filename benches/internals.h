/* CPython's internal headers, and the names that differ between its minors. */
#ifndef BENCH_INTERNALS_H
#define BENCH_INTERNALS_H

#include "../tests/ext/internals.h"

#if PY_VERSION_HEX >= 0x030C0000
#define HIDDEN(kind) (((kind) & CO_FAST_HIDDEN) != 0)
#define OPCODE(unit) ((unit).op.code)
#define OPARG(unit) ((unit).op.arg)
#else
#define HIDDEN(kind) false
#define OPCODE(unit) _Py_OPCODE(unit)
#define OPARG(unit) _Py_OPARG(unit)
#endif

#endif
