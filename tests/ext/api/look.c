/* The functions that look at frames, one by one: a frame is its address. */
#include "api.h"

PyObject *address(PyFrameShim_Frame *frame)
{
    if (frame == NULL) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    return PyLong_FromVoidPtr(frame);
}

int to_frame(PyObject *object, void *result)
{
    *(void **)result = object == Py_None ? NULL : PyLong_AsVoidPtr(object);
    return !PyErr_Occurred();
}

/* A borrowed object or a quiet NULL, which becomes None. */
static PyObject *quiet(PyObject *object)
{
    if (object == NULL) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    return Py_NewRef(object);
}

static PyObject *number(Py_ssize_t value)
{
    return value < 0 && PyErr_Occurred() ? NULL : PyLong_FromSsize_t(value);
}

#define BORROWED(name, function) \
    static PyObject *name(PyObject *module, PyObject *argument) \
    { \
        PyFrameShim_Frame *frame; \
        (void)module; \
        return to_frame(argument, &frame) ? quiet(function(frame)) : NULL; \
    }

#define NEW(name, function) \
    static PyObject *name(PyObject *module, PyObject *argument) \
    { \
        PyFrameShim_Frame *frame; \
        (void)module; \
        if (!to_frame(argument, &frame)) { \
            return NULL; \
        } \
        PyObject *object = function(frame); \
        return object == NULL && !PyErr_Occurred() ? Py_NewRef(Py_None) : object; \
    }

#define NUMBER(name, function) \
    static PyObject *name(PyObject *module, PyObject *argument) \
    { \
        PyFrameShim_Frame *frame; \
        (void)module; \
        return to_frame(argument, &frame) ? number(function(frame)) : NULL; \
    }

BORROWED(code, PyFrameShim_Code)
BORROWED(function, PyFrameShim_Function)
BORROWED(globals_of, PyFrameShim_Globals)
BORROWED(builtins_of, PyFrameShim_Builtins)
BORROWED(namespace, PyFrameShim_Namespace)
NEW(frame_object, PyFrameShim_GetFrameObject)
NEW(generator, PyFrameShim_GetGenerator)
NUMBER(lasti, PyFrameShim_Lasti)
NUMBER(line, PyFrameShim_Line)
NUMBER(owner, PyFrameShim_Owner)
NUMBER(is_complete, PyFrameShim_IsComplete)
NUMBER(count_slots, PyFrameShim_CountSlots)
NUMBER(stack_depth, PyFrameShim_StackDepth)

static PyObject *is_fresh(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    int throwflag = 0;
    (void)module;
    return PyArg_ParseTuple(args, "O&|i", to_frame, &frame, &throwflag) ? number(PyFrameShim_IsFresh(frame, throwflag)) : NULL;
}

static PyObject *previous(PyObject *module, PyObject *argument)
{
    PyFrameShim_Frame *frame;
    (void)module;
    return to_frame(argument, &frame) ? address(PyFrameShim_Previous(frame)) : NULL;
}

static PyObject *current_frame(PyObject *module, PyObject *none)
{
    (void)module;
    return address(PyFrameShim_CurrentFrame(none == Py_True ? NULL : PyThreadState_Get()));
}

static PyObject *from_frame_object(PyObject *module, PyObject *object)
{
    (void)module;
    return address(PyFrameShim_FromFrameObject(object));
}

static PyObject *from_generator(PyObject *module, PyObject *object)
{
    (void)module;
    return address(PyFrameShim_FromGenerator(object));
}

static PyObject *value_or_unbound(PyObject *value)
{
    return Py_NewRef(value == NULL ? Py_Ellipsis : value);
}

static PyObject *slot(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    Py_ssize_t index;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&n", to_frame, &frame, &index)) {
        return NULL;
    }
    PyFrameShim_Slot found = {.size = sizeof found};
    if (PyFrameShim_GetSlot(frame, index, &found) < 0) {
        return NULL;
    }
    return Py_BuildValue("(OINN)", found.name, found.kind, value_or_unbound(found.value), value_or_unbound(found.cell));
}

/* slot_of_size(frame, size): the first slot, in a structure that says this size, or in none (-1). Its size and name then, and the
 * bytes behind the name, which were all 1. */
