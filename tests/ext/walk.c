/* A random walk on the data stack: pushes and pops of every size, real Python calls in between, and a plain model of what
 * the stack must look like, compared after every step.
 *
 * The model is CPython's rule in other words: frames lie one behind the other in a chunk, never fill it to the last word,
 * and one that does not fit opens a chunk of 16 KiB, doubled until it holds the frame and 1000 words more. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_pystate.h>

#include <stdbool.h>
#include <stdint.h>

#include "cpython_defs.h"

#define DEEPEST 4096
#define LARGEST_WORDS (1 << 19) /* 4 MiB: the larger, the fewer steps a second */

typedef struct {
    PyObject **base;
    size_t words;
    bool opened_chunk;
    PyObject **top_before, **limit_before;
    _PyStackChunk *chunk_before;
    uintptr_t mark;
} Pushed;

typedef struct {
    PyThreadState *tstate;
    uint64_t random;
    Pushed *frames; /* DEEPEST of them */
    int depth;
    unsigned long long pushes, pops, chunks, calls;
    size_t largest;
} Walk;

static const char *wrong; /* what the model has caught */

/* xorshift64*: the same walk for the same seed everywhere. */
static uint64_t next_random(Walk *walk)
{
    walk->random ^= walk->random >> 12;
    walk->random ^= walk->random << 25;
    walk->random ^= walk->random >> 27;
    return walk->random * 0x2545F4914F6CDD1DULL;
}

static size_t model_chunk_words(size_t words)
{
    size_t bytes = 16 * 1024;
    while (bytes < 8 * (words + 1000)) {
        bytes += bytes;
    }
    return bytes / 8;
}

static bool expect(bool held, const char *what)
{
    if (!held && wrong == NULL) {
        wrong = what;
    }
    return held;
}

static size_t pick_size(Walk *walk)
{
    const uint64_t random = next_random(walk);
    const size_t room = (size_t)(walk->tstate->datastack_limit - walk->tstate->datastack_top);
    const size_t near = (random >> 32) % 5; /* 0..4, for sizes around an edge */
    switch (random % 20) {
    case 0: /* the edge of the chunk in use */
    case 1:
        return room + near > 2 ? room + near - 2 : 1;
    case 2: { /* the edges of the chunks to come: 16 KiB, 32 KiB ... */
        const size_t full = (size_t)2048 << ((random >> 16) % 9);
        return full - 1000 + near - 2;
    }
    case 3: /* anything up to a few chunks */
        return 1 + (random >> 24) % 20000;
    case 4: /* the largest, seldom */
        return (random >> 40) % 4096 == 0 ? LARGEST_WORDS : 1;
    default: /* what functions take */
        return 10 + (random >> 24) % 120;
    }
}

static bool push(Walk *walk)
{
    PyThreadState *tstate = walk->tstate;
    Pushed *pushed = &walk->frames[walk->depth];
    pushed->words = pick_size(walk);
    pushed->chunk_before = tstate->datastack_chunk;
    pushed->top_before = tstate->datastack_top;
    pushed->limit_before = tstate->datastack_limit;
    pushed->opened_chunk = pushed->words >= (size_t)(pushed->limit_before - pushed->top_before);
    pushed->base = (PyObject **)THP_PyThreadState_BumpFramePointerSlow(tstate, pushed->words);
    if (!expect(pushed->base != NULL, "a push failed")) {
        return false;
    }
    if (pushed->opened_chunk) {
        const size_t words = model_chunk_words(pushed->words);
        expect(tstate->datastack_chunk != pushed->chunk_before, "a push that does not fit has opened no chunk");
        expect(tstate->datastack_chunk->previous == pushed->chunk_before, "the new chunk does not follow the old one");
        expect(tstate->datastack_chunk->size == 8 * words, "the new chunk has another size");
        expect(pushed->base == tstate->datastack_chunk->data, "the first frame of a chunk is not at its start");
        expect(tstate->datastack_limit == (PyObject **)tstate->datastack_chunk + words, "the limit is not the chunk's end");
        walk->chunks++;
    } else {
        expect(tstate->datastack_chunk == pushed->chunk_before, "a push that fits has opened a chunk");
        expect(pushed->base == pushed->top_before, "a frame does not follow the one before");
        expect(tstate->datastack_limit == pushed->limit_before, "a push that fits has moved the limit");
    }
    expect(tstate->datastack_top == pushed->base + pushed->words, "the top is not behind the frame");
    expect(tstate->datastack_top < tstate->datastack_limit, "a frame fills its chunk");
    /* Write to both ends, to catch frames that overlap. */
    pushed->mark = (uintptr_t)next_random(walk);
    pushed->base[0] = (PyObject *)pushed->mark;
    pushed->base[pushed->words - 1] = (PyObject *)pushed->mark;
    walk->largest = pushed->words > walk->largest ? pushed->words : walk->largest;
    walk->depth++;
    walk->pushes++;
    return wrong == NULL;
}

