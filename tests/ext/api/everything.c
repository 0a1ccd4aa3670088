/* Every frame of a program taken over, with code that Python makes once for each code object: for CPython's own tests, random
 * programs and measurements. */
#include "api.h"

static struct {
    PyFrameShim_Hook *hook;
    PyObject *make; /* code -> other code; NULL: the frame's own */
    unsigned flags;
    Py_ssize_t place; /* the code extra that holds the other code, or the code itself where there is none */
    unsigned long long seen, taken_over, refused;
} all = {.place = -1};

static _Thread_local bool making;

/* What makes other code is Python, and no tracer, profiler or monitoring tool may see it. Not of the limited API, and
 * exported by every minor from 3.11 on. */
PyAPI_FUNC(void) PyThreadState_EnterTracing(PyThreadState *tstate);
PyAPI_FUNC(void) PyThreadState_LeaveTracing(PyThreadState *tstate);

static void release(void *extra)
{
    Py_XDECREF((PyObject *)extra);
}

/* The code to run in the place of `code`: borrowed; NULL with an exception. */
static PyObject *other_code(PyObject *code)
{
    /* (make, other): what an earlier `make` has made is not wanted. */
    PyObject *pair = PyFrameShim_GetCodeExtra(code, all.place);
    if (pair != NULL && PyTuple_GetItem(pair, 0) == all.make) {
        return PyTuple_GetItem(pair, 1);
    }
    PyObject *other;
    PyThreadState *tstate = PyThreadState_Get();
    making = true;
    PyThreadState_EnterTracing(tstate);
    PyObject *make = Py_NewRef(all.make);
    other = PyObject_CallFunctionObjArgs(make, code, NULL);
    Py_DECREF(make);
    PyThreadState_LeaveTracing(tstate);
    making = false;
    pair = other == NULL ? NULL : PyTuple_Pack(2, all.make, other);
    Py_XDECREF(other);
    if (pair != NULL && PyFrameShim_SetCodeExtra(code, all.place, pair) < 0) {
        Py_CLEAR(pair);
    }
    return pair == NULL ? NULL : PyTuple_GetItem(pair, 1);
}

static PyObject *take_over(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    (void)data;
    all.seen++;
    if (throwflag || making || !PyFrameShim_IsFresh(frame, throwflag)) {
        return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
    }
    PyObject *code = PyFrameShim_Code(frame);
    PyObject *other = all.make == NULL ? code : other_code(code);
    if (other == NULL) {
        return PyFrameShim_Return(tstate, frame, NULL);
    }
    if (other == Py_None || PyFrameShim_CanEvalCode(frame, throwflag, other, NULL) != PYFRAME_SHIM_FITS) {
        all.refused++;
        return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
    }
    all.taken_over++;
    return PyFrameShim_EvalCode(hook, tstate, frame, other, NULL, all.flags);
}

static PyObject *watch(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    (void)data;
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

static PyObject *stop(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    if (all.hook != NULL && PyFrameShim_RemoveHook(all.hook) < 0) {
        return NULL;
    }
    all.hook = NULL;
    Py_CLEAR(all.make);
    Py_RETURN_NONE;
}

static PyObject *start(PyFrameShim_HookFunction function, PyObject *make, unsigned flags)
{
    if (all.hook != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "everything is taken over already");
        return NULL;
    }
    all.make = make == Py_None ? NULL : Py_NewRef(make);
    all.flags = flags;
    all.seen = all.taken_over = all.refused = 0;
    all.hook = PyFrameShim_InstallHook(function, NULL);
    if (all.hook == NULL) {
        Py_CLEAR(all.make);
        return NULL;
    }
    Py_RETURN_NONE;
}

/* take_over_everything(make, flags=0): `make` gets code, and returns other code, or None. */
static PyObject *take_over_everything(PyObject *module, PyObject *args)
{
    PyObject *make = NULL;
    unsigned flags = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "O|I", &make, &flags)) {
        return NULL;
    }
    /* There are 255 places. */
    if (all.place < 0 && (all.place = PyFrameShim_NewCodeExtra(release)) < 0) {
        return NULL;
    }
    return start(take_over, make, flags);
}

static PyObject *watch_everything(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    return start(watch, Py_None, 0);
}

static PyObject *counts(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    return Py_BuildValue("{sKsKsK}", "seen", all.seen, "taken_over", all.taken_over, "refused", all.refused);
}

PyMethodDef everything_methods[] = {
    {"take_over_everything", take_over_everything, METH_VARARGS, NULL},
    {"watch_everything", watch_everything, METH_NOARGS, NULL},
    {"stop", stop, METH_NOARGS, NULL},
    {"counts", counts, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
