// call_log.record(function): calls it, and returns the locals of each Python frame that is entered meanwhile, as they are
// then: the arguments of a call, whatever a generator holds when it goes on.
//
// An evaluation hook (PEP 523) reads the frame before it runs.

#include <cpython_defs.h>
#include <pyframe_shim.h>

namespace {

// Where the calls go: a list, borrowed from record(), and the thread whose calls they are.
struct {
    PyObject *list;
    PyThreadState *thread;
} log_to;

bool write_down(_PyInterpreterFrame *frame)
{
    PyObject *locals = get_framelocals_mapping(frame);
    const bool kept = locals != nullptr && PyList_Append(log_to.list, locals) == 0;
    Py_XDECREF(locals);
    return kept;
}

PyObject *evaluate(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    // With throwflag, an exception is set already: it is about to be thrown into a generator.
    if (tstate == log_to.thread && !throwflag && !write_down(frame)) {
        // The frame is CPython's to evaluate whatever happens here.
        PyErr_WriteUnraisable(nullptr);
    }
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

PyObject *record(PyObject *, PyObject *function)
{
    PyObject *list = PyList_New(0);
    if (list == nullptr) {
        return nullptr;
    }
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    const auto hook_before = _PyInterpreterState_GetEvalFrameFunc(interpreter);
    const auto log_before = log_to;
    _PyInterpreterState_SetEvalFrameFunc(interpreter, evaluate);
    log_to = {list, PyThreadState_Get()};
    PyObject *result = PyObject_CallNoArgs(function);
    log_to = log_before;
    _PyInterpreterState_SetEvalFrameFunc(interpreter, hook_before);
    if (result == nullptr) {
        Py_CLEAR(list);
    }
    Py_XDECREF(result);
    return list;
}

PyMethodDef methods[] = {
    {"record", record, METH_O, "record(function): calls it; the locals of each frame that is entered meanwhile."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "call_log", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_call_log()
{
    return PyFrameShim_CheckRuntime() < 0 ? nullptr : PyModule_Create(&module);
}
