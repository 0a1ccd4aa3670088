// A small Dynamo-style extension: a callback in Python sees each frame before it runs, and may have other code run in its place.
//
// One file, against one header, for every CPython that pyframe-shim serves.

#include <Python.h>

#include "pyframe_shim.h"
#include "view.h"

namespace {

using Frame = PyFrameShim_Frame;

// What the module keeps, for its interpreter. The hook gets it as its data.
struct State {
    PyObject *module = nullptr; // borrowed: the module owns this
    PyTypeObject *view_type = nullptr; // owned
    PyObject *callback = nullptr; // owned
    PyFrameShim_Hook *hook = nullptr;
    bool run_all = false; // take over every fresh frame
    bool watch = false; // count frames and pass them on

    unsigned long long seen = 0;
    unsigned long long taken_over = 0;
    unsigned long long started = 0; // passed on: a generator that is resumed, or has an exception thrown into it
    unsigned long long declined = 0; // passed on: the callback said no
};

// Set while the thread runs a callback: the callback's own frames are passed on.
thread_local bool in_callback = false;

// What the callback wants to be run: a new reference, or nullptr with an exception; None means the frame's own code.
PyObject *ask_callback(State &state, Frame *frame)
{
    PyObject *callback = Py_NewRef(state.callback); // it may set another
    PyObject *view = view_new(state.view_type, frame);
    PyObject *code = view == nullptr ? nullptr : PyObject_CallOneArg(callback, view);
    Py_XDECREF(view);
    Py_DECREF(callback);
    return code;
}

PyObject *run_what_callback_says(State &state, PyFrameShim_Hook *hook, PyThreadState *tstate, Frame *frame)
{
    PyObject *module = Py_NewRef(state.module); // the callback may drop it
    in_callback = true;
    PyObject *code = ask_callback(state, frame);
    in_callback = false;
    PyObject *result;
    if (code == nullptr) {
        result = PyFrameShim_Return(tstate, frame, nullptr);
    } else if (code == Py_None) {
        state.declined++;
        result = PyFrameShim_EvalNext(hook, tstate, frame, 0);
    } else {
        state.taken_over++;
        result = PyFrameShim_EvalCode(hook, tstate, frame, code, nullptr, 0);
    }
    Py_XDECREF(code);
    Py_DECREF(module);
    return result;
}

// Not in line, or frames that are only counted would pay for the registers that it saves.
[[gnu::noinline]] PyObject *take_over(State &state, PyFrameShim_Hook *hook, PyThreadState *tstate, Frame *frame, int throwflag)
{
    if (state.callback != nullptr && in_callback) {
        return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
    }
    if (throwflag || PyFrameShim_Owner(frame) != PYFRAME_SHIM_OWNER_THREAD) {
        state.started++;
        return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
    }
    if (state.callback != nullptr) {
        return run_what_callback_says(state, hook, tstate, frame);
    }
    state.taken_over++;
    return PyFrameShim_EvalCode(hook, tstate, frame, PyFrameShim_Code(frame), nullptr, 0);
}

// The hook. What follows an evaluation does not touch the state: the frame may have dropped the module.
PyObject *evaluate(PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, Frame *frame, int throwflag)
{
    State &state = *static_cast<State *>(data);
    state.seen++;
    if (state.run_all || state.callback != nullptr) {
        return take_over(state, hook, tstate, frame, throwflag);
    }
    return PyFrameShim_EvalNext(hook, tstate, frame, throwflag);
}

State *state_of(PyObject *module)
{
    return *static_cast<State **>(PyModule_GetState(module));
}

// The hook is there for as long as there is something to do.
bool update_hook(State &state)
{
    const bool wanted = state.callback != nullptr || state.run_all || state.watch;
    if (wanted && state.hook == nullptr) {
        state.hook = PyFrameShim_InstallHook(evaluate, &state);
        return state.hook != nullptr;
    }
    if (!wanted && state.hook != nullptr) {
        PyFrameShim_Hook *hook = state.hook;
        state.hook = nullptr;
        return PyFrameShim_RemoveHook(hook) == 0;
    }
    return true;
}

PyObject *set_callback(PyObject *module, PyObject *callback)
{
    if (callback != Py_None && !PyCallable_Check(callback)) {
        PyErr_Format(PyExc_TypeError, "the callback must be callable or None, not %.200s", Py_TYPE(callback)->tp_name);
        return nullptr;
    }
    State &state = *state_of(module);
    Py_XSETREF(state.callback, callback == Py_None ? nullptr : Py_NewRef(callback));
    return update_hook(state) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *switch_on_or_off(PyObject *module, PyObject *argument, bool State::*which)
{
    const int on = PyObject_IsTrue(argument);
    if (on < 0) {
        return nullptr;
    }
    State &state = *state_of(module);
    state.*which = on != 0;
    return update_hook(state) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *run_all(PyObject *module, PyObject *on)
{
    return switch_on_or_off(module, on, &State::run_all);
}

PyObject *watch(PyObject *module, PyObject *on)
{
    return switch_on_or_off(module, on, &State::watch);
}

PyObject *counters(PyObject *module, PyObject *)
{
    const State &state = *state_of(module);
    return Py_BuildValue("{sKsK s{sKsK}}", "seen", state.seen, "taken_over", state.taken_over, "passed", "started",
        state.started, "callback said no", state.declined);
}

PyMethodDef methods[] = {
    {"set_callback", set_callback, METH_O,
        "set_callback(callback, /)\n--\n\n"
        "Ask callback(view) about every fresh frame: it returns code or None. None instead of a callback takes it away."},
    {"run_all", run_all, METH_O, "run_all(on, /)\n--\n\nTake over every fresh frame, with its own code."},
    {"watch", watch, METH_O, "watch(on, /)\n--\n\nCount frames, and evaluate them as they are."},
    {"counters", counters, METH_NOARGS, "counters()\n--\n\nFrames seen, taken over and passed on, so far."},
    {nullptr, nullptr, 0, nullptr},
};

int module_exec(PyObject *module)
{
    PyTypeObject *view_type = view_add_type(module);
    if (view_type == nullptr) {
        return -1;
    }
    State *state = new State;
    state->module = module;
    state->view_type = view_type;
    *static_cast<State **>(PyModule_GetState(module)) = state;
    return 0;
}

int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    if (State *state = state_of(module)) {
        Py_VISIT(state->view_type);
        Py_VISIT(state->callback);
    }
    return 0;
}

int module_clear(PyObject *module)
{
    if (State *state = state_of(module)) {
        state->run_all = state->watch = false;
        Py_CLEAR(state->callback);
        if (!update_hook(*state)) {
            PyErr_WriteUnraisable(module);
        }
        Py_CLEAR(state->view_type);
    }
    return 0;
}

void module_free(void *module)
{
    module_clear(static_cast<PyObject *>(module));
    delete state_of(static_cast<PyObject *>(module));
}

PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void *>(module_exec)},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "evalframe",
    "A frame-evaluation hook on pyframe-shim: see frames before they run, and have other code run in their place.",
    sizeof(State *),
    methods,
    slots,
    module_traverse,
    module_clear,
    module_free,
};

} // namespace

PyMODINIT_FUNC PyInit_evalframe(void)
{
    // Here, and not when the module is executed: another minor may not know the slots of the definition.
    if (PyFrameShim_CheckRuntime() < 0) {
        return nullptr;
    }
    return PyModuleDef_Init(&definition);
}
