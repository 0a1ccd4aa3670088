/* The loops. What an implementation is given again each time (slots, a pointer) costs the same for all of them. */
#include "operations.h"

#include "cpython_defs.h"

#define ABSENT "no such symbol"
#define CRASHES "crashes"

#define REFUSAL(name, ...) \
    static const char *name(const struct implementation *implementation) \
    { \
        const void *needed[] = {__VA_ARGS__}; \
        for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) { \
            if (needed[i] == NULL) { \
                return ABSENT; \
            } \
        } \
        return NULL; \
    }

#define NEEDS(symbol) (const void *)(size_t)implementation->symbol

REFUSAL(fast_to_locals_refusal, NEEDS(fast_to_locals))
REFUSAL(mapping_refusal, NEEDS(mapping))
REFUSAL(copy_refusal, NEEDS(copy_function))
REFUSAL(arena_refusal, NEEDS(arena_alloc), NEEDS(arena_free))
REFUSAL(push_pop_refusal, NEEDS(push), NEEDS(pop))
REFUSAL(clear_refusal, NEEDS(push), NEEDS(clear), NEEDS(pop))
REFUSAL(absent_objects, NEEDS(push), NEEDS(clear), NEEDS(pop), NEEDS(new_frame_object), NEEDS(make_frame_object))

static const char *object_refusal(const struct implementation *implementation)
{
    const char *absent = absent_objects(implementation);
    return absent == NULL && implementation->objects_crash ? CRASHES : absent;
}

/* ---- locals ---------------------------------------------------------------------------------------------------- */

static int fast_to_fresh(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    (void)tstate;
    struct world *turn = world->turn;
    int failed = 0;
    for (long i = 0; i < times && !failed; i++) {
        int copied = 0;
        failed = implementation->fast_to_locals(turn->frame, &copied);
        Py_CLEAR(turn->frame->f_locals);
        world_rewind(turn);
        turn = turn->next;
    }
    world->turn = turn;
    return failed;
}

static int fast_to_existing(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    (void)tstate;
    for (long i = 0; i < times; i++) {
        int copied = 0;
        if (implementation->fast_to_locals(world->frame, &copied) < 0) {
            return -1;
        }
        world_rewind(world);
    }
    return 0;
}

static int map(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    (void)tstate;
    struct world *turn = world->turn;
    for (long i = 0; i < times; i++) {
        PyObject *locals = implementation->mapping(turn->frame);
        if (locals == NULL) {
            return -1;
        }
        Py_DECREF(locals);
        turn = turn->next;
    }
    world->turn = turn;
    return 0;
}

/* ---- functions and frame objects ------------------------------------------------------------------------------- */

static int copy(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    (void)tstate;
    for (long i = 0; i < times; i++) {
        PyFunctionObject *function = implementation->copy_function(world->function, world->code);
        if (function == NULL) {
            return -1;
        }
        Py_DECREF(function);
    }
    return 0;
}

static int new_object(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    (void)tstate;
    for (long i = 0; i < times; i++) {
        PyFrameObject *object = implementation->new_frame_object(world->code);
        if (object == NULL) {
            return -1;
        }
        /* PyTorch's stands for no frame yet, and so could not be released. */
        object->f_frame = world->frame;
        Py_DECREF(object);
    }
    return 0;
}

/* ---- the data stack -------------------------------------------------------------------------------------------- */

static int arena(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    (void)world, (void)tstate;
    const size_t bytes = 16 * 1024;
    for (long i = 0; i < times; i++) {
        void *memory = implementation->arena_alloc(bytes);
        if (memory == NULL) {
            return PyErr_NoMemory(), -1;
        }
        implementation->arena_free(memory, bytes);
    }
    return 0;
}

static int begin_at_boundary(struct world *world, PyThreadState *tstate)
{
    return world_fill_chunk(world, tstate, world->words);
}

