/* What an operation works on: a function, and a frame of it that never runs, with given slots. */
#ifndef BENCH_WORLDS_H
#define BENCH_WORLDS_H

#include "internals.h"

struct world {
    PyFunctionObject *function;
    PyCodeObject *code;
    PyObject *slots;            /* a tuple, ... for an empty slot */
    PyObject *existing;         /* the frame's f_locals, or NULL */
    bool executed;              /* the pointer stands behind the first RESUME, and not before the first instruction */
    _PyInterpreterFrame *frame; /* on the heap */
    size_t words;               /* of a frame of the code on the data stack */
    long depth;                 /* how many frames are pushed before the first is popped */
    void **pushed;              /* room for so many */
    void *filler;               /* what the boundary operations put on the data stack, or NULL */
    struct world *next;         /* the world that has its turn after this one: itself, unless several take turns */
    struct world *turn;         /* of the first of them: whose turn it is */
    PyObject *others;           /* those, kept by the first of them; NULL */
};

/* A world in a capsule: new, or NULL with an exception. */
PyObject *world_new(PyObject *function, PyObject *slots, int executed, PyObject *existing, long depth);

/* Has the worlds in a tuple of capsules take turns, beginning with the first, which keeps the others. 0, or -1 with an
 * exception. */
int world_take_turns(PyObject *capsules);

/* The world in a capsule; NULL with an exception. */
struct world *world_of(PyObject *capsule);

/* Makes a frame of pushed memory, with the world's slots, called by the thread's current frame. */
void world_fill(const struct world *world, PyThreadState *tstate, _PyInterpreterFrame *frame);

/* Undoes what fast to locals does to the free variables of a frame that has not started. */
static inline void world_rewind(const struct world *world)
{
    PyCodeObject *code = world->code;
    if (world->executed || code->co_nfreevars == 0) {
        return;
    }
    for (int i = code->co_nlocalsplus - code->co_nfreevars; i < code->co_nlocalsplus; i++) {
        word_replace(&world->frame->localsplus[i], NULL);
    }
    POINTER(world->frame) = FIRST(code);
}

/* Fills the chunk in use so that the next frame of so many words needs another; and gives that back. */
int world_fill_chunk(struct world *world, PyThreadState *tstate, size_t words);
void world_empty_chunk(struct world *world, PyThreadState *tstate);

#endif
