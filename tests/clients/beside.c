/* An extension that links a second Rust static library, and code that defines CPython's own internal names, as a static
 * libpython does. */
#include <cpython_defs.h>
#include <pyframe_shim.h>

int other_rust_library(void);

/* What the headers of some minor define with external linkage, and what libpython has but does not export. */
const uint8_t _PyOpcode_Caches[256] = {1};
const uint8_t _PyOpcode_Deopt[256] = {1};
const uint32_t _PyOpcode_Jump[9] = {1};
const char *_PyOpcode_OpName[268] = {0};
const int _PyOpcode_opcode_metadata[268] = {0};
const int _PyOpcode_macro_expansion[256] = {0};
const int _PyOpcode_PseudoTargets[12] = {0};
int _PyOpcode_num_popped(int opcode, int oparg);
int _PyOpcode_num_pushed(int opcode, int oparg);
int _PyOpcode_num_popped(int opcode, int oparg)
{
    return opcode + oparg;
}
int _PyOpcode_num_pushed(int opcode, int oparg)
{
    return opcode + oparg;
}
void _PyFrame_Clear(void *frame);
void _PyFrame_Clear(void *frame)
{
    (void)frame;
}
void _PyFrame_ClearExceptCode(void *frame);
void _PyFrame_ClearExceptCode(void *frame)
{
    (void)frame;
}
void *_PyFrame_MakeAndSetFrameObject(void *frame);
void *_PyFrame_MakeAndSetFrameObject(void *frame)
{
    return frame;
}
void *_PyFrame_New_NoTrack(void *code);
void *_PyFrame_New_NoTrack(void *code)
{
    return code;
}
void *_PyObject_VirtualAlloc(size_t size);
void *_PyObject_VirtualAlloc(size_t size)
{
    return size ? NULL : NULL;
}

static PyObject *use(PyObject *module, PyObject *args)
{
    (void)module;
    (void)args;
    return Py_BuildValue("iii", other_rust_library(), _PyOpcode_Caches[0], THP_PyOpcode_Caches[0]);
}

static PyMethodDef methods[] = {
    {"use", use, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "beside", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_beside(void)
{
    return PyFrameShim_CheckRuntime() < 0 ? NULL : PyModule_Create(&definition);
}
