/* The probe: the hook that shows frames before they are evaluated. */
#include "probe.h"

static PyObject *watched_code, *watcher, *driven;

static bool settles;

static _Thread_local bool in_watcher;

static PyObject *discard(PyThreadState *tstate, _PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030C0000
    THP_PyFrame_Clear(frame);
    THP_PyThreadState_PopFrame(tstate, frame);
#else
    (void)tstate, (void)frame;
#endif
    return NULL;
}

static PyObject *evaluate(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    if ((PyObject *)CODE(frame) != watched_code || in_watcher || throwflag) {
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    }
    in_watcher = true;
    PyObject *result = PyObject_CallFunction(watcher, "N", PyLong_FromVoidPtr(frame));
    in_watcher = false;
    if (result == NULL) {
        return discard(tstate, frame);
    }
    Py_DECREF(result);
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

PyDoc_STRVAR(hook_doc, "hook(code, callback): call callback(frame) before each frame of the code is evaluated.\n"
                       "If it raises, the frame is discarded as PEP 523 asks for.");
static PyObject *hook(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *code, *callback;
    if (!PyArg_ParseTuple(args, "O!O", &PyCode_Type, &code, &callback)) {
        return NULL;
    }
    Py_XSETREF(watched_code, Py_NewRef(code));
    Py_XSETREF(watcher, Py_NewRef(callback));
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), evaluate);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(unhook_doc, "unhook(): evaluate everything as usual again.");
static PyObject *unhook(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault);
    Py_CLEAR(watched_code);
    Py_CLEAR(watcher);
    Py_CLEAR(driven);
    Py_RETURN_NONE;
}

/* Evaluates a frame, and lets another generator run behind that. */
static PyObject *drive(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    bool of_generator = frame->owner == FRAME_OWNED_BY_GENERATOR && (PyObject *)CODE(frame) == watched_code;
    PyObject *result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    if (of_generator) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        Py_XDECREF(PyIter_Next(driven));
        PyErr_Restore(type, value, traceback);
        if (settles) {
            PyFrameShim_SetGeneratorReturnKind(tstate, frame);
        }
    }
    return result;
}

PyDoc_STRVAR(driving_hook_doc,
    "driving_hook(code, generator, settle): a hook that is not the library's, and asks the generator for a\n"
    "value behind the evaluation of each generator's frame of the code.");
static PyObject *driving_hook(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *code, *generator;
    int settle;
    if (!PyArg_ParseTuple(args, "O!Op", &PyCode_Type, &code, &generator, &settle)) {
        return NULL;
    }
    Py_XSETREF(watched_code, Py_NewRef(code));
    Py_XSETREF(driven, Py_NewRef(generator));
    settles = settle;
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), drive);
    Py_RETURN_NONE;
}

static _PyFrameEvalFunction previous;

static PyObject *foreign(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    return (previous ? previous : _PyEval_EvalFrameDefault)(tstate, frame, throwflag);
}

PyDoc_STRVAR(
    foreign_hook_doc, "foreign_hook(on): a hook that does nothing, and remembers what was set before it as PyTorch's does.");
static PyObject *foreign_hook(PyObject *module, PyObject *on)
{
    (void)module;
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    _PyFrameEvalFunction now = _PyInterpreterState_GetEvalFrameFunc(interpreter);
    if (on == Py_True && now != foreign) {
        previous = now;
        _PyInterpreterState_SetEvalFrameFunc(interpreter, foreign);
    } else if (on == Py_False && now == foreign) {
        _PyInterpreterState_SetEvalFrameFunc(interpreter, previous);
        previous = NULL;
    }
    Py_RETURN_NONE;
}

PyMethodDef probe_hook[] = {
    METHOD(driving_hook, METH_VARARGS),
    METHOD(foreign_hook, METH_O),
    METHOD(hook, METH_VARARGS),
    METHOD(unhook, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};
