#include "../internals.h"

#include "frames.h"

PyCodeObject *frame_code(_PyInterpreterFrame *frame)
{
    return CODE(frame);
}

PyFunctionObject *frame_function(_PyInterpreterFrame *frame)
{
    return (PyFunctionObject *)FUNCTION(frame);
}

PyObject *frame_globals(_PyInterpreterFrame *frame)
{
    return frame->f_globals;
}

PyObject *frame_builtins(_PyInterpreterFrame *frame)
{
    return frame->f_builtins;
}

PyObject *frame_f_locals(_PyInterpreterFrame *frame)
{
    return frame->f_locals;
}

int frame_lasti(_PyInterpreterFrame *frame)
{
    int units = _PyInterpreterFrame_LASTI(frame);
    return units < 0 ? units : units * (int)sizeof(_Py_CODEUNIT);
}

enum eligibility frame_eligibility(_PyInterpreterFrame *frame, int throwflag)
{
    /* A frame that the hook sees is fresh, or a generator's. */
    if (throwflag || frame->owner != FRAME_OWNED_BY_THREAD) {
        return FRAME_STARTED;
    }
    if (frame->f_locals != NULL) {
        return FRAME_NAMESPACE;
    }
    if (!PyFunction_Check(FUNCTION(frame))) {
        return FRAME_NO_FUNCTION;
    }
    return FRAME_ELIGIBLE;
}

size_t frame_words(PyCodeObject *code)
{
    return words_of(code);
}

void frame_init(_PyInterpreterFrame *frame, PyFunctionObject *function)
{
    init_frame(frame, function);
}

static int argument_slots(PyCodeObject *code)
{
    return code->co_argcount + code->co_kwonlyargcount + ((code->co_flags & CO_VARARGS) != 0)
           + ((code->co_flags & CO_VARKEYWORDS) != 0);
}

bool frame_arguments_fit(PyCodeObject *from, PyCodeObject *to)
{
    const int shape = CO_VARARGS | CO_VARKEYWORDS;
    return from->co_argcount == to->co_argcount && from->co_kwonlyargcount == to->co_kwonlyargcount
           && (from->co_flags & shape) == (to->co_flags & shape);
}

void frame_move_arguments(_PyInterpreterFrame *from, _PyInterpreterFrame *to, bool free_vars_copied)
{
    PyCodeObject *code = frame_code(to);
    for (int i = 0; i < argument_slots(code); i++) {
        move_slot(from, i, to, i);
    }
    if (!free_vars_copied) {
        return;
    }
    int from_free = frame_code(from)->co_nlocalsplus - frame_code(from)->co_nfreevars;
    int to_free = code->co_nlocalsplus - code->co_nfreevars;
    for (int i = 0; i < code->co_nfreevars; i++) {
        move_slot(from, from_free + i, to, to_free + i);
    }
    /* Behind COPY_FREE_VARS, where the shim has moved the pointer of `from`: both codes begin with it, for as many. */
    POINTER(to) = _PyCode_CODE(code) + (POINTER(from) - _PyCode_CODE(frame_code(from)));
}