static PyObject *slot_of_size(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    Py_ssize_t size;
    PyFrameShim_Slot found;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&n", to_frame, &frame, &size)) {
        return NULL;
    }
    memset(&found, 1, sizeof found);
    found.size = (size_t)size;
    if (PyFrameShim_GetSlot(frame, 0, size < 0 ? NULL : &found) < 0) {
        return NULL;
    }
    const size_t begin = offsetof(PyFrameShim_Slot, value);
    return Py_BuildValue("(nOy#)", found.size, found.name, (char *)&found + begin, (Py_ssize_t)(sizeof found - begin));
}

static PyObject *no_place(PyObject *module, PyObject *argument)
{
    PyFrameShim_Frame *frame;
    (void)module;
    return to_frame(argument, &frame) ? number(PyFrameShim_DataStackPlace(PyThreadState_Get(), frame, NULL)) : NULL;
}

static PyObject *values(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    Py_ssize_t room = 1000;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&|n", to_frame, &frame, &room)) {
        return NULL;
    }
    PyObject *found[1001];
    Py_ssize_t slots = PyFrameShim_FillValues(frame, found, room);
    if (slots < 0) {
        return NULL;
    }
    Py_ssize_t filled = slots < room ? slots : room;
    PyObject *list = PyList_New(filled);
    for (Py_ssize_t index = 0; list != NULL && index < filled; index++) {
        PyList_SetItem(list, index, value_or_unbound(found[index]));
    }
    return list == NULL ? NULL : Py_BuildValue("(nN)", slots, list);
}

static PyObject *get_locals(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    unsigned flags = 0;
    (void)module;
    return PyArg_ParseTuple(args, "O&|I", to_frame, &frame, &flags) ? PyFrameShim_GetLocals(frame, flags) : NULL;
}

static PyObject *stack_item(PyObject *module, PyObject *args)
{
    PyFrameShim_Frame *frame;
    Py_ssize_t index;
    (void)module;
    if (!PyArg_ParseTuple(args, "O&n", to_frame, &frame, &index)) {
        return NULL;
    }
    PyObject *item = PyFrameShim_StackItem(frame, index);
    return item == NULL && PyErr_Occurred() ? NULL : value_or_unbound(item);
}

static PyObject *place(PyObject *module, PyObject *argument)
{
    PyFrameShim_Frame *frame;
    (void)module;
    if (!to_frame(argument, &frame)) {
        return NULL;
    }
    PyFrameShim_Place found = {.size = sizeof found};
    switch (PyFrameShim_DataStackPlace(PyThreadState_Get(), frame, &found)) {
    case 1:
        return Py_BuildValue("(nnnn)", found.chunk, found.word, found.words, found.room);
    case 0:
        Py_RETURN_NONE;
    default:
        return NULL;
    }
}

PyMethodDef look_methods[] = {
    {"code", code, METH_O, NULL},
    {"function", function, METH_O, NULL},
    {"globals", globals_of, METH_O, NULL},
    {"builtins", builtins_of, METH_O, NULL},
    {"namespace", namespace, METH_O, NULL},
    {"frame_object", frame_object, METH_O, NULL},
    {"generator", generator, METH_O, NULL},
    {"lasti", lasti, METH_O, NULL},
    {"line", line, METH_O, NULL},
    {"owner", owner, METH_O, NULL},
    {"is_complete", is_complete, METH_O, NULL},
    {"count_slots", count_slots, METH_O, NULL},
    {"stack_depth", stack_depth, METH_O, NULL},
    {"is_fresh", is_fresh, METH_VARARGS, NULL},
    {"previous", previous, METH_O, NULL},
    {"current_frame", current_frame, METH_O, NULL},
    {"from_frame_object", from_frame_object, METH_O, NULL},
    {"from_generator", from_generator, METH_O, NULL},
    {"slot", slot, METH_VARARGS, NULL},
    {"slot_of_size", slot_of_size, METH_VARARGS, NULL},
    {"values", values, METH_VARARGS, NULL},
    {"get_locals", get_locals, METH_VARARGS, NULL},
    {"stack_item", stack_item, METH_VARARGS, NULL},
    {"place", place, METH_O, NULL},
    {"no_place", no_place, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
