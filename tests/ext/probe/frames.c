/* The probe: finding, reading and changing frames. */
#include "probe.h"

PyDoc_STRVAR(frame_of_doc, "frame_of(frame_object): its interpreter frame.");
static PyObject *frame_of(PyObject *module, PyObject *object)
{
    (void)module;
    return PyLong_FromVoidPtr(((PyFrameObject *)object)->f_frame);
}

PyDoc_STRVAR(generator_frame_doc, "generator_frame(generator): its interpreter frame.");
static PyObject *generator_frame(PyObject *module, PyObject *object)
{
    (void)module;
    return PyLong_FromVoidPtr(GENERATOR_FRAME(object));
}

PyDoc_STRVAR(current_frame_doc, "current_frame(): the thread's current interpreter frame.");
static PyObject *current_frame(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyLong_FromVoidPtr(CURRENT(PyThreadState_Get()));
}

PyDoc_STRVAR(info_doc, "info(frame): its fields in a dict; slots as a list with NULL for the empty ones.");
static PyObject *info(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    PyCodeObject *code = CODE(frame);
    PyObject *slots = PyList_New(0);
    if (slots == NULL) {
        return NULL;
    }
    int live = live_slots(frame), count = live < 0 ? code->co_nlocalsplus : live;
    for (int i = 0; i < count; i++) {
        PyObject *value = SLOT(frame, i);
        PyObject *entry = value == NULL ? Py_NewRef(Py_Ellipsis) : PyTuple_Pack(1, value);
        if (entry == NULL || PyList_Append(slots, entry) < 0) {
            Py_XDECREF(entry);
            Py_DECREF(slots);
            return NULL;
        }
        Py_DECREF(entry);
    }
    return Py_BuildValue("{sOsOsisisisNsNsOsOsN}", "code", code, "function", FUNCTION(frame), "owner", (int)frame->owner,
        "stacktop", live, "unit", (int)(POINTER(frame) - _PyCode_CODE(code)), "incomplete",
        PyBool_FromLong(_PyFrame_IsIncomplete(frame)), "previous", PyLong_FromVoidPtr(frame->previous), "frame_object",
        frame->frame_obj ? (PyObject *)frame->frame_obj : Py_None, "f_locals", frame->f_locals ? frame->f_locals : Py_None,
        "slots", slots);
}

PyDoc_STRVAR(set_slot_doc, "set_slot(frame, slot, value): replace what the slot holds; NULL for ....");
static PyObject *set_slot(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int slot;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "O&iO", to_frame, &frame, &slot, &value)) {
        return NULL;
    }
    word_replace(&frame->localsplus[slot], value == Py_Ellipsis ? NULL : Py_NewRef(value));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_stacktop_doc, "set_stacktop(frame, slots): say that the frame holds so many slots.");
static PyObject *set_stacktop(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int slots;
    if (!PyArg_ParseTuple(args, "O&i", to_frame, &frame, &slots)) {
        return NULL;
    }
    set_live_slots(frame, slots);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_owner_doc, "set_owner(frame, owner): say that the frame is owned otherwise; returns who owned it.");
static PyObject *set_owner(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int owner;
    if (!PyArg_ParseTuple(args, "O&i", to_frame, &frame, &owner)) {
        return NULL;
    }
    int before = frame->owner;
    frame->owner = (char)owner;
    return PyLong_FromLong(before);
}

PyDoc_STRVAR(set_f_locals_doc, "set_f_locals(frame, mapping): give the frame a mapping, as exec does.");
static PyObject *set_f_locals(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *locals;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &locals)) {
        return NULL;
    }
    Py_XSETREF(frame->f_locals, Py_NewRef(locals));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(drop_f_locals_doc, "drop_f_locals(frame): take the frame's mapping away.");
static PyObject *drop_f_locals(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    Py_CLEAR(frame->f_locals);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_function_doc, "set_function(frame, object): put something else into the function slot (3.12+).");
static PyObject *set_function(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *object;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &object)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030C0000
    word_replace(&frame->f_funcobj, Py_NewRef(object));
#endif
    Py_RETURN_NONE;
}

PyMethodDef probe_frames[] = {
    METHOD(frame_of, METH_O),
    METHOD(generator_frame, METH_O),
    METHOD(current_frame, METH_NOARGS),
    METHOD(info, METH_VARARGS),
    METHOD(set_slot, METH_VARARGS),
    METHOD(set_stacktop, METH_VARARGS),
    METHOD(set_owner, METH_VARARGS),
    METHOD(set_function, METH_VARARGS),
    METHOD(set_f_locals, METH_VARARGS),
    METHOD(drop_f_locals, METH_VARARGS),
    {NULL, NULL, 0, NULL},
};
