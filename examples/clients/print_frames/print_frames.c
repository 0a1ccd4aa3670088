/* print_frames.show(): prints every frame that the calling thread runs, the innermost first, with its slots and the values
 * on its stack. */
#include <pyframe_shim.h>

static const char *const owners[] = {"thread", "generator", "frame object", "interpreter", "nothing"};

static int print_slot(PyFrameShim_Frame *frame, Py_ssize_t index)
{
    PyFrameShim_Slot slot = {.size = sizeof slot};
    if (PyFrameShim_GetSlot(frame, index, &slot) < 0) {
        return -1;
    }
    PySys_FormatStdout("    %zd %U%s%s%s%s = ", index, slot.name, slot.kind & PYFRAME_SHIM_SLOT_ARGUMENT ? ", argument" : "",
        slot.kind & PYFRAME_SHIM_SLOT_CELL ? ", cell" : "", slot.kind & PYFRAME_SHIM_SLOT_FREE ? ", free" : "",
        slot.kind & PYFRAME_SHIM_SLOT_HIDDEN ? ", hidden" : "");
    if (slot.value == NULL) {
        PySys_FormatStdout("(unbound)\n");
        return 0;
    }
    PyObject *value = Py_NewRef(slot.value); /* its repr may run code that changes the frame */
    PySys_FormatStdout("%.60R\n", value);
    Py_DECREF(value);
    return 0;
}

static int print_stack(PyFrameShim_Frame *frame)
{
    Py_ssize_t depth = PyFrameShim_StackDepth(frame);
    if (depth < 0) {
        PyErr_Clear(); /* it runs: what lies on its stack is known to the evaluator alone */
        return 0;
    }
    for (Py_ssize_t index = 0; index < depth; index++) {
        PyObject *item = PyFrameShim_StackItem(frame, index);
        if (item == NULL && PyErr_Occurred()) {
            return -1;
        }
        PySys_FormatStdout("    stack %zd: %.60s\n", index, item == NULL ? "(NULL)" : Py_TYPE(item)->tp_name);
    }
    return 0;
}

static int print_frame(PyFrameShim_Frame *frame)
{
    PyObject *name = PyObject_GetAttrString(PyFrameShim_Code(frame), "co_qualname");
    Py_ssize_t slots = PyFrameShim_CountSlots(frame);
    if (name == NULL || slots < 0) {
        Py_XDECREF(name);
        return -1;
    }
    PySys_FormatStdout("%U, line %d, instruction %d, kept by: %s\n", name, PyFrameShim_Line(frame), PyFrameShim_Lasti(frame),
        owners[PyFrameShim_Owner(frame)]);
    Py_DECREF(name);
    for (Py_ssize_t index = 0; index < slots; index++) {
        if (print_slot(frame, index) < 0) {
            return -1;
        }
    }
    return print_stack(frame);
}

static PyObject *show(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    for (PyFrameShim_Frame *frame = PyFrameShim_CurrentFrame(PyThreadState_Get()); frame; frame = PyFrameShim_Previous(frame)) {
        if (print_frame(frame) < 0) {
            return NULL;
        }
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"show", show, METH_NOARGS, "show(): prints the frames of the calling thread."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "print_frames", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_print_frames(void)
{
    return PyFrameShim_CheckRuntime() < 0 ? NULL : PyModule_Create(&definition);
}
