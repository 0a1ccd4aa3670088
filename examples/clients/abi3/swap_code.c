/* swap_code.swap(code, other): from now on `other` runs wherever `code` is called; None swaps it back.
 *
 * A compiler's whole client: one function that is asked for code. It is compiled once, for the limited API of CPython 3.11,
 * and takes the functions of pyframe-shim from the package that is installed: one wheel serves every CPython. */
#define Py_LIMITED_API 0x030B0000
#define PYFRAME_SHIM_USE_CAPSULE
#include <pyframe_shim.h>

static Py_ssize_t other_code; /* the place where a code object keeps what runs instead: a reference */

/* The code to run in the frame's place, new, or NULL: the frame runs as it is. */
static PyObject *ask(void *data, PyThreadState *tstate, PyFrameShim_Frame *frame)
{
    (void)data;
    (void)tstate;
    return Py_XNewRef((PyObject *)PyFrameShim_GetCodeExtra(PyFrameShim_Code(frame), other_code));
}

static void release(void *code)
{
    Py_XDECREF((PyObject *)code);
}

static PyObject *swap(PyObject *module, PyObject *args)
{
    PyObject *code, *other;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &code, &other)) {
        return NULL;
    }
    PyObject *kept = other == Py_None ? NULL : Py_NewRef(other);
    if (PyFrameShim_SetCodeExtra(code, other_code, kept) < 0) {
        Py_XDECREF(kept);
        return NULL;
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"swap", swap, METH_VARARGS, "swap(code, other): `other` runs wherever `code` is called; None swaps it back."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "swap_code", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_swap_code(void)
{
    if (PyFrameShim_Import() < 0 || (other_code = PyFrameShim_NewCodeExtra(release)) < 0) {
        return NULL;
    }
    return PyFrameShim_InstallCodeHook(ask, NULL) == NULL ? NULL : PyModule_Create(&definition);
}
