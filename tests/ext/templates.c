/* Fresh dicts of locals, and the blocks of memory that making one takes: by them a test knows a dict that was copied from a
 * template, in one table of its final size, from one that has grown.
 *
 * Can be imported into every interpreter, those with a GIL of their own too. */
#include "internals.h"

#include "cpython_defs.h"

/* ---- the blocks that are allocated ----------------------------------------------------------------------------- */

#define MOST_BLOCKS 64

static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
static PyMemAllocatorEx real[2];
static size_t blocks[MOST_BLOCKS];
static int count;

static size_t noted(size_t size)
{
    if (count < MOST_BLOCKS) {
        blocks[count] = size;
    }
    count++;
    return size;
}

static void *note_malloc(void *context, size_t size)
{
    PyMemAllocatorEx *allocator = context;
    return allocator->malloc(allocator->ctx, noted(size));
}

static void *note_calloc(void *context, size_t number, size_t size)
{
    PyMemAllocatorEx *allocator = context;
    noted(number * size);
    return allocator->calloc(allocator->ctx, number, size);
}

static void *note_realloc(void *context, void *memory, size_t size)
{
    PyMemAllocatorEx *allocator = context;
    return allocator->realloc(allocator->ctx, memory, noted(size));
}

static void pass_free(void *context, void *memory)
{
    PyMemAllocatorEx *allocator = context;
    allocator->free(allocator->ctx, memory);
}

static void begin_notes(void)
{
    for (int i = 0; i < 2; i++) {
        PyMem_GetAllocator(domains[i], &real[i]);
        PyMemAllocatorEx noting = {&real[i], note_malloc, note_calloc, note_realloc, pass_free};
        PyMem_SetAllocator(domains[i], &noting);
    }
    count = 0;
}

static void end_notes(void)
{
    for (int i = 0; i < 2; i++) {
        PyMem_SetAllocator(domains[i], &real[i]);
    }
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

static PyObject *fast_to_locals(_PyInterpreterFrame *frame)
{
    return THP_PyFrame_FastToLocalsWithError(frame, NULL) < 0 ? NULL : Py_NewRef(frame->f_locals);
}

/* The frame of a frame object that is about to be asked, without a mapping from before; NULL with an exception. */
static _PyInterpreterFrame *fresh_frame(PyObject *object)
{
    if (!PyFrame_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a frame object is needed");
        return NULL;
    }
    _PyInterpreterFrame *frame = ((PyFrameObject *)object)->f_frame;
    Py_CLEAR(frame->f_locals);
    return frame;
}

PyDoc_STRVAR(mapping_doc, "mapping(frame_object): get_framelocals_mapping.");
static PyObject *mapping(PyObject *module, PyObject *object)
{
    (void)module;
    _PyInterpreterFrame *frame = fresh_frame(object);
    return frame == NULL ? NULL : get_framelocals_mapping(frame);
}

PyDoc_STRVAR(merged_doc, "merged(frame_object): THP_PyFrame_FastToLocalsWithError on a frame without f_locals; returns those.");
static PyObject *merged(PyObject *module, PyObject *object)
{
    (void)module;
    _PyInterpreterFrame *frame = fresh_frame(object);
    return frame == NULL ? NULL : fast_to_locals(frame);
}

PyDoc_STRVAR(inserted_doc, "inserted(frame_object): the same on a frame whose f_locals are an empty dict, which is never made\n"
                           "from a template.");
static PyObject *inserted(PyObject *module, PyObject *object)
{
    (void)module;
    _PyInterpreterFrame *frame = fresh_frame(object);
    if (frame == NULL || (frame->f_locals = PyDict_New()) == NULL) {
        return NULL;
    }
    return fast_to_locals(frame);
}

PyDoc_STRVAR(measured_doc, "measured(frame_object, merge): (merged() or mapping(), the sizes of the blocks allocated for it).\n"
                           "Not while interpreters with a GIL of their own run.");
static PyObject *measured(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *object, *locals;
    int merge;
    if (!PyArg_ParseTuple(args, "Op", &object, &merge)) {
        return NULL;
    }
    _PyInterpreterFrame *frame = fresh_frame(object);
    if (frame == NULL) {
        return NULL;
    }
    begin_notes();
    locals = merge ? fast_to_locals(frame) : get_framelocals_mapping(frame);
    end_notes();
    PyObject *sizes = locals == NULL ? NULL : PyList_New(0);
    if (sizes == NULL || count > MOST_BLOCKS) {
        Py_XDECREF(locals);
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_OverflowError, "%d blocks are more than are noted", count);
    }
    const int noted_blocks = count;
    for (int i = 0; i < noted_blocks; i++) {
        PyObject *size = PyLong_FromSize_t(blocks[i]);
        if (size == NULL || PyList_Append(sizes, size) < 0) {
            Py_XDECREF(size);
            Py_DECREF(sizes);
            Py_DECREF(locals);
            return NULL;
        }
        Py_DECREF(size);
    }
    return Py_BuildValue("NN", locals, sizes);
}

/* ---- dict watchers (3.12) -------------------------------------------------------------------------------------- */

#if PY_VERSION_HEX >= 0x030C0000
static int watcher = -1;
static Py_ssize_t events;

static int count_event(PyDict_WatchEvent event, PyObject *dict, PyObject *key, PyObject *value)
{
    (void)event, (void)dict, (void)key, (void)value;
    events++;
    return 0;
}

PyDoc_STRVAR(watch_doc, "watch(dict): count what happens to it; in the main interpreter.");
static PyObject *watch(PyObject *module, PyObject *dict)
{
    (void)module;
    if (watcher < 0) {
        watcher = PyDict_AddWatcher(count_event);
    }
    return watcher < 0 || PyDict_Watch(watcher, dict) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(events_seen_doc, "events_seen(): how much has happened to all dicts that were ever watched.");
static PyObject *events_seen(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyLong_FromSsize_t(events);
}
#endif

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
PyDoc_STRVAR(version_doc, "version(dict): ma_version_tag; None where dicts have none (3.14 and newer).");
static PyObject *version(PyObject *module, PyObject *dict)
{
    (void)module;
#if PY_VERSION_HEX >= 0x030E0000
    (void)dict;
    Py_RETURN_NONE;
#else
    return PyLong_FromUnsignedLongLong(((PyDictObject *)dict)->ma_version_tag);
#endif
}

#define METHOD(name, how) {#name, name, how, name##_doc}

static PyMethodDef methods[] = {
    METHOD(mapping, METH_O),
    METHOD(merged, METH_O),
    METHOD(inserted, METH_O),
    METHOD(measured, METH_VARARGS),
#if PY_VERSION_HEX >= 0x030C0000
    METHOD(watch, METH_O),
    METHOD(events_seen, METH_NOARGS),
#endif
    METHOD(version, METH_O),
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "templates",
    "Dicts of locals, and the memory that making them takes.",
    0,
    methods,
    module_slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_templates(void)
{
    return PyModuleDef_Init(&definition);
}
