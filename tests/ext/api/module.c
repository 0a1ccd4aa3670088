/* The module `api`: what its parts have. */
#include "api.h"

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "api",
    .m_doc = "The functions of pyframe_shim.h, for tests.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit_api(void)
{
    if (PyFrameShim_CheckRuntime() < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    PyMethodDef *parts[] = {look_methods, run_methods, everything_methods};
    for (size_t part = 0; module != NULL && part < sizeof parts / sizeof *parts; part++) {
        if (PyModule_AddFunctions(module, parts[part]) < 0) {
            Py_CLEAR(module);
        }
    }
    return module;
}
