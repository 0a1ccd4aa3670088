// A small Dynamo-style extension: a hook that may run other code in a frame's place, or take over every frame.
//
// The frame work is the shim's. What is here is the contract of PEP 523: who clears and pops which frame.

#include "state.h"

#include "cpython_defs.h"
#include "frames.h"
#include "pyframe_shim.h"
#include "view.h"

namespace shadow {

using Frame = _PyInterpreterFrame;

// The interpreter whose callback the thread runs: the callback's own frames are not hooked.
static thread_local PyInterpreterState *in_callback = nullptr;

// From 3.12 on the evaluator clears and pops the frame that it was given, so a frame that a hook does not pass on is the
// hook's to clear and pop, also when it fails. On 3.11 the hook's caller does that, and shadow frames are ours to clear.
constexpr bool evaluator_consumes_frames = PY_VERSION_HEX >= 0x030C0000;

static void clear_and_pop(State &state, PyThreadState *tstate, Frame *frame)
{
    state.counts.clear++;
    THP_PyFrame_Clear(frame);
    state.counts.pop++;
    THP_PyThreadState_PopFrame(tstate, frame);
}

static PyObject *discard(State &state, PyThreadState *tstate, Frame *frame)
{
    if (evaluator_consumes_frames) {
        clear_and_pop(state, tstate, frame);
    }
    return nullptr;
}

// Runs `code` in the place of the frame's own, on the frame's arguments. Consumes the frame as the evaluator would.
static PyObject *run_in_place(State &state, PyThreadState *tstate, Frame *frame, PyCodeObject *code, bool free_vars_copied)
{
    state.counts.copy_function++;
    PyFunctionObject *function = _PyFunction_CopyWithNewCode(frame_function(frame), code);
    if (function == nullptr) {
        return discard(state, tstate, frame);
    }
    state.counts.push++;
    Frame *shadow = THP_PyThreadState_BumpFramePointerSlow(tstate, frame_words(code));
    if (shadow == nullptr) {
        Py_DECREF(function);
        return discard(state, tstate, frame);
    }
    frame_init(shadow, function);
    frame_move_arguments(frame, shadow, free_vars_copied);
    state.taken_over++;
    PyObject *result = _PyEval_EvalFrameDefault(tstate, shadow, 0);
    clear_and_pop(state, tstate, evaluator_consumes_frames ? frame : shadow);
    return result;
}

// What the callback sees: a new reference, or nullptr with an exception.
static PyObject *view_of(State &state, Frame *frame, int &free_vars_copied)
{
    PyObject *locals;
    if (state.merge_locals) {
        state.counts.fast_to_locals++;
        if (THP_PyFrame_FastToLocalsWithError(frame, &free_vars_copied) < 0) {
            return nullptr;
        }
        locals = Py_NewRef(frame_f_locals(frame));
    } else {
        state.counts.mapping++;
        locals = get_framelocals_mapping(frame);
    }
    PyObject *view = locals == nullptr ? nullptr : view_new(state.view_type, frame, locals);
    Py_XDECREF(locals);
    return view;
}

// What the callback wants to be run: a new reference, or nullptr with an exception; None means the frame's own code.
static PyObject *ask_callback(State &state, Frame *frame, int &free_vars_copied)
{
    // Whatever allocates below may run code that sets another callback.
    PyObject *callback = Py_NewRef(state.callback);
    PyObject *view = view_of(state, frame, free_vars_copied);
    PyObject *code = view == nullptr ? nullptr : PyObject_CallOneArg(callback, view);
    Py_DECREF(callback);
    Py_XDECREF(view);
    if (code != nullptr && code != Py_None && !PyCode_Check(code)) {
        PyErr_Format(PyExc_TypeError, "the callback must return a code object or None, not %.200s", Py_TYPE(code)->tp_name);
        Py_CLEAR(code);
    }
    return code;
}

static PyObject *run_what_callback_says(State &state, PyThreadState *tstate, Frame *frame)
{
    int free_vars_copied = 0;
    PyInterpreterState *outer = in_callback;
    in_callback = PyThreadState_GetInterpreter(tstate);
    PyObject *code = ask_callback(state, frame, free_vars_copied);
    in_callback = outer;
    if (code == nullptr) {
        return discard(state, tstate, frame);
    }
    if (code == Py_None) {
        Py_DECREF(code);
        state.declined++;
        return _PyEval_EvalFrameDefault(tstate, frame, 0);
    }
    PyObject *result;
    auto *replacement = reinterpret_cast<PyCodeObject *>(code);
    if (!frame_arguments_fit(frame_code(frame), replacement)) {
        PyErr_SetString(PyExc_ValueError, "the replacement code must take the arguments of the frame's own");
        result = discard(state, tstate, frame);
    } else {
        result = run_in_place(state, tstate, frame, replacement, free_vars_copied != 0);
    }
    Py_DECREF(code);
    return result;
}

static PyObject *evaluate_hooked(State &state, PyThreadState *tstate, Frame *frame, int throwflag)
{
    state.seen++;
    // A frame that an exception is thrown into is among those passed on: no Python code may run before it is there.
    const eligibility verdict = frame_eligibility(frame, throwflag);
    if (verdict != FRAME_ELIGIBLE) {
        state.passed[verdict]++;
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    }
    if (state.callback != nullptr) {
        return run_what_callback_says(state, tstate, frame);
    }
    if (state.run_all) {
        return run_in_place(state, tstate, frame, frame_code(frame), false);
    }
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

PyObject *evaluate(PyThreadState *tstate, Frame *frame, int throwflag)
{
    State *state = current_state(tstate);
    if (state == nullptr || in_callback == PyThreadState_GetInterpreter(tstate)) {
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    }
    // What the frame does may be to drop the module, whose state is still needed when the frame has ended.
    PyObject *module = Py_NewRef(state->module);
    PyObject *result = evaluate_hooked(*state, tstate, frame, throwflag);
    Py_DECREF(module);
    return result;
}

} // namespace shadow
