/* A client in C11: includes nothing but the installed headers, and takes every symbol's address and type. */
#include <cpython_defs.h>
#include <pyframe_shim.h>

static PyObject *use(PyObject *module, PyObject *args)
{
    (void)module;
    (void)args;
    int (*fast)(_PyInterpreterFrame *, int *) = THP_PyFrame_FastToLocalsWithError;
    PyObject *(*get)(_PyInterpreterFrame *, int, int *) = THP_PyFrame_GetLocals;
    PyObject *(*map)(_PyInterpreterFrame *) = get_framelocals_mapping;
    PyFunctionObject *(*copy)(PyFunctionObject *, PyCodeObject *) = _PyFunction_CopyWithNewCode;
    PyFrameObject *(*new_object)(const PyCodeObject *) = THP_PyFrame_New_NoTrack;
    PyFrameObject *(*make)(_PyInterpreterFrame *) = THP_PyFrame_MakeAndSetFrameObject;
    void (*clear)(_PyInterpreterFrame *) = THP_PyFrame_Clear;
    void *(*alloc)(size_t) = THP_PyObject_VirtualAlloc;
    void (*release)(void *, size_t) = THP_PyObject_VirtualFree;
    _PyInterpreterFrame *(*push)(PyThreadState *, size_t) = THP_PyThreadState_BumpFramePointerSlow;
    void (*pop)(PyThreadState *, _PyInterpreterFrame *) = THP_PyThreadState_PopFrame;
    const uint8_t **caches = &THP_PyOpcode_Caches;
    int *size = &THP_PyOpcode_Caches_size;
    if (!fast || !get || !map || !copy || !new_object || !make || !clear || !alloc || !release || !push || !pop || !*caches
        || *size != 256) {
        PyErr_SetString(PyExc_AssertionError, "a symbol is missing");
        return NULL;
    }
    init_THPCaches();
    /* A frame of ten words that nothing is put into. */
    PyThreadState *tstate = PyThreadState_Get();
    _PyInterpreterFrame *frame = push(tstate, 10);
    if (frame == NULL) {
        return NULL;
    }
    pop(tstate, frame);
    return PyUnicode_FromString(PyFrameShim_BuildInfo()->python_version);
}

static PyMethodDef methods[] = {
    {"use", use, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "client", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_client(void)
{
    return PyFrameShim_CheckRuntime() < 0 ? NULL : PyModule_Create(&definition);
}
