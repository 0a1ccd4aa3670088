/* The probe: a C stack that is abandoned, as greenlet abandons those of a thread that has ended.
 *
 * greenlet forgets the C stack, and gives the memory of its data stack back with whatever the frames there hold. So does
 * this, with a jump in place of a second stack. */
#include "probe.h"

#include <setjmp.h>

/* Where to go back to, and what of the thread is to be as it was there. */
struct way_back {
    jmp_buf here;
    struct way_back *outer;
    _PyInterpreterFrame *current;
    _PyStackChunk *chunk;
    PyObject **top, **limit;
#if PY_VERSION_HEX >= 0x030E0000
    int python_recursion;
#elif PY_VERSION_HEX >= 0x030D0000
    int python_recursion, c_recursion;
#elif PY_VERSION_HEX >= 0x030C0000
    _PyCFrame *cframe;
    int python_recursion, c_recursion;
#else
    _PyCFrame *cframe;
    int recursion;
#endif
};

static _Thread_local struct way_back *innermost;

static void leave_behind(struct way_back *way, PyThreadState *tstate)
{
    way->outer = innermost;
    innermost = way;
    way->current = CURRENT(tstate);
    way->chunk = tstate->datastack_chunk;
    way->top = tstate->datastack_top;
    way->limit = tstate->datastack_limit;
    tstate->datastack_chunk = NULL;
    tstate->datastack_top = tstate->datastack_limit = NULL;
#if PY_VERSION_HEX < 0x030D0000
    way->cframe = tstate->cframe;
#endif
#if PY_VERSION_HEX >= 0x030C0000
    way->python_recursion = tstate->py_recursion_remaining;
#if PY_VERSION_HEX < 0x030E0000
    way->c_recursion = tstate->c_recursion_remaining;
#endif
#else
    way->recursion = tstate->recursion_remaining;
#endif
}

static void free_data_stack(PyThreadState *tstate)
{
    PyObjectArenaAllocator arena;
    PyObject_GetArenaAllocator(&arena);
    for (_PyStackChunk *chunk = tstate->datastack_chunk; chunk != NULL;) {
        _PyStackChunk *previous = chunk->previous;
        arena.free(arena.ctx, chunk, chunk->size);
        chunk = previous;
    }
}

static void come_back(void)
{
    struct way_back *way = innermost;
    PyThreadState *tstate = PyThreadState_Get();
    innermost = way->outer;
    free_data_stack(tstate);
#if PY_VERSION_HEX < 0x030D0000
    tstate->cframe = way->cframe;
#endif
    CURRENT(tstate) = way->current;
    tstate->datastack_chunk = way->chunk;
    tstate->datastack_top = way->top;
    tstate->datastack_limit = way->limit;
#if PY_VERSION_HEX >= 0x030C0000
    tstate->py_recursion_remaining = way->python_recursion;
#if PY_VERSION_HEX < 0x030E0000
    tstate->c_recursion_remaining = way->c_recursion;
#endif
#else
    tstate->recursion_remaining = way->recursion;
#endif
}

PyDoc_STRVAR(abandon_doc, "abandon(function, argument): call it on a data stack of its own, until it comes to leave(). What\n"
                          "has been called meanwhile never returns. For plain functions that handle no exception.");
static PyObject *abandon(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *argument;
    if (!PyArg_ParseTuple(args, "OO", &function, &argument)) {
        return NULL;
    }
    struct way_back way;
    leave_behind(&way, PyThreadState_Get());
    if (setjmp(way.here) != 0) {
        come_back();
        Py_RETURN_NONE;
    }
    PyObject *result = PyObject_CallOneArg(function, argument);
    come_back();
    if (result != NULL) {
        Py_DECREF(result);
        PyErr_SetString(PyExc_RuntimeError, "abandon: the function has returned, where it should have called leave()");
    }
    return NULL;
}

PyDoc_STRVAR(leave_doc, "leave(): go back to abandon().");
static PyObject *leave(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    if (innermost == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "leave: nothing is being abandoned in this thread");
        return NULL;
    }
    longjmp(innermost->here, 1);
}

PyMethodDef probe_abandoned[] = {
    METHOD(abandon, METH_VARARGS),
    METHOD(leave, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};