static bool pop(Walk *walk)
{
    PyThreadState *tstate = walk->tstate;
    Pushed *pushed = &walk->frames[--walk->depth];
    expect(pushed->base[0] == (PyObject *)pushed->mark, "the first word of a frame has changed");
    expect(pushed->base[pushed->words - 1] == (PyObject *)pushed->mark, "the last word of a frame has changed");
    THP_PyThreadState_PopFrame(tstate, (_PyInterpreterFrame *)pushed->base);
    expect(tstate->datastack_chunk == pushed->chunk_before, "a pop leads to another chunk");
    expect(tstate->datastack_top == pushed->top_before, "a pop leads to another top");
    /* CPython keeps a spare chunk from 3.13.13 on, and may have used less of it than it has. */
    PyObject **end = (PyObject **)((char *)tstate->datastack_chunk + tstate->datastack_chunk->size);
    expect(tstate->datastack_limit == pushed->limit_before || tstate->datastack_limit == end, "a pop leads to another limit");
    walk->pops++;
    return wrong == NULL;
}

static bool call(Walk *walk, PyObject *function)
{
    PyThreadState *tstate = walk->tstate;
    PyObject **top = tstate->datastack_top;
    _PyStackChunk *chunk = tstate->datastack_chunk;
    PyObject *result = PyObject_CallFunction(function, "K", (unsigned long long)next_random(walk));
    walk->calls++;
    if (result == NULL) {
        return false;
    }
    Py_DECREF(result);
    expect(tstate->datastack_chunk == chunk, "a Python call has left another chunk behind");
    expect(tstate->datastack_top == top, "a Python call has left another top behind");
    return wrong == NULL;
}

PyDoc_STRVAR(walk_doc, "walk(seed, steps, function): take that many steps, with a call of function(random) now and then.\n"
                       "Returns (pushes, pops, chunks opened, calls, largest push in words); AssertionError if the model\n"
                       "is contradicted. May be called by the function.");
static PyObject *walk(PyObject *module, PyObject *args)
{
    (void)module;
    unsigned long long seed, steps;
    PyObject *function;
    if (!PyArg_ParseTuple(args, "KKO", &seed, &steps, &function)) {
        return NULL;
    }
    Walk walk = {.tstate = PyThreadState_Get(), .random = seed * 2 + 1};
    walk.frames = PyMem_Malloc(DEEPEST * sizeof(Pushed));
    if (walk.frames == NULL) {
        return PyErr_NoMemory();
    }
    bool well = true;
    unsigned climbing = 0;
    for (unsigned long long step = 0; well && step < steps; step++) {
        /* Now and then a long way up or down, so that chunks are left behind and come back. */
        if (step % 1024 == 0) {
            climbing = (unsigned)(next_random(&walk) % 3);
        }
        const unsigned choice = (unsigned)(next_random(&walk) % 64);
        if (choice == 0) {
            well = call(&walk, function);
        } else if (walk.depth == 0 || (walk.depth < DEEPEST && choice < 16 + 16 * climbing)) {
            well = push(&walk);
        } else {
            well = pop(&walk);
        }
    }
    while (well && walk.depth > 0) {
        well = pop(&walk);
    }
    PyMem_Free(walk.frames);
    if (wrong != NULL) {
        PyErr_Format(PyExc_AssertionError, "seed %llu: %s", seed, wrong);
        return NULL;
    }
    if (!well) {
        return NULL;
    }
    return Py_BuildValue("KKKKn", walk.pushes, walk.pops, walk.chunks, walk.calls, (Py_ssize_t)walk.largest);
}

static PyMethodDef methods[] = {
    {"walk", walk, METH_VARARGS, walk_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "walk",
    "A random walk on the data stack, against a model.",
    -1,
    methods,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_walk(void)
{
    return PyModule_Create(&definition);
}
