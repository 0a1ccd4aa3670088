/* Compares the shim's locals with what is known otherwise, for every frame that a hook sees and for frames that run.
 *
 * A fresh frame: the arguments lie in the first slots, the free variables in the closure, and nothing else is bound.
 * A running frame: PyFrame_GetLocals of its frame object. Names must be the same, values the same objects. */
#include "internals.h"

#include "cpython_defs.h"
#include "pyframe_shim.h"

#define KEPT 50

static unsigned long long entries, samples, passed_over, hidden_seen, mismatches, calls;
static unsigned long long every;
static PyObject *descriptions; /* the first mismatches in words */
static _Thread_local bool comparing;

static void mismatch(const char *route, PyCodeObject *code, PyObject *expected, PyObject *found)
{
    mismatches++;
    if (PyList_GET_SIZE(descriptions) >= KEPT) {
        return;
    }
    PyObject *names = PySequence_List(expected), *ours = found ? PySequence_List(found) : Py_NewRef(Py_None);
    PyObject *text = names && ours ? PyUnicode_FromFormat("%s of %U, %U:%d: %R, but it is %R, or other values", route,
                                         code->co_qualname, code->co_filename, code->co_firstlineno, ours, names)
                                   : NULL;
    if (text == NULL || PyList_Append(descriptions, text) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(names);
    Py_XDECREF(ours);
    Py_XDECREF(text);
}

/* The same names, and the same objects. Both are dicts. */
static bool same(PyObject *one, PyObject *other)
{
    if (PyDict_GET_SIZE(one) != PyDict_GET_SIZE(other)) {
        return false;
    }
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (PyDict_Next(one, &position, &name, &value)) {
        if (PyDict_GetItemWithError(other, name) != value) {
            return false;
        }
    }
    return true;
}

static void compare(const char *route, PyCodeObject *code, PyObject *expected, PyObject *found)
{
    if (found == NULL || !PyDict_Check(found) || !same(expected, found)) {
        PyErr_Clear();
        mismatch(route, code, expected, found);
    }
}

static int put(PyObject *dict, PyObject *name, PyObject *value)
{
    return value == NULL ? 0 : PyDict_SetItem(dict, name, value);
}

/* What a fresh frame of a function binds: new, or NULL with an exception. */
static PyObject *bound_at_entry(_PyInterpreterFrame *frame)
{
    PyCodeObject *code = CODE(frame);
    PyObject *bound = PyDict_New();
    if (bound == NULL) {
        return NULL;
    }
    int arguments = code->co_argcount + code->co_kwonlyargcount + ((code->co_flags & CO_VARARGS) != 0)
                    + ((code->co_flags & CO_VARKEYWORDS) != 0);
    for (int i = 0; i < arguments; i++) {
        if (put(bound, PyTuple_GET_ITEM(code->co_localsplusnames, i), SLOT(frame, i)) < 0) {
            Py_DECREF(bound);
            return NULL;
        }
    }
    PyObject *closure = ((PyFunctionObject *)FUNCTION(frame))->func_closure;
    for (int i = 0; i < code->co_nfreevars; i++) {
        int slot = code->co_nlocalsplus - code->co_nfreevars + i;
        PyObject *value = PyCell_GET(PyTuple_GET_ITEM(closure, i));
        if (put(bound, PyTuple_GET_ITEM(code->co_localsplusnames, slot), value) < 0) {
            Py_DECREF(bound);
            return NULL;
        }
    }
    return bound;
}

static void compare_entry(_PyInterpreterFrame *frame)
{
    PyCodeObject *code = CODE(frame);
    if (frame->owner != FRAME_OWNED_BY_THREAD || !(code->co_flags & CO_OPTIMIZED) || frame->f_locals != NULL
        || !PyFunction_Check(FUNCTION(frame))) {
        passed_over++;
        return;
    }
    PyObject *expected = bound_at_entry(frame);
    if (expected == NULL) {
        PyErr_Clear();
        return;
    }
    entries++;
    PyObject *fresh = get_framelocals_mapping(frame);
    compare("get_framelocals_mapping at entry", code, expected, fresh);
    Py_XDECREF(fresh);
    /* The free variables stay copied: the frame must run all the same. The mapping goes, or it would keep values alive. */
    int copied = 0;
    PyObject *merged = THP_PyFrame_GetLocals(frame, 1, &copied);
    compare("THP_PyFrame_GetLocals at entry", code, expected, merged);
    Py_XDECREF(merged);
    Py_CLEAR(frame->f_locals);
    PyErr_Clear();
    Py_DECREF(expected);
}

/* The interpreter's own answer for a frame that runs, as a dict: new, or NULL if it is not about a dict. */
static PyObject *interpreters_answer(PyFrameObject *object, bool optimized)
{
    PyObject *locals = PyFrame_GetLocals(object);
    PyObject *answer = NULL;
    if (locals != NULL) {
        answer = PyDict_New();
#if PY_VERSION_HEX >= 0x030D0000
        /* Of a module or class body with hidden locals the proxy shows those alone (PyEval_GetLocals adds the rest). */
        PyObject *own = object->f_frame->f_locals;
        if (answer != NULL && !optimized && PyFrameLocalsProxy_Check(locals) && PyDict_Update(answer, own) < 0) {
            Py_CLEAR(answer);
        }
#endif
        if (answer != NULL && PyDict_Update(answer, locals) < 0) {
            Py_CLEAR(answer);
        }
#if PY_VERSION_HEX >= 0x030E0000
        /* The cell that has the class body's namespace (PEP 649) is no name of that namespace; the proxy shows it all the same. */
        if (answer != NULL && !optimized && !PyDict_GetItemString(own, "__classdict__")
            && PyDict_GetItemString(answer, "__classdict__") && PyDict_DelItemString(answer, "__classdict__") < 0) {
            Py_CLEAR(answer);
        }
#endif
    }
    (void)optimized;
    Py_XDECREF(locals);
    PyErr_Clear();
    return answer;
}

static bool has_hidden(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030C0000
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        if (PyBytes_AS_STRING(code->co_localspluskinds)[i] & CO_FAST_HIDDEN) {
            return true;
        }
    }
#endif
    (void)code;
    return false;
}

