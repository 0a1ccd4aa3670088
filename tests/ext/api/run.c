/* Hooks that Python code drives, and what they do with a frame. */
#include "api.h"

#include <stdlib.h>

/* A hook: the data of PyFrameShim_InstallHook. Never freed: a call of its function may not have returned. Not of Python's
 * memory, whose blocks tests count. */
typedef struct Hook {
    PyFrameShim_Hook *hook;
    PyObject *callback;
    struct Hook *earlier;
} Hook;

/* Those that are not installed any more. */
static Hook *removed;

static _Thread_local bool in_callback;

/* The caller of the frame that a callback was asked about last. */
static PyFrameShim_Frame *caller;

static PyObject *last_caller(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    return address(caller);
}

/* no_thread(): the next EvalCode and Return of a hook get NULL for the thread state. */
static bool without_thread;

static PyObject *no_thread(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    without_thread = true;
    Py_RETURN_NONE;
}

static PyObject *eval_code(PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, PyObject *answer)
{
    PyObject *code, *function = NULL;
    unsigned flags = 0;
    if (!PyArg_ParseTuple(answer, "O|OI", &code, &function, &flags)) {
        return PyFrameShim_Return(tstate, frame, NULL);
    }
    return PyFrameShim_EvalCode(hook, tstate, frame, code, function == Py_None ? NULL : function, flags);
}

/* What a callback answers: None for the frame as it is, a tuple for EvalCode, a list of one or none for Return, "default", "next". */
static PyObject *act(PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag, PyObject *answer)
{
    if (answer == NULL) {
        return PyFrameShim_Return(tstate, frame, NULL);
    }
    if (without_thread && (PyTuple_Check(answer) || PyList_Check(answer) || PyUnicode_Check(answer))) {
        without_thread = false;
        tstate = NULL;
    }
    if (PyTuple_Check(answer)) {
        return eval_code(hook, tstate, frame, answer);
    }
    if (PyList_Check(answer)) {
        return PyFrameShim_Return(tstate, frame, PyList_Size(answer) ? Py_NewRef(PyList_GetItem(answer, 0)) : NULL);
    }
    if (PyUnicode_Check(answer)) {
        bool is_next = PyUnicode_CompareWithASCIIString(answer, "next") == 0;
        return is_next ? PyFrameShim_EvalNext(hook, tstate, frame, throwflag)
                       : PyFrameShim_EvalDefault(tstate, frame, throwflag);
    }
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

static PyObject *call_back(PyFrameShim_Hook *handle, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag)
{
    Hook *hook = data;
    /* No Python code may run before an exception is there that is thrown into a frame. */
    if (in_callback || throwflag || hook->callback == NULL) {
        return PyFrameShim_EvalNext(handle, tstate, frame, throwflag);
    }
    in_callback = true;
    caller = PyFrameShim_Previous(frame);
    PyObject *callback = Py_NewRef(hook->callback);
    PyObject *where = PyLong_FromVoidPtr(frame);
    PyObject *answer = where == NULL ? NULL : PyObject_CallFunctionObjArgs(callback, where, NULL);
    Py_XDECREF(where);
    Py_DECREF(callback);
    in_callback = false;
    PyObject *result = act(handle, tstate, frame, throwflag, answer);
    Py_XDECREF(answer);
    return result;
}

/* both(answer, exception): a code hook's callback that returns this leaves the exception set as well. */
static PyObject *both(PyObject *module, PyObject *args)
{
    (void)module;
    return PySequence_List(args);
}

static PyObject *code_call_back(void *data, PyThreadState *tstate, PyFrameShim_Frame *frame)
{
    Hook *hook = data;
    (void)tstate;
    PyObject *where = PyLong_FromVoidPtr(frame);
    PyObject *answer = where == NULL ? NULL : PyObject_CallFunctionObjArgs(hook->callback, where, NULL);
    Py_XDECREF(where);
    if (answer == Py_None) {
        Py_DECREF(answer);
        return NULL;
    }
    if (answer != NULL && PyList_Check(answer)) {
        PyErr_SetNone(PyList_GetItem(answer, 1));
        PyObject *with_exception = Py_NewRef(PyList_GetItem(answer, 0));
        Py_DECREF(answer);
        return with_exception;
    }
    return answer;
}

static PyObject *installed(PyObject *callback, bool of_code)
{
    Hook *hook = malloc(sizeof *hook);
    if (hook == NULL) {
        return PyErr_NoMemory();
    }
    hook->callback = Py_NewRef(callback);
    hook->hook = of_code ? PyFrameShim_InstallCodeHook(code_call_back, hook) : PyFrameShim_InstallHook(call_back, hook);
    if (hook->hook == NULL) {
        Py_DECREF(callback);
        free(hook);
        return NULL;
    }
    return PyLong_FromVoidPtr(hook);
}

static PyObject *install(PyObject *module, PyObject *callback)
{
    (void)module;
    return installed(callback, false);
}

static PyObject *install_code_hook(PyObject *module, PyObject *callback)
{
    (void)module;
    return installed(callback, true);
}

static PyObject *remove_hook(PyObject *module, PyObject *argument)
{
    Hook *hook = PyLong_AsVoidPtr(argument);
    (void)module;
    if (hook == NULL || PyFrameShim_RemoveHook(hook->hook) < 0) {
        return NULL;
    }
    /* This may be called from inside of the hook. */
    hook->earlier = removed;
    removed = hook;
    Py_CLEAR(hook->callback);
    Py_RETURN_NONE;
}

static PyObject *can_eval_code(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    PyObject *code, *function = NULL;
    int throwflag = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&O|Oi", to_frame, &frame, &code, &function, &throwflag)) {
        return NULL;
    }
    int reason =
        PyFrameShim_CanEvalCode(frame, throwflag, code == Py_None ? NULL : code, function == Py_None ? NULL : function);
    return reason < 0 ? NULL : Py_BuildValue("(is)", reason, PyFrameShim_Reason(reason));
}

