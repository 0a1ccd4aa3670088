#include "worlds.h"

#include "cpython_defs.h"

static const char NAME[] = "bench.world";

struct world *world_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, NAME);
}

static void begin_frame(const struct world *world, _PyInterpreterFrame *frame)
{
    PyCodeObject *code = world->code;
    init_frame(frame, (PyFunctionObject *)Py_NewRef(world->function));
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        PyObject *value = PyTuple_GET_ITEM(world->slots, i);
        frame->localsplus[i] = value == Py_Ellipsis ? EMPTY_WORD : word_of(Py_NewRef(value));
    }
    if (world->executed) {
        POINTER(frame) = _PyCode_CODE(code) + code->_co_firsttraceable + EXECUTED;
    }
}

void world_fill(const struct world *world, PyThreadState *tstate, _PyInterpreterFrame *frame)
{
    begin_frame(world, frame);
    frame->previous = CURRENT(tstate);
}

static void world_free(PyObject *capsule)
{
    struct world *world = world_of(capsule);
    if (world->frame != NULL) {
        _PyInterpreterFrame *frame = world->frame;
        for (int i = 0; i < world->code->co_nlocalsplus; i++) {
            word_release(frame->localsplus[i]);
        }
        Py_XDECREF(frame->f_locals);
        release_code_and_function(frame);
        PyMem_Free(frame);
    }
    Py_XDECREF(world->function);
    Py_XDECREF(world->slots);
    Py_XDECREF(world->existing);
    Py_XDECREF(world->others);
    PyMem_Free(world->pushed);
    PyMem_Free(world);
}

PyObject *world_new(PyObject *function, PyObject *slots, int executed, PyObject *existing, long depth)
{
    struct world *world = PyMem_Calloc(1, sizeof *world);
    PyObject *capsule = world == NULL ? PyErr_NoMemory() : PyCapsule_New(world, NAME, world_free);
    if (capsule == NULL) {
        PyMem_Free(world);
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    if (PyTuple_GET_SIZE(slots) != code->co_nlocalsplus) {
        PyErr_Format(PyExc_ValueError, "the code has %d slots, not %zd", code->co_nlocalsplus, PyTuple_GET_SIZE(slots));
        Py_DECREF(capsule);
        return NULL;
    }
    world->function = (PyFunctionObject *)Py_NewRef(function);
    world->code = code;
    world->slots = Py_NewRef(slots);
    world->existing = existing == Py_None ? NULL : Py_NewRef(existing);
    world->executed = executed;
    world->words = words_of(code);
    world->depth = depth;
    world->pushed = PyMem_New(void *, depth);
    _PyInterpreterFrame *frame = PyMem_Calloc(world->words, sizeof(PyObject *));
    if (world->pushed == NULL || frame == NULL) {
        PyMem_Free(frame);
        Py_DECREF(capsule);
        return PyErr_NoMemory();
    }
    begin_frame(world, frame);
    frame->f_locals = Py_XNewRef(world->existing);
    world->frame = frame;
    world->next = world->turn = world;
    return capsule;
}

int world_take_turns(PyObject *capsules)
{
    Py_ssize_t count = PyTuple_GET_SIZE(capsules);
    struct world *first = NULL, *last = NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        struct world *world = world_of(PyTuple_GET_ITEM(capsules, i));
        if (world == NULL) {
            return -1;
        }
        first = first == NULL ? world : first;
        world->next = first;
        if (last != NULL) {
            last->next = world;
        }
        last = world;
    }
    if (first != NULL) {
        Py_XSETREF(first->others, PyTuple_GetSlice(capsules, 1, count));
        return first->others == NULL ? -1 : 0;
    }
    return 0;
}

int world_fill_chunk(struct world *world, PyThreadState *tstate, size_t words)
{
    size_t room = (size_t)(tstate->datastack_limit - tstate->datastack_top);
    world->filler = NULL;
    if (words >= room) {
        return 0;
    }
    world->filler = THP_PyThreadState_BumpFramePointerSlow(tstate, room - words);
    return world->filler == NULL ? -1 : 0;
}

void world_empty_chunk(struct world *world, PyThreadState *tstate)
{
    if (world->filler != NULL) {
        THP_PyThreadState_PopFrame(tstate, world->filler);
        world->filler = NULL;
    }
}
