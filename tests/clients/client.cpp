// A client in C++17: includes nothing but the installed headers.
#include <cpython_defs.h>
#include <pyframe_shim.h>

#include <type_traits>

static_assert(std::is_same_v<decltype(&THP_PyFrame_FastToLocalsWithError), int (*)(_PyInterpreterFrame *, int *)>);
static_assert(std::is_same_v<decltype(&THP_PyFrame_Clear), void (*)(_PyInterpreterFrame *)>);
static_assert(std::is_same_v<decltype(THP_PyOpcode_Caches), const uint8_t *>);
static_assert(std::is_same_v<decltype(THP_PyOpcode_Caches_size), int>);

static PyObject *use(PyObject *, PyObject *)
{
    PyThreadState *tstate = PyThreadState_Get();
    _PyInterpreterFrame *frame = THP_PyThreadState_BumpFramePointerSlow(tstate, 10);
    if (frame == nullptr) {
        return nullptr;
    }
    THP_PyThreadState_PopFrame(tstate, frame);
    return PyUnicode_FromString(PyFrameShim_BuildInfo()->python_version);
}

static PyMethodDef methods[] = {
    {"use", use, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "client", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit_client(void)
{
    return PyFrameShim_CheckRuntime() < 0 ? nullptr : PyModule_Create(&definition);
}
