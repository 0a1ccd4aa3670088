/* CPython's internal headers, and what of a frame differs between minors: the tests' own look at frames, without the library.
 *
 * From 3.14 on a word of a frame is a tagged reference. It may be empty (1), or hold a number that is no object. */
#ifndef TESTS_INTERNALS_H
#define TESTS_INTERNALS_H

#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>
#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_genobject.h>
#include <internal/pycore_interpframe.h>
#endif

#include <stdbool.h>
#include <stddef.h>

/* Exported on all minors; the internal headers hide its declaration in different places. */
PyAPI_FUNC(PyObject *) _PyEval_EvalFrameDefault(PyThreadState *, struct _PyInterpreterFrame *, int);

#if PY_VERSION_HEX >= 0x030E0000
typedef _PyStackRef Word;
#define EMPTY_WORD PyStackRef_NULL
#define GENERATOR_FRAME(generator) (&((PyGenObject *)(generator))->gi_iframe)
#else
typedef PyObject *Word;
#define EMPTY_WORD NULL
#define GENERATOR_FRAME(generator) ((_PyInterpreterFrame *)((PyGenObject *)(generator))->gi_iframe)
#endif

#if PY_VERSION_HEX >= 0x030D0000
#define POINTER(frame) ((frame)->instr_ptr)
#define CURRENT(tstate) ((tstate)->current_frame)
#define FIRST(code) (_PyCode_CODE(code)) /* where the pointer of a fresh frame stands */
#define EXECUTED 1                       /* and how far behind an instruction, once that has executed */
#else
#define POINTER(frame) ((frame)->prev_instr)
#define CURRENT(tstate) ((tstate)->cframe->current_frame)
#define FIRST(code) (_PyCode_CODE(code) - 1)
#define EXECUTED 0
#endif

/* What a word holds, borrowed; NULL for nothing, and for a number. */
static inline PyObject *word_object(Word word)
{
#if PY_VERSION_HEX >= 0x030E0000
    return (word.bits & 3) == 3 ? NULL : (PyObject *)(word.bits & ~(uintptr_t)1);
#else
    return word;
#endif
}

/* The word that a reference goes into; an empty one for NULL. */
static inline Word word_of(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030E0000
    return object == NULL ? PyStackRef_NULL : PyStackRef_FromPyObjectSteal(object);
#else
    return object;
#endif
}

/* Releases what a word owns. */
static inline void word_release(Word word)
{
#if PY_VERSION_HEX >= 0x030E0000
    PyStackRef_XCLOSE(word);
#else
    Py_XDECREF(word);
#endif
}

/* Puts a reference into a place, and releases what is there. */
static inline void word_replace(Word *place, PyObject *object)
{
    Word before = *place;
    *place = word_of(object);
    word_release(before);
}

#if PY_VERSION_HEX >= 0x030D0000
#define CODE(frame) ((PyCodeObject *)word_object((frame)->f_executable))
#else
#define CODE(frame) ((frame)->f_code)
#endif
#if PY_VERSION_HEX >= 0x030C0000
#define FUNCTION(frame) word_object((frame)->f_funcobj)
#else
#define FUNCTION(frame) ((PyObject *)(frame)->f_func)
#endif
#define SLOT(frame, index) word_object((frame)->localsplus[index])

/* Releases what the frame owns of its code and function. */
static inline void release_code_and_function(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    PyStackRef_CLOSE(frame->f_funcobj);
    PyStackRef_CLOSE(frame->f_executable);
#else
    Py_DECREF(FUNCTION(frame));
    Py_DECREF(CODE(frame));
#endif
}

/* Says that the memory of a frame runs nothing. */
static inline void set_no_code(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030D0000
    frame->f_executable = EMPTY_WORD;
#else
    frame->f_code = NULL;
#endif
}

/* Moves what a slot of one frame holds to an empty slot of another. */
static inline void move_slot(_PyInterpreterFrame *from, int from_index, _PyInterpreterFrame *to, int to_index)
{
    to->localsplus[to_index] = from->localsplus[from_index];
    from->localsplus[from_index] = EMPTY_WORD;
}

/* How many slots hold values, the value stack included; -1 if the frame says that it runs. */
static inline int live_slots(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
    return frame->stackpointer == NULL ? -1 : (int)(frame->stackpointer - frame->localsplus);
#else
    return frame->stacktop;
#endif
}

static inline void set_live_slots(_PyInterpreterFrame *frame, int slots)
{
#if PY_VERSION_HEX >= 0x030E0000
    frame->stackpointer = slots < 0 ? NULL : frame->localsplus + slots;
#else
    frame->stacktop = slots;
#endif
}

/* Where the interpreter keeps a chunk for the thread's next push; NULL if it keeps none, or these headers do not tell. */
static inline _PyStackChunk **kept_chunk(PyThreadState *tstate)
{
    (void)tstate;
#if PY_VERSION_HEX >= 0x030F0000
    return &tstate->datastack_cached_chunk;
#elif PY_VERSION_HEX >= 0x030E04F0
    return Py_Version >= 0x030E04F0 ? &tstate->datastack_cached_chunk : NULL;
#elif PY_VERSION_HEX >= 0x030D0DF0 && PY_VERSION_HEX < 0x030E0000
    return Py_Version >= 0x030D0DF0 ? &tstate->datastack_cached_chunk : NULL;
#else
    return NULL;
#endif
}

/* The words that a frame of the code takes on the data stack. */
static inline size_t words_of(PyCodeObject *code)
{
    return (size_t)code->co_nlocalsplus + (size_t)code->co_stacksize + FRAME_SPECIALS_SIZE;
}

/* Makes a fresh frame, with empty slots, of pushed memory. Steals the function. */
static inline void init_frame(_PyInterpreterFrame *frame, PyFunctionObject *function)
{
    PyCodeObject *code = (PyCodeObject *)function->func_code;
#if PY_VERSION_HEX >= 0x030E0000
    _PyFrame_Initialize(PyThreadState_Get(), frame, PyStackRef_FromPyObjectSteal((PyObject *)function), NULL, code, 0, NULL);
#elif PY_VERSION_HEX >= 0x030C0000
    _PyFrame_Initialize(frame, function, NULL, code, 0);
#else
    _PyFrame_InitializeSpecials(frame, function, NULL, code->co_nlocalsplus);
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        frame->localsplus[i] = NULL;
    }
#endif
}

#endif
