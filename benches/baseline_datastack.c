/* The data stack and the allocator of its chunks. Sizes are in words unless they say bytes. */
#include "baseline.h"

#define CHUNK_BYTES (16 * 1024)
#define OVERHEAD 1000
#define LARGEST_BYTES ((size_t)1 << 30)

void *baseline_arena_alloc(size_t bytes)
{
    PyObjectArenaAllocator arena;
    PyObject_GetArenaAllocator(&arena);
    return arena.alloc(arena.ctx, bytes);
}

void baseline_arena_free(void *memory, size_t bytes)
{
    PyObjectArenaAllocator arena;
    PyObject_GetArenaAllocator(&arena);
    arena.free(arena.ctx, memory, bytes);
}

static PyObject **push_chunk(PyThreadState *tstate, size_t size)
{
    if (size > LARGEST_BYTES / sizeof(PyObject *) - OVERHEAD) {
        return (PyObject **)PyErr_NoMemory();
    }
    size_t bytes = CHUNK_BYTES;
    while (bytes < sizeof(PyObject *) * (size + OVERHEAD)) {
        bytes *= 2;
    }
    _PyStackChunk *previous = tstate->datastack_chunk;
    _PyStackChunk *chunk = baseline_arena_alloc(bytes);
    if (chunk == NULL) {
        return (PyObject **)PyErr_NoMemory();
    }
    chunk->previous = previous;
    chunk->size = bytes;
    chunk->top = 0;
    if (previous != NULL) {
        previous->top = tstate->datastack_top - &previous->data[0];
    }
    tstate->datastack_chunk = chunk;
    tstate->datastack_limit = (PyObject **)((char *)chunk + bytes);
    /* The root chunk's first word stays empty, so that it is never popped. */
    PyObject **base = &chunk->data[previous == NULL];
    tstate->datastack_top = base + size;
    return base;
}

_PyInterpreterFrame *baseline_push(PyThreadState *tstate, size_t size)
{
    CHECK((tstate->datastack_top == NULL) == (tstate->datastack_limit == NULL));
    if (tstate->datastack_top != NULL && size < (size_t)(tstate->datastack_limit - tstate->datastack_top)) {
        PyObject **base = tstate->datastack_top;
        tstate->datastack_top += size;
        return (_PyInterpreterFrame *)base;
    }
    return (_PyInterpreterFrame *)push_chunk(tstate, size);
}

void baseline_pop(PyThreadState *tstate, _PyInterpreterFrame *frame)
{
    CHECK(tstate->datastack_chunk != NULL);
    PyObject **base = (PyObject **)frame;
    _PyStackChunk *chunk = tstate->datastack_chunk;
    if (base == &chunk->data[0]) {
        _PyStackChunk *previous = chunk->previous;
        CHECK(previous != NULL);
        tstate->datastack_top = &previous->data[previous->top];
        tstate->datastack_chunk = previous;
        tstate->datastack_limit = (PyObject **)((char *)previous + previous->size);
        baseline_arena_free(chunk, chunk->size);
        return;
    }
    /* Popped in reverse order: it lies in the chunk in use. */
    CHECK(base > &chunk->data[0] && base <= tstate->datastack_top);
    tstate->datastack_top = base;
}
