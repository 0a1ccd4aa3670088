/* watch_calls.watch(code): from now on the calls of a code object are counted, and the locals that each begins with are printed. */
#include <pyframe_shim.h>
#include <stdlib.h>

static Py_ssize_t calls; /* the place where a code object keeps how often it has been called */

static PyObject *show(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    Py_ssize_t *count = PyFrameShim_GetFreshExtra(frame, throwflag, calls);
    (void)data;
    if (count != NULL) {
        PyObject *locals = PyFrameShim_GetLocals(frame, 0);
        if (locals == NULL) {
            return PyFrameShim_Return(tstate, frame, NULL); /* the call ends with the exception */
        }
        PySys_FormatStdout("call %zd of %R: %R\n", ++*count, PyFrameShim_Function(frame), locals);
        Py_DECREF(locals);
    }
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

static PyObject *watch(PyObject *module, PyObject *code)
{
    Py_ssize_t *count = calloc(1, sizeof *count);
    (void)module;
    if (count == NULL) {
        return PyErr_NoMemory();
    }
    if (PyFrameShim_SetCodeExtra(code, calls, count) < 0) {
        free(count);
        return NULL;
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"watch", watch, METH_O, "watch(code): its calls are counted and printed from now on."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "watch_calls", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_watch_calls(void)
{
    if (PyFrameShim_CheckRuntime() < 0 || (calls = PyFrameShim_NewCodeExtra(free)) < 0) {
        return NULL;
    }
    return PyFrameShim_InstallHook(show, NULL) == NULL ? NULL : PyModule_Create(&definition);
}