/* So many frames lie below, and the next one needs another chunk. */
static int begin_deep(struct world *world, PyThreadState *tstate)
{
    for (long depth = 0; depth < world->depth; depth++) {
        world->pushed[depth] = THP_PyThreadState_BumpFramePointerSlow(tstate, world->words);
        if (world->pushed[depth] == NULL) {
            return -1;
        }
    }
    return begin_at_boundary(world, tstate);
}

static void end_deep(struct world *world, PyThreadState *tstate)
{
    world_empty_chunk(world, tstate);
    for (long depth = world->depth; depth > 0; depth--) {
        THP_PyThreadState_PopFrame(tstate, world->pushed[depth - 1]);
    }
}

static int push_pop(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    for (long i = 0; i < times; i++) {
        _PyInterpreterFrame *frame = implementation->push(tstate, world->words);
        if (frame == NULL) {
            return -1;
        }
        implementation->pop(tstate, frame);
    }
    return 0;
}

static int push_pop_deep(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    for (long i = 0; i < times; i++) {
        long depth = 0;
        while (depth < world->depth && (world->pushed[depth] = implementation->push(tstate, world->words)) != NULL) {
            depth++;
        }
        int failed = depth < world->depth;
        while (depth > 0) {
            implementation->pop(tstate, world->pushed[--depth]);
        }
        if (failed) {
            return -1;
        }
    }
    return 0;
}

/* ---- whole frames ---------------------------------------------------------------------------------------------- */

static int push_clear_pop(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    for (long i = 0; i < times; i++) {
        _PyInterpreterFrame *frame = implementation->push(tstate, world->words);
        if (frame == NULL) {
            return -1;
        }
        world_fill(world, tstate, frame);
        implementation->clear(frame);
        implementation->pop(tstate, frame);
    }
    return 0;
}

static inline int with_object(
    struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times, bool survives)
{
    for (long i = 0; i < times; i++) {
        _PyInterpreterFrame *frame = implementation->push(tstate, world->words);
        if (frame == NULL) {
            return -1;
        }
        world_fill(world, tstate, frame);
        PyFrameObject *object = implementation->make_frame_object(frame);
        if (survives) {
            Py_XINCREF(object);
        }
        implementation->clear(frame);
        implementation->pop(tstate, frame);
        if (object == NULL) {
            return -1;
        }
        if (survives) {
            Py_DECREF(object);
        }
    }
    return 0;
}

static int object_dropped(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    return with_object(world, tstate, implementation, times, false);
}

static int object_survives(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times)
{
    return with_object(world, tstate, implementation, times, true);
}

const struct operation operations[] = {
    {"fast to locals, fresh dict", fast_to_locals_refusal, NULL, NULL, fast_to_fresh},
    {"fast to locals, existing dict", fast_to_locals_refusal, NULL, NULL, fast_to_existing},
    {"locals mapping", mapping_refusal, NULL, NULL, map},
    {"function copy", copy_refusal, NULL, NULL, copy},
    {"frame object", object_refusal, NULL, NULL, new_object},
    {"arena block", arena_refusal, NULL, NULL, arena},
    {"push, pop", push_pop_refusal, NULL, NULL, push_pop},
    {"push, pop at a chunk's end", push_pop_refusal, begin_at_boundary, world_empty_chunk, push_pop},
    {"push, pop in depth", push_pop_refusal, NULL, NULL, push_pop_deep},
    {"push, pop at a chunk's end, in depth", push_pop_refusal, begin_deep, end_deep, push_pop},
    {"push, clear, pop", clear_refusal, NULL, NULL, push_clear_pop},
    {"the same, frame object dropped", object_refusal, NULL, NULL, object_dropped},
    {"the same, frame object survives", object_refusal, NULL, NULL, object_survives},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct operation *find_operation(const char *name)
{
    for (const struct operation *operation = operations; operation->name != NULL; operation++) {
        if (strcmp(operation->name, name) == 0) {
            return operation;
        }
    }
    return PyErr_Format(PyExc_ValueError, "no operation is called %s", name), NULL;
}
