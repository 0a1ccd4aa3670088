// What the extension keeps for each interpreter: what is asked of it, and what it has counted.
#ifndef SHADOW_STATE_H
#define SHADOW_STATE_H

#include <Python.h>

#include <cstdint>

#include "frames.h"

namespace shadow {

struct State {
    PyObject *module = nullptr;        // borrowed: the module owns this
    PyTypeObject *view_type = nullptr; // owned
    PyObject *callback = nullptr;      // owned
    bool merge_locals = false;         // the callback sees f_locals, and not a fresh dict
    bool run_all = false;              // take over every eligible frame
    bool watch = false;                // count frames and pass them on

    uint64_t seen = 0;
    uint64_t taken_over = 0;
    uint64_t declined = 0;
    uint64_t passed[FRAME_ELIGIBILITIES] = {};
    struct {
        uint64_t fast_to_locals = 0;
        uint64_t mapping = 0;
        uint64_t copy_function = 0;
        uint64_t push = 0;
        uint64_t clear = 0;
        uint64_t pop = 0;
    } counts;
};

// The state of the interpreter that the thread runs; nullptr if the module is not loaded there.
State *current_state(PyThreadState *tstate);

// The hook: a frame-evaluation function (PEP 523).
PyObject *evaluate(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag);

} // namespace shadow

#endif
