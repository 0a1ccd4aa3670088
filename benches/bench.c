/* The module: operations measured, and what they answer. */
#include "clock.h"
#include "operations.h"

#include "pyframe_shim.h"

/* ---- measuring ------------------------------------------------------------------------------------------------- */

/* Nanoseconds per repetition, or -1 with an exception. */
static double time_once(
    const struct operation *operation, struct world *world, const struct implementation *implementation, long times)
{
    PyThreadState *tstate = PyThreadState_Get();
    if (operation->begin != NULL && operation->begin(world, tstate) < 0) {
        return -1;
    }
    double began = now();
    int failed = operation->run(world, tstate, implementation, times);
    double ended = now();
    if (operation->end != NULL) {
        operation->end(world, tstate);
    }
    return failed ? -1 : (ended - began) / (double)times;
}

/* How many repetitions take about so many nanoseconds; warms up on the way. -1 with an exception. */
static long calibrate(
    const struct operation *operation, struct world *world, const struct implementation *implementation, double wanted)
{
    long times = 1;
    for (int tries = 0; tries < 40; tries++) {
        double each = time_once(operation, world, implementation, times);
        if (each < 0) {
            return -1;
        }
        if (each * (double)times >= wanted / 2) {
            double fitting = wanted / each;
            return fitting < 1 ? 1 : (long)fitting;
        }
        times *= 2;
    }
    return times;
}

PyDoc_STRVAR(measure_doc, "measure(operation, implementations, world, rounds, nanoseconds): for each round a tuple of each\n"
                          "implementation's nanoseconds per repetition. A round times all of them, in random order, each for\n"
                          "about so many nanoseconds.");
