// call_log.record(function): calls it, and returns the locals of each Python frame that is entered meanwhile, as they are
// then: the arguments of a call, whatever a generator holds when it goes on.

#include <pyframe_shim.h>

namespace {

// Where the calls go, and the thread whose calls they are.
struct Log {
    PyObject *list;
    PyThreadState *thread;
};

bool write_down(PyObject *list, PyFrameShim_Frame *frame)
{
    PyObject *locals = PyFrameShim_GetLocals(frame, 0);
    const bool kept = locals != nullptr && PyList_Append(list, locals) == 0;
    Py_XDECREF(locals);
    return kept;
}

PyObject *evaluate(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    const Log &log = *static_cast<Log *>(data);
    // With throwflag, an exception is set already: it is about to be thrown into a generator.
    if (tstate == log.thread && !throwflag && !write_down(log.list, frame)) {
        return PyFrameShim_Return(tstate, frame, nullptr); // the call ends with the exception
    }
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

PyObject *record(PyObject *, PyObject *function)
{
    PyObject *list = PyList_New(0);
    if (list == nullptr) {
        return nullptr;
    }
    // Never freed: another thread may be in the hook while this one leaves.
    Log *log = new Log{list, PyThreadState_Get()};
    PyFrameShim_Hook *hook = PyFrameShim_InstallHook(evaluate, log);
    PyObject *result = hook == nullptr ? nullptr : PyObject_CallNoArgs(function);
    log->thread = nullptr;
    if (hook == nullptr || PyFrameShim_RemoveHook(hook) < 0 || result == nullptr) {
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
