/* frame_compiler.set(compile): `compile(function)` is asked about each code object once, and answers with another function,
 * which runs wherever the code is called from then on, or with None. None instead of a function takes it away.
 *
 * The whole C of a compiler that is written in Python. */
#include <pyframe_shim.h>

static Py_ssize_t compiled; /* the place where a code object keeps the answer: a reference */
static PyObject *compiler;
static PyFrameShim_Hook *hook;

static PyObject *ask(void *data, PyThreadState *tstate, PyFrameShim_Frame *frame)
{
    PyObject *code = PyFrameShim_Code(frame), *function = PyFrameShim_Function(frame);
    PyObject *answer = PyFrameShim_GetCodeExtra(code, compiled);
    (void)data;
    (void)tstate;
    if (answer == NULL && function != NULL) {
        PyObject *compile = Py_NewRef(compiler); /* it may set another */
        answer = PyObject_CallOneArg(compile, function);
        Py_DECREF(compile);
        if (answer == NULL || PyFrameShim_SetCodeExtra(code, compiled, answer) < 0) {
            Py_XDECREF(answer);
            return NULL; /* the call ends with the exception */
        }
    }
    return answer == NULL || answer == Py_None ? NULL : Py_NewRef(answer);
}

static void release(void *answer)
{
    Py_XDECREF((PyObject *)answer);
}

static PyObject *set(PyObject *module, PyObject *compile)
{
    (void)module;
    if (hook != NULL && PyFrameShim_RemoveHook(hook) < 0) {
        return NULL;
    }
    hook = NULL;
    Py_XSETREF(compiler, compile == Py_None ? NULL : Py_NewRef(compile));
    if (compiler != NULL && (hook = PyFrameShim_InstallCodeHook(ask, NULL)) == NULL) {
        return NULL;
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"set", set, METH_O, "set(compile): asked about each code object that is called; None takes it away."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "frame_compiler", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_frame_compiler(void)
{
    if (PyFrameShim_CheckRuntime() < 0 || (compiled = PyFrameShim_NewCodeExtra(release)) < 0) {
        return NULL;
    }
    return PyModule_Create(&definition);
}
