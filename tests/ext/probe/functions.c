/* The probe: function copies. */
#include "probe.h"

PyDoc_STRVAR(copy_function_doc, "copy_function(function, code): _PyFunction_CopyWithNewCode.");
static PyObject *copy_function(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *code;
    if (!PyArg_ParseTuple(args, "O!O!", &PyFunction_Type, &function, &PyCode_Type, &code)) {
        return NULL;
    }
    return (PyObject *)_PyFunction_CopyWithNewCode((PyFunctionObject *)function, (PyCodeObject *)code);
}

PyDoc_STRVAR(function_version_doc, "function_version(function): func_version.");
static PyObject *function_version(PyObject *module, PyObject *function)
{
    (void)module;
    return PyLong_FromUnsignedLong(((PyFunctionObject *)function)->func_version);
}

PyDoc_STRVAR(function_fields_doc, "function_fields(function): every field but func_version, ... for NULL, pointers as ints.");
static PyObject *function_fields(PyObject *module, PyObject *function)
{
    (void)module;
    PyFunctionObject *f = (PyFunctionObject *)function;
#define FIELD(name) #name, f->func_##name ? f->func_##name : Py_Ellipsis
    PyObject *fields = Py_BuildValue("{sOsOsOsOsOsOsOsOsOsOsOsOsNsN}", FIELD(globals), FIELD(builtins), FIELD(name),
        FIELD(qualname), FIELD(code), FIELD(defaults), FIELD(kwdefaults), FIELD(closure), FIELD(doc), FIELD(dict),
        FIELD(module), FIELD(annotations), "weakreflist", PyLong_FromVoidPtr(f->func_weakreflist), "vectorcall",
        PyLong_FromVoidPtr((void *)f->vectorcall));
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *parameters = f->func_typeparams ? f->func_typeparams : Py_Ellipsis;
    if (fields != NULL && PyDict_SetItemString(fields, "typeparams", parameters) < 0) {
        Py_CLEAR(fields);
    }
#endif
#if PY_VERSION_HEX >= 0x030E0000
    if (fields != NULL && PyDict_SetItemString(fields, "annotate", f->func_annotate ? f->func_annotate : Py_Ellipsis) < 0) {
        Py_CLEAR(fields);
    }
#endif
#undef FIELD
    return fields;
}

PyMethodDef probe_functions[] = {
    METHOD(copy_function, METH_VARARGS),
    METHOD(function_version, METH_O),
    METHOD(function_fields, METH_O),
    {NULL, NULL, 0, NULL},
};
