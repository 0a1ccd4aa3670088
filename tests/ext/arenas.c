/* Arena allocators that refuse, take notes, or know their own blocks; and the shim's two caches of chunks.
 *
 * A module of its own for each interpreter, its allocators for the whole process. "Chunk" is a block of the size of a
 * data-stack chunk: nothing but data stacks asks for that. */
#define _DEFAULT_SOURCE 1
#include <Python.h>

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "cpython_defs.h"
#include "pyframe_shim.h"

#define CHUNK (16 * 1024)

/* For programs that load and unload a copy of this file with no interpreter's help. */
#define EXPORTED __attribute__((visibility("default")))

/* ---- refusing and taking notes ---------------------------------------------------------------------------------- */

/* What was there before; its context is passed on as it is. */
static PyObjectArenaAllocator refused, logged;
static bool refusing, logging;

static void *no_arena(void *context, size_t size)
{
    (void)context, (void)size;
    return NULL;
}

PyDoc_STRVAR(fail_doc, "fail(on): have the arena allocator refuse.");
static PyObject *fail(PyObject *module, PyObject *on)
{
    (void)module;
    if (PyObject_IsTrue(on) == refusing) {
        Py_RETURN_NONE;
    }
    refusing = !refusing;
    if (refusing) {
        PyObject_GetArenaAllocator(&refused);
        PyObjectArenaAllocator arena = refused;
        arena.alloc = no_arena;
        PyObject_SetArenaAllocator(&arena);
    } else {
        PyObject_SetArenaAllocator(&refused);
    }
    Py_RETURN_NONE;
}

#define LOGGED 64
static struct {
    void *memory;
    size_t size;
    int freed;
} notes[LOGGED];
static int noted;

static void note(void *memory, size_t size, int freed)
{
    if (noted < LOGGED) {
        notes[noted].memory = memory;
        notes[noted].size = size;
        notes[noted++].freed = freed;
    }
}

static void *logged_alloc(void *context, size_t size)
{
    void *memory = logged.alloc(context, size);
    note(memory, size, 0);
    return memory;
}

static void logged_free(void *context, void *memory, size_t size)
{
    note(memory, size, 1);
    logged.free(context, memory, size);
}

PyDoc_STRVAR(log_doc, "log(on): note what the arena allocator does from now on, or return what has been noted,\n"
                      "the first 64 of (address, bytes, freed).");
static PyObject *log_(PyObject *module, PyObject *on)
{
    (void)module;
    if (PyObject_IsTrue(on)) {
        if (!logging) {
            PyObject_GetArenaAllocator(&logged);
            PyObjectArenaAllocator arena = {logged.ctx, logged_alloc, logged_free};
            PyObject_SetArenaAllocator(&arena);
        }
        logging = true;
        noted = 0;
        Py_RETURN_NONE;
    }
    if (logging) {
        PyObject_SetArenaAllocator(&logged);
    }
    logging = false;
    PyObject *log = PyList_New(0);
    for (int i = 0; log != NULL && i < noted; i++) {
        PyObject *entry = Py_BuildValue(
            "NnN", PyLong_FromVoidPtr(notes[i].memory), (Py_ssize_t)notes[i].size, PyBool_FromLong(notes[i].freed));
        if (entry == NULL || PyList_Append(log, entry) < 0) {
            Py_CLEAR(log);
        }
        Py_XDECREF(entry);
    }
    return log;
}

/* ---- allocators that know their blocks -------------------------------------------------------------------------- */

/* Each notes the chunks that it gives. One that it is to free and has not given is a stranger. */
#define KEEPERS 12
#define MOST 8192
static struct keeper {
    PyObjectArenaAllocator below;
    pthread_mutex_t lock;
    long allocated, freed, strangers, most, calls;
    int live;
    void *chunks[MOST];
} keepers[KEEPERS];

/* What was in use when the process first loaded this module. */
static PyObjectArenaAllocator system_arena;

static void *keeper_alloc(void *context, size_t size)
{
    struct keeper *keeper = context;
    void *memory = keeper->below.alloc(keeper->below.ctx, size);
    pthread_mutex_lock(&keeper->lock);
    keeper->calls++;
    if (size == CHUNK && memory != NULL) {
        if (keeper->live == MOST) {
            Py_FatalError("too many chunks for the test");
        }
        keeper->chunks[keeper->live++] = memory;
        keeper->allocated++;
        keeper->most = keeper->live > keeper->most ? keeper->live : keeper->most;
    }
    pthread_mutex_unlock(&keeper->lock);
    return memory;
}

