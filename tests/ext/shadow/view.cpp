#include "view.h"

#include <structmember.h>

#include <cstddef>

namespace shadow {

struct View {
    PyObject_HEAD
    PyObject *code;
    PyObject *locals;
    PyObject *globals;
    PyObject *builtins;
    int lasti;
};

static int view_traverse(PyObject *self, visitproc visit, void *arg)
{
    auto *view = reinterpret_cast<View *>(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(view->code);
    Py_VISIT(view->locals);
    Py_VISIT(view->globals);
    Py_VISIT(view->builtins);
    return 0;
}

static int view_clear(PyObject *self)
{
    auto *view = reinterpret_cast<View *>(self);
    Py_CLEAR(view->code);
    Py_CLEAR(view->locals);
    Py_CLEAR(view->globals);
    Py_CLEAR(view->builtins);
    return 0;
}

static void view_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    view_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMemberDef view_members[] = {
    {"code", T_OBJECT, offsetof(View, code), READONLY, "the code that the frame is about to run"},
    {"locals", T_OBJECT, offsetof(View, locals), READONLY, "its bound locals, a dict"},
    {"globals", T_OBJECT, offsetof(View, globals), READONLY, "its global namespace"},
    {"builtins", T_OBJECT, offsetof(View, builtins), READONLY, "its builtins"},
    {"lasti", T_INT, offsetof(View, lasti), READONLY, "its last instruction in bytes, as frame.f_lasti"},
    {nullptr, 0, 0, 0, nullptr},
};

static PyType_Slot view_slots[] = {
    {Py_tp_doc, const_cast<char *>("A read-only view of a frame that is about to be evaluated.")},
    {Py_tp_traverse, reinterpret_cast<void *>(view_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(view_clear)},
    {Py_tp_dealloc, reinterpret_cast<void *>(view_dealloc)},
    {Py_tp_members, view_members},
    {0, nullptr},
};

static PyType_Spec view_spec = {
    "shadow.FrameView",
    sizeof(View),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    view_slots,
};

PyTypeObject *view_add_type(PyObject *module)
{
    auto *type = reinterpret_cast<PyTypeObject *>(PyType_FromModuleAndSpec(module, &view_spec, nullptr));
    if (type != nullptr && PyModule_AddType(module, type) < 0) {
        Py_CLEAR(type);
    }
    return type;
}

PyObject *view_new(PyTypeObject *type, _PyInterpreterFrame *frame, PyObject *locals)
{
    auto *view = PyObject_GC_New(View, type);
    if (view == nullptr) {
        return nullptr;
    }
    view->code = Py_NewRef(reinterpret_cast<PyObject *>(frame_code(frame)));
    view->locals = Py_NewRef(locals);
    view->globals = Py_NewRef(frame_globals(frame));
    view->builtins = Py_NewRef(frame_builtins(frame));
    view->lasti = frame_lasti(frame);
    PyObject_GC_Track(view);
    return reinterpret_cast<PyObject *>(view);
}

} // namespace shadow
