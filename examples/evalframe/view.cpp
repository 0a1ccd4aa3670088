#include "view.h"

namespace {

// A tuple with names for its items.
PyStructSequence_Field fields[] = {
    {"code", "the code that the frame is about to run"},
    {"function", "the function that was called"},
    {"locals", "its arguments and free variables, or what its namespace holds: a new dict"},
    {"globals", "its global namespace"},
    {"builtins", "its builtins"},
    {nullptr, nullptr},
};

PyStructSequence_Desc description = {"evalframe.FrameView", "A frame that is about to be evaluated.", fields, 5};

} // namespace

PyTypeObject *view_add_type(PyObject *module)
{
    PyTypeObject *type = PyStructSequence_NewType(&description);
    if (type != nullptr && PyModule_AddType(module, type) < 0) {
        Py_CLEAR(type);
    }
    return type;
}

PyObject *view_new(PyTypeObject *type, PyFrameShim_Frame *frame)
{
    PyObject *locals = PyFrameShim_GetLocals(frame, 0);
    PyObject *view = locals == nullptr ? nullptr : PyStructSequence_New(type);
    if (view == nullptr) {
        Py_XDECREF(locals);
        return nullptr;
    }
    PyObject *function = PyFrameShim_Function(frame);
    PyObject *items[] = {PyFrameShim_Code(frame), function == nullptr ? Py_None : function, nullptr, PyFrameShim_Globals(frame),
        PyFrameShim_Builtins(frame)};
    for (Py_ssize_t index = 0; index < 5; index++) {
        PyStructSequence_SetItem(view, index, index == 2 ? locals : Py_NewRef(items[index]));
    }
    return view;
}
