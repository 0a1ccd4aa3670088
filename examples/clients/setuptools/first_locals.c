/* first_locals.of(function, *arguments): the locals with which the call of a Python function begins.
 *
 * An evaluation hook (PEP 523) is there while the function is called, and reads the first frame that it sees. */
#include <cpython_defs.h>
#include <pyframe_shim.h>

static PyThreadState *watched; /* the thread whose next frame is read; NULL: none */
static PyObject *seen;

static PyObject *evaluate(PyThreadState *tstate, struct _PyInterpreterFrame *frame, int throwflag)
{
    if (tstate == watched) {
        watched = NULL;
        seen = get_framelocals_mapping(frame);
        if (seen == NULL) {
            /* The frame is CPython's to evaluate whatever happens here. */
            PyErr_WriteUnraisable(NULL);
        }
    }
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

static PyObject *of(PyObject *module, PyObject *args)
{
    (void)module;
    if (PyTuple_GET_SIZE(args) == 0) {
        PyErr_SetString(PyExc_TypeError, "which function?");
        return NULL;
    }
    PyObject *arguments = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args));
    if (arguments == NULL) {
        return NULL;
    }
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    _PyFrameEvalFunction before = _PyInterpreterState_GetEvalFrameFunc(interpreter);
    _PyInterpreterState_SetEvalFrameFunc(interpreter, evaluate);
    watched = PyThreadState_Get();
    PyObject *result = PyObject_Call(PyTuple_GET_ITEM(args, 0), arguments, NULL);
    watched = NULL;
    _PyInterpreterState_SetEvalFrameFunc(interpreter, before);
    Py_DECREF(arguments);

    PyObject *locals = seen;
    seen = NULL;
    if (result == NULL) {
        Py_XDECREF(locals);
        return NULL;
    }
    Py_DECREF(result);
    if (locals == NULL) {
        PyErr_SetString(PyExc_ValueError, "that is no Python function");
    }
    return locals;
}

static PyMethodDef methods[] = {
    {"of", of, METH_VARARGS, "of(function, *arguments): calls it; the locals with which the call began."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "first_locals", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_first_locals(void)
{
    if (PyFrameShim_CheckRuntime() < 0) {
        return NULL;
    }
    return PyModule_Create(&module);
}
