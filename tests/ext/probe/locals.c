/* The probe: fast to locals. */
#include "probe.h"

PyDoc_STRVAR(fast_to_locals_doc, "fast_to_locals(frame): (f_locals, free_vars_copied).");
static PyObject *fast_to_locals(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    int copied = 0;
    if (THP_PyFrame_FastToLocalsWithError(frame, &copied) < 0) {
        return NULL;
    }
    return Py_BuildValue("Oi", frame->f_locals, copied);
}

PyDoc_STRVAR(get_locals_doc, "get_locals(frame, include_hidden): (locals, free_vars_copied).");
static PyObject *get_locals(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int include_hidden, copied = 0;
    if (!PyArg_ParseTuple(args, "O&p", to_frame, &frame, &include_hidden)) {
        return NULL;
    }
    PyObject *locals = THP_PyFrame_GetLocals(frame, include_hidden, &copied);
    return locals == NULL ? NULL : Py_BuildValue("Ni", locals, copied);
}

PyDoc_STRVAR(get_locals_quietly_doc, "get_locals_quietly(frame): the same with NULL for free_vars_copied.");
static PyObject *get_locals_quietly(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    return THP_PyFrame_GetLocals(frame, 0, NULL);
}

PyDoc_STRVAR(mapping_doc, "mapping(frame): get_framelocals_mapping.");
static PyObject *mapping(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    return get_framelocals_mapping(frame);
}

PyDoc_STRVAR(copied_flag_doc,
    "copied_flag(frame, before): what THP_PyFrame_FastToLocalsWithError leaves in *free_vars_copied,\n"
    "which holds `before` (None: the pointer is NULL), and the exception that it sets or None.");
static PyObject *copied_flag(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *before;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &before)) {
        return NULL;
    }
    int copied = before == Py_None ? 0 : (int)PyLong_AsLong(before);
    int status = THP_PyFrame_FastToLocalsWithError(frame, before == Py_None ? NULL : &copied);
    if ((status < 0) != (PyErr_Occurred() != NULL)) {
        PyErr_SetString(PyExc_AssertionError, "the status and the exception do not agree");
        return NULL;
    }
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Py_BuildValue("iN", copied, value ? value : Py_NewRef(Py_None));
}

PyMethodDef probe_locals[] = {
    METHOD(fast_to_locals, METH_VARARGS),
    METHOD(get_locals, METH_VARARGS),
    METHOD(get_locals_quietly, METH_VARARGS),
    METHOD(mapping, METH_VARARGS),
    METHOD(copied_flag, METH_VARARGS),
    {NULL, NULL, 0, NULL},
};
