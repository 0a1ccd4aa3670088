/* The probe: the data stack. */
#include "probe.h"

PyDoc_STRVAR(push_doc, "push(words): THP_PyThreadState_BumpFramePointerSlow.");
static PyObject *push(PyObject *module, PyObject *args)
{
    (void)module;
    Py_ssize_t words;
    if (!PyArg_ParseTuple(args, "n", &words)) {
        return NULL;
    }
    void *frame = THP_PyThreadState_BumpFramePointerSlow(PyThreadState_Get(), (size_t)words);
    return frame == NULL ? NULL : PyLong_FromVoidPtr(frame);
}

PyDoc_STRVAR(pop_doc, "pop(frame): THP_PyThreadState_PopFrame.");
static PyObject *pop(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    THP_PyThreadState_PopFrame(PyThreadState_Get(), frame);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stack_doc, "stack(): (chunk, its bytes, words below the top, words of room, number of chunks).");
static PyObject *stack(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyThreadState *tstate = PyThreadState_Get();
    Py_ssize_t chunks = 0;
    for (_PyStackChunk *chunk = tstate->datastack_chunk; chunk != NULL; chunk = chunk->previous) {
        chunks++;
    }
    return Py_BuildValue("Nnnnn", PyLong_FromVoidPtr(tstate->datastack_chunk), (Py_ssize_t)tstate->datastack_chunk->size,
        (Py_ssize_t)(tstate->datastack_top - tstate->datastack_chunk->data),
        (Py_ssize_t)(tstate->datastack_limit - tstate->datastack_top), chunks);
}

PyDoc_STRVAR(kept_doc, "kept(): the chunk that the interpreter keeps for the next push, and its bytes; None if there is none.");
static PyObject *kept(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    _PyStackChunk **place = kept_chunk(PyThreadState_Get());
    if (place == NULL || *place == NULL) {
        Py_RETURN_NONE;
    }
    return Py_BuildValue("Nn", PyLong_FromVoidPtr(*place), (Py_ssize_t)(*place)->size);
}

PyDoc_STRVAR(drop_kept_doc, "drop_kept(): free it.");
static PyObject *drop_kept(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    _PyStackChunk **place = kept_chunk(PyThreadState_Get());
    if (place != NULL && *place != NULL) {
        PyObjectArenaAllocator arena;
        PyObject_GetArenaAllocator(&arena);
        arena.free(arena.ctx, *place, (*place)->size);
        *place = NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(forget_top_doc, "forget_top(): leave the thread with a limit of its data stack, but no top.");
static PyObject *forget_top(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyThreadState_Get()->datastack_top = NULL;
    Py_RETURN_NONE;
}

static void init_pushed(_PyInterpreterFrame *frame, PyFunctionObject *function, PyObject *arguments)
{
    init_frame(frame, (PyFunctionObject *)Py_NewRef(function));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); i++) {
        frame->localsplus[i] = word_of(Py_NewRef(PyTuple_GET_ITEM(arguments, i)));
    }
    /* What was on the data stack before: nobody may follow it. */
    frame->previous = (_PyInterpreterFrame *)(uintptr_t)0xDEAD0;
}

PyDoc_STRVAR(push_frame_doc, "push_frame(function, arguments): push and initialize a frame that is never linked.");
static PyObject *push_frame(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *arguments;
    if (!PyArg_ParseTuple(args, "O!O!", &PyFunction_Type, &function, &PyTuple_Type, &arguments)) {
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    size_t words = words_of(code);
    _PyInterpreterFrame *frame = THP_PyThreadState_BumpFramePointerSlow(PyThreadState_Get(), words);
    if (frame == NULL) {
        return NULL;
    }
    init_pushed(frame, (PyFunctionObject *)function, arguments);
    return PyLong_FromVoidPtr(frame);
}

PyDoc_STRVAR(never_run_doc, "never_run(function, arguments, make, keep): push a frame, make its object if asked to, clear\n"
                            "and pop it without Python code in between. Returns the object if it is kept, else None.");
static PyObject *never_run(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *arguments, *object = NULL;
    int make, keep;
    if (!PyArg_ParseTuple(args, "O!O!pp", &PyFunction_Type, &function, &PyTuple_Type, &arguments, &make, &keep)) {
        return NULL;
    }
    PyThreadState *tstate = PyThreadState_Get();
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    size_t words = words_of(code);
    _PyInterpreterFrame *frame = THP_PyThreadState_BumpFramePointerSlow(tstate, words);
    if (frame == NULL) {
        return NULL;
    }
    init_pushed(frame, (PyFunctionObject *)function, arguments);
    bool failed = false;
    if (make) {
        object = (PyObject *)THP_PyFrame_MakeAndSetFrameObject(frame);
        failed = object == NULL;
        object = keep ? Py_XNewRef(object) : NULL;
    }
    THP_PyFrame_Clear(frame);
    THP_PyThreadState_PopFrame(tstate, frame);
    if (failed) {
        return NULL;
    }
    return object != NULL ? object : Py_NewRef(Py_None);
}

PyDoc_STRVAR(arena_doc, "arena(bytes): allocate, fill and free; whether there was memory.");
static PyObject *arena(PyObject *module, PyObject *args)
{
    (void)module;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "n", &bytes)) {
        return NULL;
    }
    void *memory = THP_PyObject_VirtualAlloc((size_t)bytes);
    if (memory == NULL) {
        Py_RETURN_FALSE;
    }
    memset(memory, 0xA5, (size_t)bytes);
    THP_PyObject_VirtualFree(memory, (size_t)bytes);
    Py_RETURN_TRUE;
}

PyMethodDef probe_datastack[] = {
    METHOD(push, METH_VARARGS),
    METHOD(pop, METH_VARARGS),
    METHOD(stack, METH_NOARGS),
    METHOD(kept, METH_NOARGS),
    METHOD(drop_kept, METH_NOARGS),
    METHOD(forget_top, METH_NOARGS),
    METHOD(push_frame, METH_VARARGS),
    METHOD(never_run, METH_VARARGS),
    METHOD(arena, METH_VARARGS),
    {NULL, NULL, 0, NULL},
};
