/* What it costs to take a frame over: hooks that find other code for a frame and run it, in several ways, and one that does
 * nothing. */
#include <Python.h>

#include <time.h>

#include "../../tests/ext/shadow/frames.h"
#include "cpython_defs.h"
#include "pyframe_shim.h"

typedef PyObject *(*Evaluator)(PyThreadState *, PyFrameShim_Frame *, int);
PyAPI_FUNC(PyObject *) _PyEval_EvalFrameDefault(PyThreadState *, PyFrameShim_Frame *, int);
PyAPI_FUNC(void) _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState *, Evaluator);

static Py_ssize_t place = -1;
static PyFrameShim_Hook *installed;

static PyObject *bare(PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

/* A shadow frame with a copy of the function, and its bookkeeping, as PyTorch has it, on the functions of cpython_defs.h. */
static PyObject *shadow(PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    PyCodeObject *code = throwflag ? NULL : PyFrameShim_GetCodeExtra((PyObject *)frame_code(frame), place);
    if (code == NULL || frame_eligibility(frame, throwflag) != FRAME_ELIGIBLE) {
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    }
    PyFunctionObject *function = _PyFunction_CopyWithNewCode(frame_function(frame), code);
    PyFrameShim_Frame *other = function == NULL ? NULL : THP_PyThreadState_BumpFramePointerSlow(tstate, frame_words(code));
    if (other == NULL) {
        Py_FatalError("no memory for a measurement");
    }
    frame_init(other, function);
    frame_move_arguments(frame, other, false);
    PyObject *result = _PyEval_EvalFrameDefault(tstate, other, 0);
    PyFrameShim_Frame *left = PY_VERSION_HEX >= 0x030C0000 ? frame : other;
    THP_PyFrame_Clear(left);
    THP_PyThreadState_PopFrame(tstate, left);
    return result;
}

static PyObject *pass_on(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    (void)data;
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

static PyObject *eval_code(
    PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag, unsigned flags)
{
    PyObject *code = PyFrameShim_GetFreshExtra(frame, throwflag, place);
    if (code == NULL) {
        return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
    }
    return PyFrameShim_EvalCode(hook, tstate, frame, code, NULL, flags);
}

static PyObject *in_place(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    (void)data;
    return eval_code(hook, tstate, frame, throwflag, 0);
}

static PyObject *shared(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    (void)data;
    return eval_code(hook, tstate, frame, throwflag, PYFRAME_SHIM_ALWAYS_SHADOW);
}

static PyObject *code_hook(void *data, PyThreadState *tstate, PyFrameShim_Frame *frame)
{
    (void)data;
    (void)tstate;
    return Py_XNewRef((PyObject *)PyFrameShim_GetCodeExtra(PyFrameShim_Code(frame), place));
}

static const struct {
    const char *name;
    Evaluator evaluator;
    PyFrameShim_HookFunction hook;
    PyFrameShim_CodeHookFunction code_hook;
} ways[] = {
    {"none", _PyEval_EvalFrameDefault, NULL, NULL},
    {"hook", bare, NULL, NULL},
    {"chained", NULL, pass_on, NULL},
    {"shadow", shadow, NULL, NULL},
    {"shared", NULL, shared, NULL},
    {"in place", NULL, in_place, NULL},
    {"code hook", NULL, NULL, code_hook},
};

/* use(way): one of the names above. */
static PyObject *use(PyObject *module, PyObject *argument)
{
    const char *name = PyUnicode_AsUTF8(argument);
    (void)module;
    if (name == NULL || (installed != NULL && PyFrameShim_RemoveHook(installed) < 0)) {
        return NULL;
    }
    installed = NULL;
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        if (strcmp(ways[way].name, name) != 0) {
            continue;
        }
        if (ways[way].evaluator != NULL) {
            _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), ways[way].evaluator);
            Py_RETURN_NONE;
        }
        _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault);
        installed = ways[way].hook ? PyFrameShim_InstallHook(ways[way].hook, NULL)
                                   : PyFrameShim_InstallCodeHook(ways[way].code_hook, NULL);
        return installed == NULL ? NULL : Py_NewRef(Py_None);
    }
    return PyErr_Format(PyExc_ValueError, "there is no way %s", name);
}

/* replace(code, other): the code that is found for a frame. None: no other. */
static PyObject *replace(PyObject *module, PyObject *args)
{
    PyObject *code, *other;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &code, &other)) {
        return NULL;
    }
    /* Kept for ever: there are a dozen. */
    if (PyFrameShim_SetCodeExtra(code, place, other == Py_None ? NULL : Py_NewRef(other)) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Around the calls, for callgrind to count between. */
__attribute__((noinline)) PyObject *hooks_counted(PyObject *function, PyObject *const *arguments, Py_ssize_t count, long times)
{
    PyObject *result = NULL;
    for (long turn = 0; turn < times; turn++) {
        Py_XSETREF(result, PyObject_Vectorcall(function, arguments, (size_t)count, NULL));
        if (result == NULL) {
            break;
        }
    }
    return result;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* calls(function, arguments, times): nanoseconds a call. */
static PyObject *calls(PyObject *module, PyObject *args)
{
    PyObject *function, *arguments;
    long times;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO!l", &function, &PyTuple_Type, &arguments, &times)) {
        return NULL;
    }
    double began = now();
    PyObject *result = hooks_counted(function, &PyTuple_GET_ITEM(arguments, 0), PyTuple_GET_SIZE(arguments), times);
    if (result == NULL) {
        return NULL;
    }
    Py_DECREF(result);
    return PyFloat_FromDouble((now() - began) / (double)times);
}

/* Reading the locals of a frame that is about to run, many times. */
static struct {
    bool mapping;
    long times;
    double nanoseconds;
} reading;

/* For callgrind to count between. */
__attribute__((noinline)) void hooks_read(PyFrameShim_Frame *frame)
{
    PyObject *values[256];
    for (long turn = 0; turn < reading.times; turn++) {
        if (reading.mapping) {
            Py_XDECREF(get_framelocals_mapping(frame));
        } else {
            PyFrameShim_FillValues(frame, values, 256);
        }
    }
}

static PyObject *read_often(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    double began = now();
    (void)data;
    hooks_read(frame);
    reading.nanoseconds = (now() - began) / (double)reading.times;
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

/* read(function, arguments, mapping, times): nanoseconds for reading the locals with which the call begins. */
static PyObject *read_locals(PyObject *module, PyObject *args)
{
    PyObject *function, *arguments;
    int mapping;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO!pl", &function, &PyTuple_Type, &arguments, &mapping, &reading.times)) {
        return NULL;
    }
    reading.mapping = mapping;
    PyFrameShim_Hook *hook = PyFrameShim_InstallHook(read_often, NULL);
    PyObject *result = hook == NULL ? NULL : PyObject_Call(function, arguments, NULL);
    if (result == NULL || PyFrameShim_RemoveHook(hook) < 0) {
        return NULL;
    }
    Py_DECREF(result);
    return PyFloat_FromDouble(reading.nanoseconds);
}

static PyMethodDef methods[] = {
    {"read", read_locals, METH_VARARGS, NULL},
    {"use", use, METH_O, NULL},
    {"replace", replace, METH_VARARGS, NULL},
    {"calls", calls, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "hooks", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit_hooks(void)
{
    if (PyFrameShim_CheckRuntime() < 0 || (place = PyFrameShim_NewCodeExtra(NULL)) < 0) {
        return NULL;
    }
    return PyModule_Create(&definition);
}
