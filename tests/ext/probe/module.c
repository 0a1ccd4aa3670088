/* The tests' way to interpreter frames: every symbol of the shim, and a look at what it did.
 *
 * A frame is passed around as the int of its address. Nothing is checked here; a test that passes a stale address gets
 * what it deserves. */
#include "probe.h"

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "probe",
    "Interpreter frames and the shim's symbols, for tests.",
    -1,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit_probe(void)
{
    PyMethodDef *parts[] = {
        probe_hook,
        probe_frames,
        probe_locals,
        probe_functions,
        probe_frame_objects,
        probe_datastack,
        probe_runtime,
        probe_abandoned,
    };
    PyObject *module = PyModule_Create(&definition);
    for (size_t part = 0; module != NULL && part < sizeof parts / sizeof *parts; part++) {
        if (PyModule_AddFunctions(module, parts[part]) < 0) {
            Py_CLEAR(module);
        }
    }
    /* enum _framestate; the second is in the owner of a frame that nothing owns, too. */
    if (module != NULL
        && (PyModule_AddIntConstant(module, "FRAME_EXECUTING", FRAME_EXECUTING) < 0
            || PyModule_AddIntConstant(module, "FRAME_CLEARED", FRAME_CLEARED) < 0)) {
        Py_CLEAR(module);
    }
    return module;
}
