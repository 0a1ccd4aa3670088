/* first_locals.of(function, *arguments): the locals with which the call of a Python function begins.
 *
 * A hook is there while the function is called, and reads the first frame of the thread that it sees. */
#include <pyframe_shim.h>

typedef struct {
    PyThreadState *thread; /* whose next frame is read; NULL once it has been */
    PyObject *locals;
} Watch;

static PyObject *read_first(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    Watch *watch = data;
    if (tstate == watch->thread) {
        watch->thread = NULL;
        watch->locals = PyFrameShim_GetLocals(frame, 0);
        if (watch->locals == NULL) {
            return PyFrameShim_Return(tstate, frame, NULL); /* the call ends with the exception */
        }
    }
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

static PyObject *of(PyObject *module, PyObject *args)
{
    (void)module;
    if (PyTuple_GET_SIZE(args) == 0) {
        PyErr_SetString(PyExc_TypeError, "which function?");
        return NULL;
    }
    PyObject *arguments = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args));
    /* On the heap: another thread may be in the hook while this one leaves. It is so small that it stays. */
    Watch *watch = PyMem_Calloc(1, sizeof *watch);
    PyFrameShim_Hook *hook = arguments == NULL || watch == NULL ? NULL : PyFrameShim_InstallHook(read_first, watch);
    if (hook == NULL) {
        Py_XDECREF(arguments);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    watch->thread = PyThreadState_Get();
    PyObject *result = PyObject_Call(PyTuple_GET_ITEM(args, 0), arguments, NULL);
    watch->thread = NULL;
    Py_DECREF(arguments);
    if (PyFrameShim_RemoveHook(hook) < 0 || result == NULL) {
        Py_XDECREF(result);
        Py_CLEAR(watch->locals);
        return NULL;
    }
    Py_DECREF(result);
    if (watch->locals == NULL) {
        PyErr_SetString(PyExc_ValueError, "that is no Python function");
    }
    return watch->locals;
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
