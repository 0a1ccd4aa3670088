/* What the example has to know of an interpreter frame beyond the shim: the part that must see internal headers, and is
 * C for that reason. */
#ifndef SHADOW_FRAMES_H
#define SHADOW_FRAMES_H

#include <Python.h>

#include <stdbool.h>

#include "cpython_defs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why a frame can be taken over, or why it cannot. */
enum eligibility {
    FRAME_ELIGIBLE,
    FRAME_STARTED,     /* a generator that is resumed, or has an exception thrown into it */
    FRAME_NAMESPACE,   /* a module, class body or exec: it writes to a mapping of its own */
    FRAME_NO_FUNCTION, /* the function slot holds something else (3.12+) */
    FRAME_ELIGIBILITIES
};

enum eligibility frame_eligibility(_PyInterpreterFrame *frame, int throwflag);

/* All borrowed. The function only of eligible frames. */
PyCodeObject *frame_code(_PyInterpreterFrame *frame);
PyFunctionObject *frame_function(_PyInterpreterFrame *frame);
PyObject *frame_globals(_PyInterpreterFrame *frame);
PyObject *frame_builtins(_PyInterpreterFrame *frame);
PyObject *frame_f_locals(_PyInterpreterFrame *frame); /* may be NULL */

/* The index of the last instruction in bytes, as frame.f_lasti: -1 in a fresh frame of 3.11 and 3.12, 0 on 3.13. */
int frame_lasti(_PyInterpreterFrame *frame);

/* The words that a frame of the code takes on the data stack. */
size_t frame_words(PyCodeObject *code);

/* Makes a fresh frame of pushed memory. Steals the function. */
void frame_init(_PyInterpreterFrame *frame, PyFunctionObject *function);

/* Whether the arguments of a frame of `from` fit a frame of `to`: the same number of each kind. */
bool frame_arguments_fit(PyCodeObject *from, PyCodeObject *to);

/* Moves the arguments, which are the first slots of both frames, from one to the other by index: no dict, no names, no
 * reference counts. Cells and free variables are made and filled by the code itself (MAKE_CELL, COPY_FREE_VARS), unless
 * the free variables are in `from` already: then they move too, and `to` starts behind COPY_FREE_VARS. */
void frame_move_arguments(_PyInterpreterFrame *from, _PyInterpreterFrame *to, bool free_vars_copied);

#ifdef __cplusplus
}
#endif

#endif
