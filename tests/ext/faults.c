/* What the sanitizers need: faults that each of them must report, and memory that they can see into. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_frame.h>

#include <stdint.h>
#include <stdlib.h>

#include "cpython_defs.h"

/* ---- faults ---------------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(leak_reference_doc, "leak_reference(object): take a reference and keep it.");
static PyObject *leak_reference(PyObject *module, PyObject *object)
{
    (void)module;
    Py_INCREF(object);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(leak_block_doc, "leak_block(object): allocate a block of memory and forget it.");
static PyObject *leak_block(PyObject *module, PyObject *object)
{
    (void)module, (void)object;
    char *volatile block = PyMem_Malloc(64);
    block = NULL;
    (void)block;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(leak_frame_object_doc, "leak_frame_object(function): have the shim make a frame object, and forget it.");
static PyObject *leak_frame_object(PyObject *module, PyObject *function)
{
    (void)module;
    PyFrameObject *volatile object = THP_PyFrame_New_NoTrack((PyCodeObject *)((PyFunctionObject *)function)->func_code);
    object = NULL;
    (void)object;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(read_dead_object_doc, "read_dead_object(function): read an object that its last reference has left.");
static PyObject *read_dead_object(PyObject *module, PyObject *function)
{
    (void)module, (void)function;
    PyObject *volatile object = PyBytes_FromStringAndSize(NULL, 1000);
    if (object == NULL) {
        return NULL;
    }
    Py_DECREF(object);
    return PyLong_FromSsize_t(((PyVarObject *)object)->ob_size);
}

PyDoc_STRVAR(copy_dead_function_doc, "copy_dead_function(function): have the shim copy a function that is gone.");
static PyObject *copy_dead_function(PyObject *module, PyObject *function)
{
    (void)module;
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    PyFunctionObject *copy = _PyFunction_CopyWithNewCode((PyFunctionObject *)function, code);
    if (copy == NULL) {
        return NULL;
    }
    Py_DECREF(copy);
    return (PyObject *)_PyFunction_CopyWithNewCode(copy, code);
}

PyDoc_STRVAR(read_freed_frame_doc, "read_freed_frame(function): have the shim read the locals of a frame whose chunk is gone.");
static PyObject *read_freed_frame(PyObject *module, PyObject *function)
{
    (void)module, (void)function;
    PyThreadState *tstate = PyThreadState_Get();
    /* Too large for the chunk in use, so that popping it frees its chunk. */
    _PyInterpreterFrame *frame = THP_PyThreadState_BumpFramePointerSlow(tstate, 1 << 15);
    if (frame == NULL) {
        return NULL;
    }
    THP_PyThreadState_PopFrame(tstate, frame);
    return THP_PyFrame_GetLocals(frame, 0, NULL);
}

/* ---- memory that a sanitizer sees into --------------------------------------------------------------------------- */

/* The data stack lies in memory of the arena allocator, which is mmap's: a use after it is given back would be a crash at
 * best. From malloc it is reported. What was allocated before stays the real allocator's to free: it begins a page. */
#define PAGE 4096
#define ALIGNMENT 16

static PyObjectArenaAllocator real_arena;

static void *malloc_arena(void *context, size_t size)
{
    (void)context;
    char *memory = malloc(size + (size_t)2 * ALIGNMENT);
    if (memory == NULL) {
        return NULL;
    }
    char skipped = (uintptr_t)(memory + ALIGNMENT) % PAGE != 0 ? ALIGNMENT : 2 * ALIGNMENT;
    memory[skipped - 1] = skipped;
    return memory + skipped;
}

static void free_arena(void *context, void *arena, size_t size)
{
    if ((uintptr_t)arena % PAGE == 0) {
        real_arena.free(context, arena, size);
    } else {
        free((char *)arena - ((char *)arena)[-1]);
    }
}

PyDoc_STRVAR(malloc_arenas_doc, "malloc_arenas(): take the arenas from malloc from now on.");
static PyObject *malloc_arenas(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyObject_GetArenaAllocator(&real_arena);
    PyObjectArenaAllocator arena = {real_arena.ctx, malloc_arena, free_arena};
    PyObject_SetArenaAllocator(&arena);
    Py_RETURN_NONE;
}

#define METHOD(name, how) {#name, name, how, name##_doc}

static PyMethodDef methods[] = {
    METHOD(leak_reference, METH_O),
    METHOD(leak_block, METH_O),
    METHOD(leak_frame_object, METH_O),
    METHOD(read_dead_object, METH_O),
    METHOD(copy_dead_function, METH_O),
    METHOD(read_freed_frame, METH_O),
    METHOD(malloc_arenas, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "faults",
    "Faults for the sanitizers to find.",
    -1,
    methods,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_faults(void)
{
    return PyModule_Create(&definition);
}
