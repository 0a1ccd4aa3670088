// The Python module: switches, counters, and one State for each interpreter.

#include "pyframe_shim.h"
#include "state.h"
#include "view.h"

#include <atomic>
#include <mutex>
#include <unordered_map>

namespace shadow {

// The hook runs for every frame, so each thread remembers the state that it found last; the generation says when to look
// again, since an interpreter may end and another begin at its address.
static std::mutex states_lock;
static std::unordered_map<PyInterpreterState *, State *> states;
static std::atomic<uint64_t> generation{1};
static thread_local struct {
    uint64_t generation;
    PyInterpreterState *interpreter;
    State *state;
} found;

State *current_state(PyThreadState *tstate)
{
    PyInterpreterState *interpreter = PyThreadState_GetInterpreter(tstate);
    const uint64_t now = generation.load(std::memory_order_acquire);
    if (found.interpreter != interpreter || found.generation != now) {
        std::lock_guard<std::mutex> guard(states_lock);
        auto entry = states.find(interpreter);
        found = {now, interpreter, entry == states.end() ? nullptr : entry->second};
    }
    return found.state;
}

// Makes the state the interpreter's, unless it has one.
static bool register_state(State *state)
{
    std::lock_guard<std::mutex> guard(states_lock);
    generation.fetch_add(1, std::memory_order_release);
    return states.emplace(PyInterpreterState_Get(), state).second;
}

static void unregister_state()
{
    std::lock_guard<std::mutex> guard(states_lock);
    generation.fetch_add(1, std::memory_order_release);
    states.erase(PyInterpreterState_Get());
}

static State *state_of(PyObject *module)
{
    return *static_cast<State **>(PyModule_GetState(module));
}

// An example has the interpreter to itself: a hook that was set before is gone.
static void update_hook(const State &state)
{
    const bool wanted = state.callback != nullptr || state.run_all || state.watch;
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), wanted ? evaluate : _PyEval_EvalFrameDefault);
}

static PyObject *set_callback(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static const char *names[] = {"callback", "merge_locals", nullptr};
    PyObject *callback;
    int merge_locals = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:set_callback", const_cast<char **>(names), &callback, &merge_locals)) {
        return nullptr;
    }
    if (callback != Py_None && !PyCallable_Check(callback)) {
        PyErr_Format(PyExc_TypeError, "the callback must be callable or None, not %.200s", Py_TYPE(callback)->tp_name);
        return nullptr;
    }
    State &state = *state_of(module);
    state.merge_locals = merge_locals != 0;
    Py_XSETREF(state.callback, callback == Py_None ? nullptr : Py_NewRef(callback));
    update_hook(state);
    Py_RETURN_NONE;
}

static PyObject *switch_on_or_off(PyObject *module, PyObject *argument, bool State::*which)
{
    const int on = PyObject_IsTrue(argument);
    if (on < 0) {
        return nullptr;
    }
    State &state = *state_of(module);
    state.*which = on != 0;
    update_hook(state);
    Py_RETURN_NONE;
}

static PyObject *run_all(PyObject *module, PyObject *on)
{
    return switch_on_or_off(module, on, &State::run_all);
}

static PyObject *watch(PyObject *module, PyObject *on)
{
    return switch_on_or_off(module, on, &State::watch);
}

static PyObject *counters(PyObject *module, PyObject *)
{
    const State &state = *state_of(module);
    const auto &counts = state.counts;
    return Py_BuildValue("{sKsKs{sKsKsKsK}s{sKsKsKsKsKsK}}", "seen", state.seen, "taken_over", state.taken_over, "passed",
        "started", state.passed[FRAME_STARTED], "namespace", state.passed[FRAME_NAMESPACE], "no function",
        state.passed[FRAME_NO_FUNCTION], "callback said no", state.declined, "symbols", "THP_PyFrame_FastToLocalsWithError",
        counts.fast_to_locals, "get_framelocals_mapping", counts.mapping, "_PyFunction_CopyWithNewCode", counts.copy_function,
        "THP_PyThreadState_BumpFramePointerSlow", counts.push, "THP_PyFrame_Clear", counts.clear, "THP_PyThreadState_PopFrame",
        counts.pop);
}

static PyMethodDef methods[] = {
    {"set_callback", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(set_callback)), METH_VARARGS | METH_KEYWORDS,
        "set_callback(callback, merge_locals=False)\n--\n\n"
        "Ask callback(view) about every eligible frame: it returns a code object to run instead, or None.\n"
        "With merge_locals, view.locals is the frame's f_locals, filled in; else a fresh dict. None takes it away."},
    {"run_all", run_all, METH_O,
        "run_all(on, /)\n--\n\nEvaluate every eligible frame through a shadow frame with its own code."},
    {"watch", watch, METH_O, "watch(on, /)\n--\n\nCount frames, and evaluate them as they are."},
    {"counters", counters, METH_NOARGS,
        "counters()\n--\n\nFrames seen, taken over and passed on, and calls per symbol of the shim, so far."},
    {nullptr, nullptr, 0, nullptr},
};

static int module_exec(PyObject *module)
{
    PyTypeObject *view_type = view_add_type(module);
    if (view_type == nullptr) {
        return -1;
    }
    State *state = new State;
    state->module = module;
    state->view_type = view_type;
    if (!register_state(state)) {
        Py_DECREF(view_type);
        delete state;
        PyErr_SetString(PyExc_ImportError, "shadow is loaded in this interpreter already, and has one hook for it");
        return -1;
    }
    *static_cast<State **>(PyModule_GetState(module)) = state;
    return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    if (State *state = state_of(module)) {
        Py_VISIT(state->view_type);
        Py_VISIT(state->callback);
    }
    return 0;
}

static int module_clear(PyObject *module)
{
    if (State *state = state_of(module)) {
        state->run_all = state->watch = false;
        Py_CLEAR(state->callback);
        update_hook(*state);
        Py_CLEAR(state->view_type);
    }
    return 0;
}

static void module_free(void *module)
{
    State *state = state_of(static_cast<PyObject *>(module));
    if (state != nullptr) {
        module_clear(static_cast<PyObject *>(module));
        unregister_state();
        delete state;
    }
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, reinterpret_cast<void *>(module_exec)},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, nullptr},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "shadow",
    "A frame-evaluation hook on pyframe-shim: run other code in a frame's place, or take over every frame.",
    sizeof(State *),
    methods,
    slots,
    module_traverse,
    module_clear,
    module_free,
};

} // namespace shadow

PyMODINIT_FUNC PyInit_shadow(void)
{
    // Here, and not when the module is executed: another minor may not know the slots of the definition.
    if (PyFrameShim_CheckRuntime() < 0) {
        return nullptr;
    }
    return PyModuleDef_Init(&shadow::definition);
}