/* The proxy of 3.13.0 takes what is in a cell variable's slot for a cell, and crashes on a plain value: one of two inlined
 * comprehensions over a name captures it, and the other one runs. */
static bool interpreter_would_crash(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyCodeObject *code = CODE(frame);
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        PyObject *value = SLOT(frame, i);
        if (PyBytes_AS_STRING(code->co_localspluskinds)[i] & CO_FAST_CELL && value != NULL && !PyCell_Check(value)) {
            return true;
        }
    }
#endif
    (void)frame;
    return false;
}

static void compare_running(PyFrameObject *object)
{
    _PyInterpreterFrame *frame = object->f_frame;
    PyCodeObject *code = CODE(frame);
    bool optimized = (code->co_flags & CO_OPTIMIZED) != 0;
    if ((frame->f_locals != NULL && !PyDict_CheckExact(frame->f_locals)) || interpreter_would_crash(frame)) {
        passed_over++;
        return;
    }
#if PY_VERSION_HEX >= 0x030D0000
    if (object->f_extra_locals != NULL || (optimized && frame->f_locals != NULL)) {
        passed_over++; /* a program wrote other names into the frame */
        return;
    }
#endif
    /* A mapping that is there only because we looked would keep values alive, and goes again. */
    bool had_locals = frame->f_locals != NULL;
    PyObject *expected = interpreters_answer(object, optimized);
    if (expected == NULL) {
        passed_over++;
        return;
    }
    samples++;
    hidden_seen += !optimized && has_hidden(code);
    PyObject *merged = THP_PyFrame_GetLocals(frame, 1, NULL);
    compare("THP_PyFrame_GetLocals while running", code, expected, merged);
    Py_XDECREF(merged);
    if (THP_PyFrame_FastToLocalsWithError(frame, NULL) < 0 || (optimized && !same(expected, frame->f_locals))) {
        PyErr_Clear();
        mismatch("THP_PyFrame_FastToLocalsWithError while running", code, expected, frame->f_locals);
    }
    if (!had_locals) {
        Py_CLEAR(frame->f_locals);
#if PY_VERSION_HEX < 0x030D0000
        object->f_fast_as_locals = 0;
#endif
        PyObject *fresh = get_framelocals_mapping(frame);
        compare("get_framelocals_mapping while running", code, expected, fresh);
        Py_XDECREF(fresh);
    }
    PyErr_Clear();
    Py_DECREF(expected);
}

static PyObject *evaluate(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    if (!throwflag && !comparing && !PyErr_Occurred()) {
        comparing = true;
        compare_entry(frame);
        if (every && calls++ % every == 0) {
            PyFrameObject *caller = PyThreadState_GetFrame(tstate);
            if (caller != NULL) {
                compare_running(caller);
                Py_DECREF(caller);
            }
        }
        comparing = false;
    }
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

PyDoc_STRVAR(start_doc, "start(every): compare every frame at its entry, and the running frame at every n-th call.");
static PyObject *start(PyObject *module, PyObject *argument)
{
    (void)module;
    every = PyLong_AsUnsignedLongLong(argument);
    if (PyErr_Occurred()) {
        return NULL;
    }
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), evaluate);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stop_doc, "stop(): what has been compared, and the first mismatches.");
static PyObject *stop(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault);
    return Py_BuildValue("{sKsKsKsKsKsO}", "entries", entries, "samples", samples, "hidden", hidden_seen, "passed over",
        passed_over, "mismatches", mismatches, "descriptions", descriptions);
}

PyDoc_STRVAR(compare_frame_doc, "compare_frame(frame_object): compare a frame that runs or is suspended, now.");
static PyObject *compare_frame(PyObject *module, PyObject *object)
{
    (void)module;
    compare_running((PyFrameObject *)object);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"start", start, METH_O, start_doc},
    {"stop", stop, METH_NOARGS, stop_doc},
    {"compare_frame", compare_frame, METH_O, compare_frame_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "oracle",
    "The shim's locals against what is known otherwise.",
    -1,
    methods,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_oracle(void)
{
    if (PyFrameShim_CheckRuntime() < 0) {
        return NULL;
    }
    descriptions = PyList_New(0);
    return descriptions == NULL ? NULL : PyModule_Create(&definition);
}
