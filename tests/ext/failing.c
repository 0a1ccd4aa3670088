#include <Python.h>

#include "failing.h"

static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
static PyMemAllocatorEx real[2];
static long armed = -1, left;
static bool inside, failed;

static bool fails(void)
{
    const bool now = inside && left-- == 0;
    failed = failed || now;
    return now;
}

static void *fail_malloc(void *context, size_t size)
{
    PyMemAllocatorEx *allocator = context;
    return fails() ? NULL : allocator->malloc(allocator->ctx, size);
}

static void *fail_calloc(void *context, size_t count, size_t size)
{
    PyMemAllocatorEx *allocator = context;
    return fails() ? NULL : allocator->calloc(allocator->ctx, count, size);
}

static void *fail_realloc(void *context, void *memory, size_t size)
{
    PyMemAllocatorEx *allocator = context;
    return fails() ? NULL : allocator->realloc(allocator->ctx, memory, size);
}

static void pass_free(void *context, void *memory)
{
    PyMemAllocatorEx *allocator = context;
    allocator->free(allocator->ctx, memory);
}

void failing_arm(long n)
{
    armed = n;
    failed = false;
}

bool failing_has_failed(void)
{
    return failed;
}

void failing_begin(void)
{
    if (armed < 0) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        PyMem_GetAllocator(domains[i], &real[i]);
        PyMemAllocatorEx failing = {&real[i], fail_malloc, fail_calloc, fail_realloc, pass_free};
        PyMem_SetAllocator(domains[i], &failing);
    }
    left = armed;
    armed = -1;
    inside = true;
}

void failing_end(void)
{
    if (!inside) {
        return;
    }
    inside = false;
    for (int i = 0; i < 2; i++) {
        PyMem_SetAllocator(domains[i], &real[i]);
    }
}