static void keeper_free(void *context, void *memory, size_t size)
{
    struct keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    keeper->calls++;
    if (size == CHUNK) {
        int place = keeper->live - 1;
        while (place >= 0 && keeper->chunks[place] != memory) {
            place--;
        }
        if (place < 0) {
            keeper->strangers++;
        } else {
            keeper->chunks[place] = keeper->chunks[--keeper->live];
            keeper->freed++;
        }
    }
    pthread_mutex_unlock(&keeper->lock);
    keeper->below.free(keeper->below.ctx, memory, size);
}

static struct keeper *keeper_at(long place)
{
    if (place >= 0 && place < KEEPERS) {
        return &keepers[place];
    }
    PyErr_SetString(PyExc_IndexError, "no such allocator");
    return NULL;
}

PyDoc_STRVAR(put_doc, "put(n, alone=False): the n-th allocator, around the one in use, or around none but the first of all.\n"
                      "Its counts begin again.");
static PyObject *put(PyObject *module, PyObject *args)
{
    (void)module;
    int place, alone = 0;
    struct keeper *keeper;
    if (!PyArg_ParseTuple(args, "i|p", &place, &alone) || (keeper = keeper_at(place)) == NULL) {
        return NULL;
    }
    PyObjectArenaAllocator arena = {keeper, keeper_alloc, keeper_free};
    keeper->below = system_arena;
    if (!alone) {
        PyObject_GetArenaAllocator(&keeper->below);
    }
    keeper->live = 0;
    keeper->allocated = keeper->freed = keeper->strangers = keeper->most = keeper->calls = 0;
    PyObject_SetArenaAllocator(&arena);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(again_doc, "again(n): the n-th allocator as it was.");
static PyObject *again(PyObject *module, PyObject *object)
{
    (void)module;
    struct keeper *keeper = keeper_at(PyLong_AsLong(object));
    if (keeper == NULL) {
        return NULL;
    }
    PyObjectArenaAllocator arena = {keeper, keeper_alloc, keeper_free};
    PyObject_SetArenaAllocator(&arena);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(remove_doc, "remove(n): what was below the n-th allocator, whatever has been set since.");
static PyObject *remove_(PyObject *module, PyObject *object)
{
    (void)module;
    struct keeper *keeper = keeper_at(PyLong_AsLong(object));
    if (keeper == NULL) {
        return NULL;
    }
    PyObject_SetArenaAllocator(&keeper->below);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(reset_doc, "reset(): the first allocator of all.");
static PyObject *reset(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyObject_SetArenaAllocator(&system_arena);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(in_use_doc, "in_use(): the number of the allocator in use, -1 for the first of all, None for any other.");
static PyObject *in_use(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyObjectArenaAllocator arena;
    PyObject_GetArenaAllocator(&arena);
    for (int i = 0; i < KEEPERS; i++) {
        if (arena.ctx == &keepers[i] && arena.alloc == keeper_alloc) {
            return PyLong_FromLong(i);
        }
    }
    if (arena.ctx == system_arena.ctx && arena.alloc == system_arena.alloc && arena.free == system_arena.free) {
        return PyLong_FromLong(-1);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(counts_doc, "counts(n): of the n-th allocator's chunks: (allocated, freed, live, strangers, most at a time),\n"
                         "and how often it was called at all.");
static PyObject *counts(PyObject *module, PyObject *object)
{
    (void)module;
    struct keeper *keeper = keeper_at(PyLong_AsLong(object));
    if (keeper == NULL) {
        return NULL;
    }
    return Py_BuildValue(
        "(lliill)", keeper->allocated, keeper->freed, keeper->live, (int)keeper->strangers, keeper->most, keeper->calls);
}

PyDoc_STRVAR(comes_to_doc, "comes_to(n, live): wait until so many chunks of the n-th allocator are live, for 20 s at most;\n"
                           "whether it came to that. Threads end a little after those who wait for them are told.");
static PyObject *comes_to(PyObject *module, PyObject *args)
{
    (void)module;
    int place, live;
    struct keeper *keeper;
    if (!PyArg_ParseTuple(args, "ii", &place, &live) || (keeper = keeper_at(place)) == NULL) {
        return NULL;
    }
    bool there = false;
    Py_BEGIN_ALLOW_THREADS
    for (int waited = 0; waited < 20000 && !there; waited++) {
        usleep(1000);
        pthread_mutex_lock(&keeper->lock);
        there = keeper->live == live;
        pthread_mutex_unlock(&keeper->lock);
    }
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(there);
}

/* ---- the data stack, through this copy of the shim --------------------------------------------------------------- */

static size_t room(void)
{
    PyThreadState *tstate = PyThreadState_Get();
    return (size_t)(tstate->datastack_limit - tstate->datastack_top);
}

PyDoc_STRVAR(push_doc, "push(words): THP_PyThreadState_BumpFramePointerSlow.");
static PyObject *push(PyObject *module, PyObject *words)
{
    (void)module;
    void *frame = THP_PyThreadState_BumpFramePointerSlow(PyThreadState_Get(), PyLong_AsSize_t(words));
    return frame == NULL ? NULL : PyLong_FromVoidPtr(frame);
}

PyDoc_STRVAR(pop_doc, "pop(frame): THP_PyThreadState_PopFrame; nothing for None.");
static PyObject *pop(PyObject *module, PyObject *frame)
{
    (void)module;
    if (frame != Py_None) {
        THP_PyThreadState_PopFrame(PyThreadState_Get(), PyLong_AsVoidPtr(frame));
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(
    fill_doc, "fill(): push what leaves one word of room in the chunk, to be popped; None if nothing had to be pushed.");
static PyObject *fill(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    if (room() == 1) {
        Py_RETURN_NONE;
    }
    void *frame = THP_PyThreadState_BumpFramePointerSlow(PyThreadState_Get(), room() - 1);
    return frame == NULL ? NULL : PyLong_FromVoidPtr(frame);
}

/* Chunks that come and go, of this thread's stack or of none yet. */
EXPORTED int arenas_push_and_pop(long times)
{
    PyThreadState *tstate = PyThreadState_Get();
    for (long i = 0; i < times; i++) {
        void *first = THP_PyThreadState_BumpFramePointerSlow(tstate, 1040);
        void *second = first == NULL ? NULL : THP_PyThreadState_BumpFramePointerSlow(tstate, 1040);
        if (second == NULL) {
            return -1;
        }
        THP_PyThreadState_PopFrame(tstate, second);
        THP_PyThreadState_PopFrame(tstate, first);
    }
    return 0;
}

PyDoc_STRVAR(push_and_pop_doc, "push_and_pop(times): two frames of half a chunk and more, and away with them.");
static PyObject *push_and_pop(PyObject *module, PyObject *times)
{
    (void)module;
    return arenas_push_and_pop(PyLong_AsLong(times)) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(calls_at_edge_doc, "calls_at_edge(function, times): call it where its frame does not fit into the chunk.");
static PyObject *calls_at_edge(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function;
    Py_ssize_t times;
    if (!PyArg_ParseTuple(args, "On", &function, &times)) {
        return NULL;
    }
    PyThreadState *tstate = PyThreadState_Get();
    void *frame = room() == 1 ? NULL : THP_PyThreadState_BumpFramePointerSlow(tstate, room() - 1);
    bool failed = false;
    while (!failed && times-- > 0) {
        PyObject *result = PyObject_CallNoArgs(function);
        failed = result == NULL;
        Py_XDECREF(result);
    }
    if (frame != NULL) {
        THP_PyThreadState_PopFrame(tstate, frame);
    }
    return failed ? NULL : Py_NewRef(Py_None);
}

/* Stacks that threads have put aside, as libraries that switch stacks do. */
#define STACKS 4
static struct {
    _PyStackChunk *chunk;
    PyObject **top, **limit;
} aside[STACKS];

PyDoc_STRVAR(
    switch_stack_doc, "switch_stack(n): go on with the n-th stack put aside (empty at first); this one takes its place.");
static PyObject *switch_stack(PyObject *module, PyObject *object)
{
    (void)module;
    long place = PyLong_AsLong(object);
    if (place < 0 || place >= STACKS) {
        PyErr_SetString(PyExc_IndexError, "no such stack");
        return NULL;
    }
    PyThreadState *tstate = PyThreadState_Get();
    _PyStackChunk *chunk = tstate->datastack_chunk;
    PyObject **top = tstate->datastack_top, **limit = tstate->datastack_limit;
    tstate->datastack_chunk = aside[place].chunk;
    tstate->datastack_top = aside[place].top;
    tstate->datastack_limit = aside[place].limit;
    aside[place].chunk = chunk;
    aside[place].top = top;
    aside[place].limit = limit;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(drop_stack_doc, "drop_stack(n): free the chunks of the n-th stack put aside, with the allocator in use.");
static PyObject *drop_stack(PyObject *module, PyObject *object)
{
    (void)module;
    long place = PyLong_AsLong(object);
    if (place < 0 || place >= STACKS) {
        PyErr_SetString(PyExc_IndexError, "no such stack");
        return NULL;
    }
    PyObjectArenaAllocator arena;
    PyObject_GetArenaAllocator(&arena);
    for (_PyStackChunk *chunk = aside[place].chunk; chunk != NULL;) {
        _PyStackChunk *previous = chunk->previous;
        arena.free(arena.ctx, chunk, chunk->size);
        chunk = previous;
    }
    aside[place].chunk = NULL;
    aside[place].top = aside[place].limit = NULL;
    Py_RETURN_NONE;
}

/* ---- the chunk cache --------------------------------------------------------------------------------------------- */

EXPORTED int arenas_enable(size_t chunks)
{
    return PyFrameShim_EnableChunkCache(chunks);
}

PyDoc_STRVAR(enable_doc, "enable(chunks): PyFrameShim_EnableChunkCache.");
static PyObject *enable(PyObject *module, PyObject *chunks)
{
    (void)module;
    size_t wanted = PyLong_AsSize_t(chunks);
    if (wanted == (size_t)-1 && PyErr_Occurred()) {
        return NULL;
    }
    int enabled = PyFrameShim_EnableChunkCache(wanted);
    return enabled < 0 ? NULL : PyLong_FromLong(enabled);
}

PyDoc_STRVAR(disable_doc, "disable(): PyFrameShim_DisableChunkCache.");
static PyObject *disable(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyFrameShim_DisableChunkCache();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(torn_doc, "torn(): the cache's functions with the context of the allocator below, and the other way round, as\n"
                       "threads with another GIL may call them while it is enabled or disabled.");
static PyObject *torn(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyObjectArenaAllocator below, ours;
    PyObject_GetArenaAllocator(&below);
    if (PyFrameShim_EnableChunkCache(4) < 0) {
        return NULL;
    }
    PyObject_GetArenaAllocator(&ours);
    for (int i = 0; i < 2; i++) {
        ours.free(below.ctx, ours.alloc(below.ctx, CHUNK), CHUNK);
        below.free(ours.ctx, below.alloc(ours.ctx, CHUNK), CHUNK);
    }
    PyFrameShim_DisableChunkCache();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(flicker_doc, "flicker(times): enable(4) and disable(), so often that others meet each moment of it.");
static PyObject *flicker(PyObject *module, PyObject *times)
{
    (void)module;
    for (long left = PyLong_AsLong(times); left > 0; left--) {
        if (PyFrameShim_EnableChunkCache(4) < 0) {
            return NULL;
        }
        PyFrameShim_DisableChunkCache();
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(statistics_doc, "statistics(): (capacity, held, hits, misses) of PyFrameShim_GetChunkCacheStats.");
static PyObject *statistics(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyFrameShim_ChunkCacheStats stats = {.size = sizeof(stats)};
    PyFrameShim_GetChunkCacheStats(&stats);
    return Py_BuildValue("nnKK", (Py_ssize_t)stats.capacity, (Py_ssize_t)stats.held, stats.hits, stats.misses);
}

PyDoc_STRVAR(raw_statistics_doc, "raw_statistics(size): the structure as bytes, of 0xEE before the call, with that size set.");
static PyObject *raw_statistics(PyObject *module, PyObject *size)
{
    (void)module;
    union {
        unsigned char bytes[2 * sizeof(PyFrameShim_ChunkCacheStats)];
        PyFrameShim_ChunkCacheStats stats;
    } all;
    memset(&all, 0xEE, sizeof(all));
    all.stats.size = PyLong_AsSize_t(size);
    PyFrameShim_GetChunkCacheStats(&all.stats);
    return PyBytes_FromStringAndSize((const char *)all.bytes, sizeof(all));
}

#define METHOD(name, function, how) {#name, function, how, name##_doc}

static PyMethodDef methods[] = {
    METHOD(fail, fail, METH_O),
    METHOD(log, log_, METH_O),
    METHOD(put, put, METH_VARARGS),
    METHOD(again, again, METH_O),
    METHOD(remove, remove_, METH_O),
    METHOD(reset, reset, METH_NOARGS),
    METHOD(in_use, in_use, METH_NOARGS),
    METHOD(counts, counts, METH_O),
    METHOD(comes_to, comes_to, METH_VARARGS),
    METHOD(push, push, METH_O),
    METHOD(pop, pop, METH_O),
    METHOD(fill, fill, METH_NOARGS),
    METHOD(push_and_pop, push_and_pop, METH_O),
    METHOD(calls_at_edge, calls_at_edge, METH_VARARGS),
    METHOD(switch_stack, switch_stack, METH_O),
    METHOD(drop_stack, drop_stack, METH_O),
    METHOD(enable, enable, METH_O),
    METHOD(disable, disable, METH_NOARGS),
    METHOD(torn, torn, METH_NOARGS),
    METHOD(flicker, flicker, METH_O),
    METHOD(statistics, statistics, METH_NOARGS),
    METHOD(raw_statistics, raw_statistics, METH_O),
    {NULL, NULL, 0, NULL},
};

static void prepare(void)
{
    PyObject_GetArenaAllocator(&system_arena);
    for (int i = 0; i < KEEPERS; i++) {
        pthread_mutex_init(&keepers[i].lock, NULL);
    }
}

static int execute(PyObject *module)
{
    (void)module;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "arenas",
    "Arena allocators and chunks, for tests.",
    0,
    methods,
    module_slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_arenas(void)
{
    return PyModuleDef_Init(&definition);
}