/* What a mistaken client would do with a frame that is no hook's to consume. */
static PyObject *eval_code_now(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    PyObject *code;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &code)) {
        return NULL;
    }
    return PyFrameShim_EvalCode(NULL, PyThreadState_Get(), frame, code, NULL, 0);
}

static PyObject *return_now(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    PyObject *result;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &result)) {
        return NULL;
    }
    return PyFrameShim_Return(PyThreadState_Get(), frame, Py_NewRef(result));
}

static PyObject *copy_function(PyObject *module, PyObject *args)
{
    PyObject *function, *code, *closure = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO|O", &function, &code, &closure)) {
        return NULL;
    }
    return PyFrameShim_CopyFunction(function, code, closure == Py_None ? NULL : closure);
}

static void release(void *extra)
{
    Py_XDECREF((PyObject *)extra);
}

static PyObject *new_extra(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    Py_ssize_t place = PyFrameShim_NewCodeExtra(release);
    return place < 0 ? NULL : PyLong_FromSsize_t(place);
}

static PyObject *get_extra(PyObject *module, PyObject *args)
{
    PyObject *code;
    Py_ssize_t place;
    (void)module;
    if (!PyArg_ParseTuple(args, "On", &code, &place)) {
        return NULL;
    }
    PyObject *extra = PyFrameShim_GetCodeExtra(code, place);
    if (extra == NULL && PyErr_Occurred()) {
        return NULL;
    }
    return Py_NewRef(extra == NULL ? Py_None : extra);
}

static PyObject *set_extra(PyObject *module, PyObject *args)
{
    PyObject *code, *extra;
    Py_ssize_t place;
    (void)module;
    if (!PyArg_ParseTuple(args, "OnO", &code, &place, &extra)) {
        return NULL;
    }
    if (PyFrameShim_SetCodeExtra(code, place, Py_NewRef(extra)) < 0) {
        Py_DECREF(extra);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *opcode_caches(PyObject *module, PyObject *none)
{
    Py_ssize_t count;
    (void)module;
    (void)none;
    const unsigned char *caches = PyFrameShim_OpcodeCaches(&count);
    return PyBytes_FromStringAndSize((const char *)caches, count);
}

static PyObject *body_offset(PyObject *module, PyObject *code)
{
    (void)module;
    int offset = PyFrameShim_BodyOffset(code);
    return offset < 0 ? NULL : PyLong_FromLong(offset);
}

PyMethodDef run_methods[] = {
    {"install", install, METH_O, NULL},
    {"install_code_hook", install_code_hook, METH_O, NULL},
    {"remove", remove_hook, METH_O, NULL},
    {"both", both, METH_VARARGS, NULL},
    {"no_thread", no_thread, METH_NOARGS, NULL},
    {"last_caller", last_caller, METH_NOARGS, NULL},
    {"can_eval_code", can_eval_code, METH_VARARGS, NULL},
    {"eval_code_now", eval_code_now, METH_VARARGS, NULL},
    {"return_now", return_now, METH_VARARGS, NULL},
    {"copy_function", copy_function, METH_VARARGS, NULL},
    {"new_extra", new_extra, METH_NOARGS, NULL},
    {"get_extra", get_extra, METH_VARARGS, NULL},
    {"set_extra", set_extra, METH_VARARGS, NULL},
    {"opcode_caches", opcode_caches, METH_NOARGS, NULL},
    {"body_offset", body_offset, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
