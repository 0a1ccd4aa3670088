#include "implementations.h"

#include <dlfcn.h>

#include "baseline.h"
#include "cpython_defs.h"

/* ---- the floor: nothing but the insertions --------------------------------------------------------------------- */

static PyObject *floor_names, *floor_values;

int set_floor(PyObject *pairs)
{
    Py_XSETREF(floor_names, PyDict_Keys(pairs));
    Py_XSETREF(floor_values, PyDict_Values(pairs));
    return floor_names == NULL || floor_values == NULL ? -1 : 0;
}

static int insert_all(PyObject *locals)
{
    Py_ssize_t count = floor_names == NULL ? 0 : PyList_GET_SIZE(floor_names);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyDict_SetItem(locals, PyList_GET_ITEM(floor_names, i), PyList_GET_ITEM(floor_values, i)) < 0) {
            return -1;
        }
    }
    return 0;
}

static int floor_fast_to_locals(_PyInterpreterFrame *frame, int *free_vars_copied)
{
    (void)free_vars_copied;
    if (frame->f_locals == NULL && (frame->f_locals = PyDict_New()) == NULL) {
        return -1;
    }
    return insert_all(frame->f_locals);
}

static PyObject *floor_mapping(_PyInterpreterFrame *frame)
{
    (void)frame;
    PyObject *locals = PyDict_New();
    if (locals != NULL && insert_all(locals) < 0) {
        Py_CLEAR(locals);
    }
    return locals;
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

struct implementation implementations[IMPLEMENTATIONS] = {
    [SHIM] = {"shim", THP_PyFrame_FastToLocalsWithError, get_framelocals_mapping, _PyFunction_CopyWithNewCode,
        THP_PyFrame_New_NoTrack, THP_PyFrame_MakeAndSetFrameObject, THP_PyFrame_Clear, THP_PyThreadState_BumpFramePointerSlow,
        THP_PyThreadState_PopFrame, THP_PyObject_VirtualAlloc, THP_PyObject_VirtualFree, false},
    [BASELINE] = {"baseline", baseline_fast_to_locals, baseline_mapping, baseline_copy_function, baseline_new_frame_object,
        baseline_make_frame_object, baseline_clear, baseline_push, baseline_pop, baseline_arena_alloc, baseline_arena_free,
        false},
    [TORCH] = {.name = "torch"},
    [FLOOR] = {.name = "floor", .fast_to_locals = floor_fast_to_locals, .mapping = floor_mapping},
};

struct implementation *find_implementation(const char *name)
{
    for (int i = 0; i < IMPLEMENTATIONS; i++) {
        if (strcmp(implementations[i].name, name) == 0) {
            return &implementations[i];
        }
    }
    return PyErr_Format(PyExc_ValueError, "no implementation is called %s", name), NULL;
}

/* ---- PyTorch --------------------------------------------------------------------------------------------------- */

/* Looks a symbol up, and notes its name. Not found is no error. */
static int look_up(void *library, const char *symbol, void *place, PyObject *found)
{
    void *address = dlsym(library, symbol);
    Dl_info origin;
    /* One that another library in the process defines is not PyTorch's. */
    if (address == NULL || !dladdr(address, &origin) || strstr(origin.dli_fname, "libtorch_python") == NULL) {
        return 0;
    }
    memcpy(place, &address, sizeof address);
    PyObject *name = PyUnicode_FromString(symbol);
    int failed = name == NULL ? -1 : PyList_Append(found, name);
    Py_XDECREF(name);
    return failed;
}

PyObject *load_torch(const char *path)
{
    /* Lazily: most of what the library wants is never called. Locally: nothing of it takes the place of anything here. */
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        return PyErr_Format(PyExc_OSError, "%s", dlerror());
    }
    struct implementation *torch = &implementations[TORCH];
    torch->objects_crash = PY_VERSION_HEX >= 0x030D0000;
    PyObject *found = PyList_New(0);
    if (found == NULL || look_up(library, "THP_PyFrame_FastToLocalsWithError", &torch->fast_to_locals, found) < 0
        || look_up(library, "get_framelocals_mapping", &torch->mapping, found) < 0
        || look_up(library, "_PyFunction_CopyWithNewCode", &torch->copy_function, found) < 0
        || look_up(library, "THP_PyFrame_New_NoTrack", &torch->new_frame_object, found) < 0
        || look_up(library, "THP_PyFrame_MakeAndSetFrameObject", &torch->make_frame_object, found) < 0
        || look_up(library, "THP_PyFrame_Clear", &torch->clear, found) < 0
        || look_up(library, "THP_PyThreadState_BumpFramePointerSlow", &torch->push, found) < 0
        || look_up(library, "THP_PyThreadState_PopFrame", &torch->pop, found) < 0
        || look_up(library, "THP_PyObject_VirtualAlloc", &torch->arena_alloc, found) < 0
        || look_up(library, "THP_PyObject_VirtualFree", &torch->arena_free, found) < 0) {
        Py_CLEAR(found);
    }
    return found;
}
