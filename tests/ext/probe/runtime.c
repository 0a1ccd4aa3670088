/* The probe: allocations that fail, tables and versions. */
#include "probe.h"

PyDoc_STRVAR(fail_allocation_doc, "fail_allocation(n): have the n-th allocation (from 0) of the next symbol's call fail.");
static PyObject *fail_allocation(PyObject *module, PyObject *n)
{
    (void)module;
    failing_arm(PyLong_AsLong(n));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(allocation_failed_doc, "allocation_failed(): whether it came to that.");
static PyObject *allocation_failed(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyBool_FromLong(failing_has_failed());
}

PyDoc_STRVAR(opcode_caches_doc, "opcode_caches(): the table as bytes.");
static PyObject *opcode_caches(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyBytes_FromStringAndSize((const char *)THP_PyOpcode_Caches, THP_PyOpcode_Caches_size);
}

PyDoc_STRVAR(overwrite_caches_doc, "overwrite_caches(): write other values, as PyTorch may; then init_THPCaches twice.");
static PyObject *overwrite_caches(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    THP_PyOpcode_Caches = NULL;
    THP_PyOpcode_Caches_size = -1;
    init_THPCaches();
    init_THPCaches();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(check_runtime_doc, "check_runtime(): PyFrameShim_CheckRuntime.");
static PyObject *check_runtime(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyFrameShim_CheckRuntime() < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(build_info_doc, "build_info(): PyFrameShim_BuildInfo.");
static PyObject *build_info(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    const PyFrameShim_Build *build = PyFrameShim_BuildInfo();
    return Py_BuildValue("{snsssss(iii)sI}", "size", (Py_ssize_t)build->size, "shim_version", build->shim_version,
        "python_version", build->python_version, "python", build->python_major, build->python_minor, build->python_patch,
        "flags", build->flags);
}

PyMethodDef probe_runtime[] = {
    METHOD(fail_allocation, METH_O),
    METHOD(allocation_failed, METH_NOARGS),
    METHOD(opcode_caches, METH_NOARGS),
    METHOD(overwrite_caches, METH_NOARGS),
    METHOD(check_runtime, METH_NOARGS),
    METHOD(build_info, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};