static PyObject *measure(PyObject *module, PyObject *args)
{
    (void)module;
    const char *name;
    PyObject *names, *capsule;
    int rounds;
    double wanted;
    if (!PyArg_ParseTuple(args, "sO!Oid", &name, &PyTuple_Type, &names, &capsule, &rounds, &wanted)) {
        return NULL;
    }
    const struct operation *operation = find_operation(name);
    struct world *world = world_of(capsule);
    const struct implementation *chosen[IMPLEMENTATIONS];
    long times[IMPLEMENTATIONS];
    int order[IMPLEMENTATIONS], count = (int)PyTuple_GET_SIZE(names);
    if (operation == NULL || world == NULL || count > IMPLEMENTATIONS) {
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        const char *text = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
        chosen[i] = text == NULL ? NULL : find_implementation(text);
        if (chosen[i] == NULL || (times[i] = calibrate(operation, world, chosen[i], wanted)) < 0) {
            return NULL;
        }
    }
    PyObject *result = PyList_New(0);
    for (int round = 0; result != NULL && round < rounds; round++) {
        PyObject *each = PyTuple_New(count);
        shuffle(order, count);
        for (int i = 0; each != NULL && i < count; i++) {
            int which = order[i];
            double time = time_once(operation, world, chosen[which], times[which]);
            PyObject *number = time < 0 ? NULL : PyFloat_FromDouble(time);
            if (number == NULL) {
                Py_CLEAR(each);
            } else {
                PyTuple_SET_ITEM(each, which, number);
            }
        }
        if (each == NULL || PyList_Append(result, each) < 0 || PyErr_CheckSignals() < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(each);
    }
    return result;
}

/* What callgrind is told to count: by this name, in tools/callgrind.py. */
__attribute__((noinline)) int bench_counted(const struct operation *operation, struct world *world, PyThreadState *tstate,
    const struct implementation *implementation, long times)
{
    int failed = operation->run(world, tstate, implementation, times);
    /* Not a tail call: the counting would not end with this function. */
    __asm__ volatile("" ::: "memory");
    return failed;
}

PyDoc_STRVAR(counted_doc, "counted(operation, implementation, world, times): repeat it, with nothing else around it.");
static PyObject *counted(PyObject *module, PyObject *args)
{
    (void)module;
    const char *name, *which;
    PyObject *capsule;
    long times;
    if (!PyArg_ParseTuple(args, "ssOl", &name, &which, &capsule, &times)) {
        return NULL;
    }
    const struct operation *operation = find_operation(name);
    struct world *world = world_of(capsule);
    const struct implementation *implementation = find_implementation(which);
    PyThreadState *tstate = PyThreadState_Get();
    if (operation == NULL || world == NULL || implementation == NULL
        || (operation->begin != NULL && operation->begin(world, tstate) < 0)) {
        return NULL;
    }
    int failed = bench_counted(operation, world, tstate, implementation, times);
    if (operation->end != NULL) {
        operation->end(world, tstate);
    }
    return failed ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(time_calls_doc, "time_calls(function, arguments, times, boundary): nanoseconds per call from C. With boundary,\n"
                             "the function's frame needs a new chunk of the data stack each time.");
static PyObject *time_calls(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *arguments;
    long times;
    int boundary;
    if (!PyArg_ParseTuple(args, "O!O!lp", &PyFunction_Type, &function, &PyTuple_Type, &arguments, &times, &boundary)) {
        return NULL;
    }
    PyThreadState *tstate = PyThreadState_Get();
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    struct world world = {.words = words_of(code)};
    if (boundary && world_fill_chunk(&world, tstate, world.words) < 0) {
        return NULL;
    }
    bool failed = false;
    double began = now();
    for (long i = 0; i < times && !failed; i++) {
        PyObject *result =
            PyObject_Vectorcall(function, ((PyTupleObject *)arguments)->ob_item, PyTuple_GET_SIZE(arguments), NULL);
        failed = result == NULL;
        Py_XDECREF(result);
    }
    double ended = now();
    if (boundary) {
        world_empty_chunk(&world, tstate);
    }
    return failed ? NULL : PyFloat_FromDouble((ended - began) / (double)times);
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

static int parse(PyObject *args, const struct implementation **implementation, struct world **world)
{
    const char *which;
    PyObject *capsule;
    if (!PyArg_ParseTuple(args, "sO", &which, &capsule)) {
        return -1;
    }
    *implementation = find_implementation(which);
    *world = world_of(capsule);
    return *implementation == NULL || *world == NULL ? -1 : 0;
}

static PyObject *slots_of(_PyInterpreterFrame *frame)
{
    int count = CODE(frame)->co_nlocalsplus;
    PyObject *slots = PyTuple_New(count);
    for (int i = 0; slots != NULL && i < count; i++) {
        PyTuple_SET_ITEM(slots, i, Py_NewRef(SLOT(frame, i) ? SLOT(frame, i) : Py_Ellipsis));
    }
    return slots;
}

PyDoc_STRVAR(fast_to_locals_doc,
    "fast_to_locals(implementation, world, locals): merge into locals (None: a fresh dict). Returns\n"
    "f_locals, free_vars_copied, the pointer in code units and the slots afterwards.");
static PyObject *fast_to_locals(PyObject *module, PyObject *args)
{
    (void)module;
    const char *which;
    PyObject *capsule, *locals;
    if (!PyArg_ParseTuple(args, "sOO", &which, &capsule, &locals)) {
        return NULL;
    }
    const struct implementation *implementation = find_implementation(which);
    struct world *world = world_of(capsule);
    if (implementation == NULL || world == NULL) {
        return NULL;
    }
    _PyInterpreterFrame *frame = world->frame;
    PyObject *before = frame->f_locals;
    frame->f_locals = locals == Py_None ? NULL : Py_NewRef(locals);
    int copied = 0;
    PyObject *answer = NULL;
    if (implementation->fast_to_locals(frame, &copied) == 0) {
        answer = Py_BuildValue("OinN", frame->f_locals, copied, POINTER(frame) - _PyCode_CODE(CODE(frame)), slots_of(frame));
    }
    Py_XDECREF(frame->f_locals);
    frame->f_locals = before;
    world_rewind(world);
    return answer;
}

PyDoc_STRVAR(mapping_doc, "mapping(implementation, world): the locals as a fresh dict.");
static PyObject *mapping(PyObject *module, PyObject *args)
{
    (void)module;
    const struct implementation *implementation;
    struct world *world;
    return parse(args, &implementation, &world) < 0 ? NULL : implementation->mapping(world->frame);
}

PyDoc_STRVAR(copy_function_doc, "copy_function(implementation, world, code): the world's function with other code.");
static PyObject *copy_function(PyObject *module, PyObject *args)
{
    (void)module;
    const char *which;
    PyObject *capsule, *code;
    if (!PyArg_ParseTuple(args, "sOO!", &which, &capsule, &PyCode_Type, &code)) {
        return NULL;
    }
    const struct implementation *implementation = find_implementation(which);
    struct world *world = world_of(capsule);
    if (implementation == NULL || world == NULL) {
        return NULL;
    }
    return (PyObject *)implementation->copy_function(world->function, (PyCodeObject *)code);
}

PyDoc_STRVAR(survivor_doc, "survivor(implementation, world): the frame object that outlives a frame of the world.");
static PyObject *survivor(PyObject *module, PyObject *args)
{
    (void)module;
    const struct implementation *implementation;
    struct world *world;
    PyThreadState *tstate = PyThreadState_Get();
    if (parse(args, &implementation, &world) < 0) {
        return NULL;
    }
    _PyInterpreterFrame *frame = implementation->push(tstate, world->words);
    if (frame == NULL) {
        return NULL;
    }
    world_fill(world, tstate, frame);
    PyObject *object = Py_XNewRef((PyObject *)implementation->make_frame_object(frame));
    implementation->clear(frame);
    implementation->pop(tstate, frame);
    return object;
}

PyDoc_STRVAR(stack_doc, "stack(): the chunk in use and its top, as ints.");
static PyObject *stack(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyThreadState *tstate = PyThreadState_Get();
    return Py_BuildValue("NN", PyLong_FromVoidPtr(tstate->datastack_chunk), PyLong_FromVoidPtr(tstate->datastack_top));
}

/* ---- the chunk cache ------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(chunk_cache_doc,
    "chunk_cache(chunks): keep so many chunks, or none for 0. Returns whether there is anything to do:\n"
    "False where CPython keeps a chunk itself.");
static PyObject *chunk_cache(PyObject *module, PyObject *chunks)
{
    (void)module;
    long number = PyLong_AsLong(chunks);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (number == 0) {
        PyFrameShim_DisableChunkCache();
        Py_RETURN_TRUE;
    }
    int enabled = PyFrameShim_EnableChunkCache((size_t)number);
    return enabled < 0 ? NULL : PyBool_FromLong(enabled);
}

PyDoc_STRVAR(chunk_cache_hits_doc, "chunk_cache_hits(): how often a chunk was there.");
static PyObject *chunk_cache_hits(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyFrameShim_ChunkCacheStats stats = {.size = sizeof stats};
    PyFrameShim_GetChunkCacheStats(&stats);
    return PyLong_FromUnsignedLongLong(stats.hits);
}

/* ---- the module ------------------------------------------------------------------------------------------------ */

PyDoc_STRVAR(world_doc, "world(function, slots, executed, existing, depth): what operations work on.");
static PyObject *world(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *slots, *existing;
    int executed;
    long depth;
    if (!PyArg_ParseTuple(args, "O!O!pOl", &PyFunction_Type, &function, &PyTuple_Type, &slots, &executed, &existing, &depth)) {
        return NULL;
    }
    return world_new(function, slots, executed, existing, depth);
}

PyDoc_STRVAR(take_turns_doc, "take_turns(worlds): each repetition works on the next; the first stands for all.");
static PyObject *take_turns(PyObject *module, PyObject *capsules)
{
    (void)module;
    if (!PyTuple_Check(capsules)) {
        return PyErr_SetString(PyExc_TypeError, "a tuple of worlds is needed"), NULL;
    }
    return world_take_turns(capsules) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(refusal_doc, "refusal(operation, implementation): why the one cannot be asked of the other, or None.");
static PyObject *refusal(PyObject *module, PyObject *args)
{
    (void)module;
    const char *name, *which;
    if (!PyArg_ParseTuple(args, "ss", &name, &which)) {
        return NULL;
    }
    const struct operation *operation = find_operation(name);
    const struct implementation *implementation = find_implementation(which);
    if (operation == NULL || implementation == NULL) {
        return NULL;
    }
    return Py_BuildValue("z", operation->refusal(implementation));
}

PyDoc_STRVAR(operations_doc, "operations(): the names of all operations.");
static PyObject *list_operations(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyObject *names = PyList_New(0);
    for (const struct operation *operation = operations; names != NULL && operation->name != NULL; operation++) {
        PyObject *name = PyUnicode_FromString(operation->name);
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    return names;
}

PyDoc_STRVAR(torch_doc, "torch(path): take PyTorch's symbols from its libtorch_python.so; returns those that it has.");
static PyObject *torch(PyObject *module, PyObject *path)
{
    (void)module;
    const char *text = PyUnicode_AsUTF8(path);
    return text == NULL ? NULL : load_torch(text);
}

PyDoc_STRVAR(set_pairs_doc, "set_pairs(dict): what the floor inserts.");
static PyObject *set_pairs(PyObject *module, PyObject *pairs)
{
    (void)module;
    return set_floor(pairs) < 0 ? NULL : Py_NewRef(Py_None);
}

#define METHOD(name, how) {#name, name, how, name##_doc}

static PyMethodDef methods[] = {
    METHOD(measure, METH_VARARGS),
    METHOD(counted, METH_VARARGS),
    METHOD(time_calls, METH_VARARGS),
    METHOD(fast_to_locals, METH_VARARGS),
    METHOD(mapping, METH_VARARGS),
    METHOD(copy_function, METH_VARARGS),
    METHOD(survivor, METH_VARARGS),
    METHOD(stack, METH_NOARGS),
    METHOD(chunk_cache, METH_O),
    METHOD(chunk_cache_hits, METH_NOARGS),
    METHOD(world, METH_VARARGS),
    METHOD(take_turns, METH_O),
    {"operations", list_operations, METH_NOARGS, operations_doc},
    METHOD(refusal, METH_VARARGS),
    METHOD(torch, METH_O),
    METHOD(set_pairs, METH_O),
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "bench",
    "The shim's symbols beside others that do the same.",
    -1,
    methods,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_bench(void)
{
    if (PyFrameShim_CheckRuntime() < 0) {
        return NULL;
    }
    return PyModule_Create(&definition);
}
