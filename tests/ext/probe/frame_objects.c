/* The probe: frame objects, and clearing frames. */
#include "probe.h"

PyDoc_STRVAR(is_tracked_doc, "is_tracked(object): whether the collector tracks it (without asking gc to import).");
static PyObject *is_tracked(PyObject *module, PyObject *object)
{
    (void)module;
    return PyBool_FromLong(PyObject_GC_IsTracked(object));
}

PyDoc_STRVAR(new_frame_object_doc, "new_frame_object(code): THP_PyFrame_New_NoTrack, to be dropped by the caller.");
static PyObject *new_frame_object(PyObject *module, PyObject *code)
{
    (void)module;
    return (PyObject *)THP_PyFrame_New_NoTrack((PyCodeObject *)code);
}

PyDoc_STRVAR(frame_object_fields_doc, "frame_object_fields(frame_object): its own fields, and whether its data is its own.");
static PyObject *frame_object_fields(PyObject *module, PyObject *object)
{
    (void)module;
    PyFrameObject *f = (PyFrameObject *)object;
    PyObject *fields = Py_BuildValue("{sOsOsisisisO}", "f_back", f->f_back ? (PyObject *)f->f_back : Py_None, "f_trace",
        f->f_trace ? f->f_trace : Py_None, "f_lineno", f->f_lineno, "f_trace_lines", f->f_trace_lines, "f_trace_opcodes",
        f->f_trace_opcodes, "own_data", f->f_frame == (_PyInterpreterFrame *)f->_f_frame_data ? Py_True : Py_False);
#if PY_VERSION_HEX >= 0x030D0000
    if (fields != NULL
        && (PyDict_SetItemString(fields, "f_extra_locals", f->f_extra_locals ? f->f_extra_locals : Py_None) < 0
            || PyDict_SetItemString(fields, "f_locals_cache", f->f_locals_cache ? f->f_locals_cache : Py_None) < 0)) {
        Py_CLEAR(fields);
    }
#else
    if (fields != NULL && PyDict_SetItemString(fields, "f_fast_as_locals", f->f_fast_as_locals ? Py_True : Py_False) < 0) {
        Py_CLEAR(fields);
    }
#endif
    return fields;
}

PyDoc_STRVAR(make_frame_object_doc, "make_frame_object(frame): THP_PyFrame_MakeAndSetFrameObject, as a new reference.");
static PyObject *make_frame_object(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    return Py_XNewRef((PyObject *)THP_PyFrame_MakeAndSetFrameObject(frame));
}

/* The exception that is set, no longer; None if there is none. */
static PyObject *take_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value ? value : Py_NewRef(Py_None);
}

PyDoc_STRVAR(make_with_pending_doc, "make_with_pending(frame, exception): the same while the exception is set; returns\n"
                                    "(frame object, the exception that is set afterwards).");
static PyObject *make_with_pending(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *exception;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &exception)) {
        return NULL;
    }
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    PyObject *object = Py_XNewRef((PyObject *)THP_PyFrame_MakeAndSetFrameObject(frame));
    return Py_BuildValue("NN", object ? object : Py_NewRef(Py_None), take_exception());
}

PyDoc_STRVAR(make_with_gc_doc, "make_with_gc(frame): make_frame_object with the collector switched on for no longer.");
static PyObject *make_with_gc(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    PyGC_Enable();
    PyObject *object = Py_XNewRef((PyObject *)THP_PyFrame_MakeAndSetFrameObject(frame));
    PyGC_Disable();
    return object;
}

PyDoc_STRVAR(track_doc, "track(object): have the collector track it.");
static PyObject *track(PyObject *module, PyObject *object)
{
    (void)module;
    PyObject_GC_Track(object);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(clear_doc, "clear(frame): THP_PyFrame_Clear.");
static PyObject *clear(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    THP_PyFrame_Clear(frame);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(clear_with_pending_doc, "clear_with_pending(frame, exception): the same while the exception is set; returns\n"
                                     "the one that is set afterwards.");
static PyObject *clear_with_pending(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *exception;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &exception)) {
        return NULL;
    }
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    THP_PyFrame_Clear(frame);
    return take_exception();
}

PyDoc_STRVAR(clear_generator_doc,
    "clear_generator(generator[, state]): give it a state, cleared unless another is named, then\n"
    "THP_PyFrame_Clear its frame.");
static PyObject *clear_generator(PyObject *module, PyObject *args)
{
    (void)module;
    PyGenObject *generator;
    int state = FRAME_CLEARED;
    if (!PyArg_ParseTuple(args, "O|i", &generator, &state)) {
        return NULL;
    }
    generator->gi_frame_state = (char)state;
    THP_PyFrame_Clear(GENERATOR_FRAME(generator));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(exception_item_doc, "exception_item(): where the thread's stack of handled exceptions ends.");
static PyObject *exception_item(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyLong_FromVoidPtr(PyThreadState_Get()->exc_info);
}

PyDoc_STRVAR(set_profiled_doc, "set_profiled(frame): as a profiler does that samples the thread (3.15).");
static PyObject *set_profiled(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
#if PY_VERSION_HEX >= 0x030F0000
    PyThreadState_Get()->last_profiled_frame = frame;
#endif
    Py_RETURN_NONE;
}

PyDoc_STRVAR(profiled_doc, "profiled(): (the frame that it has seen last, how often that has been changed); None before 3.15.");
static PyObject *profiled(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
#if PY_VERSION_HEX >= 0x030F0000
    PyThreadState *tstate = PyThreadState_Get();
    return Py_BuildValue(
        "NK", PyLong_FromVoidPtr(tstate->last_profiled_frame), (unsigned long long)tstate->last_profiled_frame_seq);
#else
    Py_RETURN_NONE;
#endif
}

PyDoc_STRVAR(recursion_doc, "recursion(): what the interpreter has left for clearing frames within each other;\n"
                            "None where nothing is counted (3.14 and newer).");
static PyObject *recursion(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
#if PY_VERSION_HEX >= 0x030E0000
    Py_RETURN_NONE; /* the end of the C stack bounds it */
#elif PY_VERSION_HEX >= 0x030C0000
    return PyLong_FromLong(PyThreadState_Get()->c_recursion_remaining);
#else
    return PyLong_FromLong(PyThreadState_Get()->recursion_remaining);
#endif
}

PyMethodDef probe_frame_objects[] = {
    METHOD(is_tracked, METH_O),
    METHOD(new_frame_object, METH_O),
    METHOD(frame_object_fields, METH_O),
    METHOD(make_frame_object, METH_VARARGS),
    METHOD(make_with_pending, METH_VARARGS),
    METHOD(make_with_gc, METH_VARARGS),
    METHOD(track, METH_O),
    METHOD(clear, METH_VARARGS),
    METHOD(clear_with_pending, METH_VARARGS),
    METHOD(clear_generator, METH_VARARGS),
    METHOD(exception_item, METH_NOARGS),
    METHOD(set_profiled, METH_VARARGS),
    METHOD(profiled, METH_NOARGS),
    METHOD(recursion, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};
