/* Fast to locals, and the locals as a fresh dict. */
#include "baseline.h"

#if PY_VERSION_HEX >= 0x030D0000
#define NEED_OPCODE_METADATA
#include <internal/pycore_opcode_metadata.h>
#undef NEED_OPCODE_METADATA
#else
#define NEED_OPCODE_TABLES
#include <internal/pycore_opcode.h>
#undef NEED_OPCODE_TABLES
#endif
#include <opcode.h>

/* Whether an instruction lies before the one where the frame stands. */
static bool has_run(_PyInterpreterFrame *frame, int opcode, int oparg)
{
    int argument = 0;
    for (_Py_CODEUNIT *unit = _PyCode_CODE(CODE(frame)); unit < POINTER(frame); unit++) {
        int found = _PyOpcode_Deopt[OPCODE(*unit)];
        argument |= OPARG(*unit);
        if (found == opcode && argument == oparg) {
            return true;
        }
        argument = found == EXTENDED_ARG ? argument << 8 : 0;
        unit += _PyOpcode_Caches[found];
    }
    return false;
}

static int first_free(PyCodeObject *code)
{
    return code->co_nlocalsplus - code->co_nfreevars;
}

/* Whether COPY_FREE_VARS is the frame's first instruction and is still to come. With more than 255 free variables an
 * EXTENDED_ARG stands before it. */
static bool awaits_free_variables(_PyInterpreterFrame *frame)
{
    PyCodeObject *code = CODE(frame);
    if (POINTER(frame) != FIRST(code) || !PyFunction_Check(FUNCTION(frame))) {
        return false;
    }
    _Py_CODEUNIT *unit = _PyCode_CODE(code);
    while (_PyOpcode_Deopt[OPCODE(*unit)] == EXTENDED_ARG) {
        unit++;
    }
    return OPCODE(*unit) == COPY_FREE_VARS;
}

static int copy_free_variables(_PyInterpreterFrame *frame)
{
    PyCodeObject *code = CODE(frame);
    PyObject *closure = ((PyFunctionObject *)FUNCTION(frame))->func_closure;
    if (closure == NULL || PyTuple_GET_SIZE(closure) != code->co_nfreevars) {
        PyErr_SetString(PyExc_SystemError, "the closure does not fit the code");
        return -1;
    }
    for (int i = 0; i < code->co_nfreevars; i++) {
        frame->localsplus[first_free(code) + i] = word_of(Py_NewRef(PyTuple_GET_ITEM(closure, i)));
    }
    _Py_CODEUNIT *unit = _PyCode_CODE(code);
    while (_PyOpcode_Deopt[OPCODE(*unit)] == EXTENDED_ARG) {
        unit++;
    }
    POINTER(frame) = unit + EXECUTED;
    return 0;
}

/* Whether a slot has no place in the mapping. */
static bool is_left_out(PyCodeObject *code, _PyLocals_Kind kind)
{
    if (HIDDEN(kind)) {
        return true;
    }
    if (code->co_flags & CO_OPTIMIZED) {
        return false;
    }
    /* A namespace has the locals of its own. CPython 3.13 does not show its cells either. */
#if PY_VERSION_HEX >= 0x030D0000
    return true;
#else
    return (kind & CO_FAST_FREE) != 0;
#endif
}

/* What a slot stands for, borrowed; NULL if that is unbound. */
static PyObject *slot_value(_PyInterpreterFrame *frame, int i, _PyLocals_Kind kind, PyObject *value)
{
    if (live_slots(frame) == 0 || value == NULL) {
        return NULL;
    }
    if (kind & CO_FAST_FREE) {
        CHECK(PyCell_Check(value));
        return PyCell_GET(value);
    }
    /* Before MAKE_CELL, the slot holds the argument: which may be a cell, too. */
    if ((kind & CO_FAST_CELL) && PyCell_Check(value) && has_run(frame, MAKE_CELL, i)) {
        return PyCell_GET(value);
    }
    return value;
}

/* Whether a slot before the free variables, one of an inlined comprehension, shows the name already: 3.13 shows the first. */
static bool is_shadowed(_PyInterpreterFrame *frame, PyObject *name)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyCodeObject *code = CODE(frame);
    for (int i = 0; i < first_free(code); i++) {
        if (PyTuple_GET_ITEM(code->co_localsplusnames, i) == name
            && slot_value(frame, i, _PyLocals_GetKind(code->co_localspluskinds, i), SLOT(frame, i)) != NULL) {
            return true;
        }
    }
#endif
    (void)frame, (void)name;
    return false;
}

static int write_name(PyObject *locals, PyObject *name, PyObject *value)
{
    if (value != NULL) {
        return PyObject_SetItem(locals, name, value);
    }
    if (PyObject_DelItem(locals, name) == 0) {
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_KeyError)) {
        return -1;
    }
    PyErr_Clear();
    return 0;
}

int baseline_fast_to_locals(_PyInterpreterFrame *frame, int *free_vars_copied)
{
    if (frame->f_locals == NULL && (frame->f_locals = PyDict_New()) == NULL) {
        return -1;
    }
    PyObject *locals = frame->f_locals;
    PyCodeObject *code = CODE(frame);
    if (awaits_free_variables(frame)) {
        if (copy_free_variables(frame) < 0) {
            return -1;
        }
        *free_vars_copied = 1;
    }
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        _PyLocals_Kind kind = _PyLocals_GetKind(code->co_localspluskinds, i);
        PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, i);
        if (is_left_out(code, kind) || ((kind & CO_FAST_FREE) && is_shadowed(frame, name))) {
            continue;
        }
        if (write_name(locals, name, slot_value(frame, i, kind, SLOT(frame, i))) < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *baseline_mapping(_PyInterpreterFrame *frame)
{
    PyObject *locals = PyDict_New();
    if (locals == NULL) {
        return NULL;
    }
    PyCodeObject *code = CODE(frame);
    PyObject *function = FUNCTION(frame);
    PyObject *closure = PyFunction_Check(function) ? ((PyFunctionObject *)function)->func_closure : NULL;
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        _PyLocals_Kind kind = _PyLocals_GetKind(code->co_localspluskinds, i);
        PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, i);
        if (is_left_out(code, kind) || ((kind & CO_FAST_FREE) && is_shadowed(frame, name))) {
            continue;
        }
        PyObject *held = SLOT(frame, i);
        if (held == NULL && (kind & CO_FAST_FREE) && closure != NULL) {
            held = PyTuple_GET_ITEM(closure, i - first_free(code));
        }
        PyObject *value = slot_value(frame, i, kind, held);
        if (value != NULL && PyDict_SetItem(locals, name, value) < 0) {
            Py_DECREF(locals);
            return NULL;
        }
    }
    return locals;
}
