/* Frame objects, clearing, and the copy of a function. */
#include "baseline.h"

PyFunctionObject *baseline_copy_function(PyFunctionObject *function, PyCodeObject *code)
{
    Py_ssize_t cells = function->func_closure == NULL ? 0 : PyTuple_GET_SIZE(function->func_closure);
    if (cells != code->co_nfreevars) {
        PyErr_SetString(PyExc_ValueError, "the closure does not fit the code");
        return NULL;
    }
    PyFunctionObject *copy = PyObject_GC_New(PyFunctionObject, &PyFunction_Type);
    if (copy == NULL) {
        return NULL;
    }
    /* The names are the code's, unless it bears the name of the function's own. */
    PyObject *own_name = ((PyCodeObject *)function->func_code)->co_name;
    bool same = PyUnicode_Compare(own_name, code->co_name) == 0;
    copy->func_code = Py_NewRef((PyObject *)code);
    copy->func_name = Py_NewRef(same ? function->func_name : code->co_name);
    copy->func_qualname = Py_NewRef(same ? function->func_qualname : code->co_qualname);
    copy->func_globals = Py_NewRef(function->func_globals);
    copy->func_builtins = Py_NewRef(function->func_builtins);
    copy->func_defaults = Py_XNewRef(function->func_defaults);
    copy->func_kwdefaults = Py_XNewRef(function->func_kwdefaults);
    copy->func_closure = Py_XNewRef(function->func_closure);
    copy->func_doc = Py_XNewRef(function->func_doc);
    copy->func_dict = Py_XNewRef(function->func_dict);
    copy->func_module = Py_XNewRef(function->func_module);
    copy->func_annotations = Py_XNewRef(function->func_annotations);
#if PY_VERSION_HEX >= 0x030C0000
    copy->func_typeparams = Py_XNewRef(function->func_typeparams);
#endif
#if PY_VERSION_HEX >= 0x030E0000
    copy->func_annotate = Py_XNewRef(function->func_annotate);
#endif
    copy->func_weakreflist = NULL;
    copy->vectorcall = function->vectorcall;
    copy->func_version = 0;
    PyObject_GC_Track(copy);
    return copy;
}

PyFrameObject *baseline_new_frame_object(const PyCodeObject *code)
{
    int slots = code->co_nlocalsplus + code->co_stacksize;
    PyFrameObject *object = PyObject_GC_NewVar(PyFrameObject, &PyFrame_Type, slots);
    if (object == NULL) {
        return NULL;
    }
    object->f_back = NULL;
    object->f_trace = NULL;
    object->f_lineno = 0;
    object->f_trace_lines = 1;
    object->f_trace_opcodes = 0;
#if PY_VERSION_HEX >= 0x030D0000
    object->f_extra_locals = NULL;
    object->f_locals_cache = NULL;
#if PY_VERSION_HEX >= 0x030E0000
    object->f_overwritten_fast_locals = NULL;
#endif
#else
    object->f_fast_as_locals = 0;
#endif
    /* Until it has a frame: a dead one of its own. */
    _PyInterpreterFrame *own = (_PyInterpreterFrame *)object->_f_frame_data;
    object->f_frame = own;
    own->owner = FRAME_CLEARED;
    own->frame_obj = object;
    own->f_locals = NULL;
    set_live_slots(own, 0);
    set_no_code(own);
    return object;
}

PyFrameObject *baseline_make_frame_object(_PyInterpreterFrame *frame)
{
    CHECK(frame->frame_obj == NULL);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyFrameObject *object = baseline_new_frame_object(CODE(frame));
    if (object == NULL) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
        return NULL;
    }
    PyErr_Restore(type, value, traceback);
    /* The allocation may have run a finalizer that asked for this frame (GH-97002). */
    if (frame->frame_obj != NULL) {
        Py_DECREF(object);
        return frame->frame_obj;
    }
    CHECK(frame->owner != FRAME_OWNED_BY_FRAME_OBJECT);
    CHECK(frame->owner != FRAME_CLEARED);
    object->f_frame = frame;
    frame->frame_obj = object;
    return object;
}

/* The frame object of the nearest caller that has come to its first RESUME; NULL if there is none, or no memory for it. */
static PyFrameObject *callers_object(_PyInterpreterFrame *caller)
{
    while (caller != NULL && _PyFrame_IsIncomplete(caller)) {
        caller = caller->previous;
    }
    if (caller == NULL) {
        return NULL;
    }
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyFrameObject *object = caller->frame_obj != NULL ? caller->frame_obj : baseline_make_frame_object(caller);
    PyErr_Restore(type, value, traceback);
    return object;
}

static void take_ownership(PyFrameObject *object, _PyInterpreterFrame *frame)
{
    CHECK(frame->owner != FRAME_OWNED_BY_FRAME_OBJECT);
    CHECK(frame->owner != FRAME_CLEARED);
#if PY_VERSION_HEX >= 0x030E0000
    _PyFrame_Copy(frame, (_PyInterpreterFrame *)object->_f_frame_data);
    _PyInterpreterFrame *linked_from = frame->previous;
#else
    size_t size = (char *)&frame->localsplus[frame->stacktop] - (char *)frame;
    memcpy(object->_f_frame_data, frame, size);
#endif
    frame = (_PyInterpreterFrame *)object->_f_frame_data;
    object->f_frame = frame;
    frame->owner = FRAME_OWNED_BY_FRAME_OBJECT;
#if PY_VERSION_HEX >= 0x030E0000
    _PyInterpreterFrame *caller = linked_from; /* the copy has none */
#else
    _PyInterpreterFrame *caller = frame->previous;
#endif
    frame->previous = NULL;
    if (_PyFrame_IsIncomplete(frame)) {
        PyCodeObject *code = CODE(frame);
        POINTER(frame) = _PyCode_CODE(code) + code->_co_firsttraceable + EXECUTED;
    }
    CHECK(object->f_back == NULL);
    object->f_back = (PyFrameObject *)Py_XNewRef((PyObject *)callers_object(caller));
    if (!PyObject_GC_IsTracked((PyObject *)object)) {
        PyObject_GC_Track((PyObject *)object);
    }
}

void baseline_clear(_PyInterpreterFrame *frame)
{
    CHECK(frame->owner != FRAME_OWNED_BY_GENERATOR);
    CHECK(CURRENT(PyThreadState_Get()) != frame);
    if (frame->frame_obj != NULL) {
        PyFrameObject *object = frame->frame_obj;
        frame->frame_obj = NULL;
        if (Py_REFCNT(object) > 1) {
            take_ownership(object, frame);
            Py_DECREF(object);
            return;
        }
        Py_DECREF(object);
    }
    int slots = live_slots(frame);
    CHECK(slots >= 0);
    set_live_slots(frame, 0);
    for (int i = 0; i < slots; i++) {
        word_release(frame->localsplus[i]);
    }
    Py_XDECREF(frame->f_locals);
    release_code_and_function(frame);
}
