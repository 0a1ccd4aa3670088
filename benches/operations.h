/* What is measured. */
#ifndef BENCH_OPERATIONS_H
#define BENCH_OPERATIONS_H

#include "implementations.h"
#include "worlds.h"

struct operation {
    const char *name;
    /* Why it cannot be asked of the implementation; NULL if it can. */
    const char *(*refusal)(const struct implementation *implementation);
    /* Before and after the repetitions, not measured; may be NULL. */
    int (*begin)(struct world *world, PyThreadState *tstate);
    void (*end)(struct world *world, PyThreadState *tstate);
    /* So many times: 0, or -1 with an exception. */
    int (*run)(struct world *world, PyThreadState *tstate, const struct implementation *implementation, long times);
};

extern const struct operation operations[]; /* ends with one that has no name */

/* The operation of this name, or NULL with ValueError. */
const struct operation *find_operation(const char *name);

#endif
