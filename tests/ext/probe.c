/* The tests' way to interpreter frames: every symbol of the shim, and a look at what it did.
 *
 * A frame is passed around as the int of its address. Nothing is checked here; a test that passes a stale address gets
 * what it deserves. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>

#include <stdbool.h>
#include <stddef.h>

#include "cpython_defs.h"
#include "pyframe_shim.h"

#include "failing.h"

#if PY_VERSION_HEX >= 0x030D0000
#define CODE(frame) ((PyCodeObject *)(frame)->f_executable)
#define POINTER(frame) ((frame)->instr_ptr)
#define CURRENT(tstate) ((tstate)->current_frame)
#else
#define CODE(frame) ((frame)->f_code)
#define POINTER(frame) ((frame)->prev_instr)
#define CURRENT(tstate) ((tstate)->cframe->current_frame)
#endif
#if PY_VERSION_HEX >= 0x030C0000
#define FUNCTION(frame) ((frame)->f_funcobj)
#else
#define FUNCTION(frame) ((PyObject *)(frame)->f_func)
#endif

/* Exported on all minors; the internal headers hide its declaration in different places. */
PyAPI_FUNC(PyObject *) _PyEval_EvalFrameDefault(PyThreadState *, struct _PyInterpreterFrame *, int);

static int to_frame(PyObject *object, void *result)
{
    *(void **)result = PyLong_AsVoidPtr(object);
    return *(void **)result != NULL || !PyErr_Occurred();
}

#define FRAME_ARGUMENT(frame, args) \
    _PyInterpreterFrame *frame; \
    if (!PyArg_ParseTuple(args, "O&", to_frame, &frame)) { \
        return NULL; \
    }

/* ---- the hook -------------------------------------------------------------------------------------------------- */

static PyObject *watched_code, *watcher;
static _Thread_local bool in_watcher;

static PyObject *discard(PyThreadState *tstate, _PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030C0000
    THP_PyFrame_Clear(frame);
    THP_PyThreadState_PopFrame(tstate, frame);
#else
    (void)tstate, (void)frame;
#endif
    return NULL;
}

static PyObject *evaluate(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    if ((PyObject *)CODE(frame) != watched_code || in_watcher || throwflag) {
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    }
    in_watcher = true;
    PyObject *result = PyObject_CallFunction(watcher, "N", PyLong_FromVoidPtr(frame));
    in_watcher = false;
    if (result == NULL) {
        return discard(tstate, frame);
    }
    Py_DECREF(result);
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

PyDoc_STRVAR(hook_doc, "hook(code, callback): call callback(frame) before each frame of the code is evaluated.\n"
                       "If it raises, the frame is discarded as PEP 523 asks for.");
static PyObject *hook(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *code, *callback;
    if (!PyArg_ParseTuple(args, "O!O", &PyCode_Type, &code, &callback)) {
        return NULL;
    }
    Py_XSETREF(watched_code, Py_NewRef(code));
    Py_XSETREF(watcher, Py_NewRef(callback));
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), evaluate);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(unhook_doc, "unhook(): evaluate everything as usual again.");
static PyObject *unhook(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), _PyEval_EvalFrameDefault);
    Py_CLEAR(watched_code);
    Py_CLEAR(watcher);
    Py_RETURN_NONE;
}

/* ---- finding and reading frames -------------------------------------------------------------------------------- */

PyDoc_STRVAR(frame_of_doc, "frame_of(frame_object): its interpreter frame.");
static PyObject *frame_of(PyObject *module, PyObject *object)
{
    (void)module;
    return PyLong_FromVoidPtr(((PyFrameObject *)object)->f_frame);
}

PyDoc_STRVAR(generator_frame_doc, "generator_frame(generator): its interpreter frame.");
static PyObject *generator_frame(PyObject *module, PyObject *object)
{
    (void)module;
    return PyLong_FromVoidPtr(((PyGenObject *)object)->gi_iframe);
}

PyDoc_STRVAR(current_frame_doc, "current_frame(): the thread's current interpreter frame.");
static PyObject *current_frame(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyLong_FromVoidPtr(CURRENT(PyThreadState_Get()));
}

PyDoc_STRVAR(info_doc, "info(frame): its fields in a dict; slots as a list with NULL for the empty ones.");
static PyObject *info(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    PyCodeObject *code = CODE(frame);
    PyObject *slots = PyList_New(0);
    if (slots == NULL) {
        return NULL;
    }
    int count = frame->stacktop < 0 ? code->co_nlocalsplus : frame->stacktop;
    for (int i = 0; i < count; i++) {
        PyObject *value = frame->localsplus[i];
        PyObject *entry = value == NULL ? Py_NewRef(Py_Ellipsis) : PyTuple_Pack(1, value);
        if (entry == NULL || PyList_Append(slots, entry) < 0) {
            Py_XDECREF(entry);
            Py_DECREF(slots);
            return NULL;
        }
        Py_DECREF(entry);
    }
    return Py_BuildValue(
        "{sOsOsisisisNsNsOsOsN}", "code", code, "function", FUNCTION(frame), "owner", (int)frame->owner, "stacktop",
        frame->stacktop, "unit", (int)(POINTER(frame) - _PyCode_CODE(code)), "incomplete",
        PyBool_FromLong(_PyFrame_IsIncomplete(frame)), "previous", PyLong_FromVoidPtr(frame->previous), "frame_object",
        frame->frame_obj ? (PyObject *)frame->frame_obj : Py_None, "f_locals", frame->f_locals ? frame->f_locals : Py_None,
        "slots", slots);
}

PyDoc_STRVAR(set_slot_doc, "set_slot(frame, slot, value): replace what the slot holds; NULL for ....");
static PyObject *set_slot(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int slot;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "O&iO", to_frame, &frame, &slot, &value)) {
        return NULL;
    }
    Py_XSETREF(frame->localsplus[slot], value == Py_Ellipsis ? NULL : Py_NewRef(value));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_stacktop_doc, "set_stacktop(frame, slots): say that the frame holds so many slots.");
static PyObject *set_stacktop(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int slots;
    if (!PyArg_ParseTuple(args, "O&i", to_frame, &frame, &slots)) {
        return NULL;
    }
    frame->stacktop = slots;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_owner_doc, "set_owner(frame, owner): say that the frame is owned otherwise; returns who owned it.");
static PyObject *set_owner(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int owner;
    if (!PyArg_ParseTuple(args, "O&i", to_frame, &frame, &owner)) {
        return NULL;
    }
    int before = frame->owner;
    frame->owner = (char)owner;
    return PyLong_FromLong(before);
}

/* ---- the drop-in symbols --------------------------------------------------------------------------------------- */

PyDoc_STRVAR(fast_to_locals_doc, "fast_to_locals(frame): (f_locals, free_vars_copied).");
static PyObject *fast_to_locals(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    int copied = 0;
    if (THP_PyFrame_FastToLocalsWithError(frame, &copied) < 0) {
        return NULL;
    }
    return Py_BuildValue("Oi", frame->f_locals, copied);
}

PyDoc_STRVAR(get_locals_doc, "get_locals(frame, include_hidden): (locals, free_vars_copied).");
static PyObject *get_locals(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    int include_hidden, copied = 0;
    if (!PyArg_ParseTuple(args, "O&p", to_frame, &frame, &include_hidden)) {
        return NULL;
    }
    PyObject *locals = THP_PyFrame_GetLocals(frame, include_hidden, &copied);
    return locals == NULL ? NULL : Py_BuildValue("Ni", locals, copied);
}

PyDoc_STRVAR(get_locals_quietly_doc, "get_locals_quietly(frame): the same with NULL for free_vars_copied.");
static PyObject *get_locals_quietly(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    return THP_PyFrame_GetLocals(frame, 0, NULL);
}

PyDoc_STRVAR(mapping_doc, "mapping(frame): get_framelocals_mapping.");
static PyObject *mapping(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    return get_framelocals_mapping(frame);
}

PyDoc_STRVAR(copied_flag_doc, "copied_flag(frame, before): what THP_PyFrame_FastToLocalsWithError leaves in *free_vars_copied,\n"
                              "which holds `before` (None: the pointer is NULL), and the exception that it sets or None.");
static PyObject *copied_flag(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *before;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &before)) {
        return NULL;
    }
    int copied = before == Py_None ? 0 : (int)PyLong_AsLong(before);
    int status = THP_PyFrame_FastToLocalsWithError(frame, before == Py_None ? NULL : &copied);
    if ((status < 0) != (PyErr_Occurred() != NULL)) {
        PyErr_SetString(PyExc_AssertionError, "the status and the exception do not agree");
        return NULL;
    }
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Py_BuildValue("iN", copied, value ? value : Py_NewRef(Py_None));
}

PyDoc_STRVAR(set_f_locals_doc, "set_f_locals(frame, mapping): give the frame a mapping, as exec does.");
static PyObject *set_f_locals(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *locals;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &locals)) {
        return NULL;
    }
    Py_XSETREF(frame->f_locals, Py_NewRef(locals));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(drop_f_locals_doc, "drop_f_locals(frame): take the frame's mapping away.");
static PyObject *drop_f_locals(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    Py_CLEAR(frame->f_locals);
    Py_RETURN_NONE;
}

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
    PyObject *fields = Py_BuildValue(
        "{sOsOsOsOsOsOsOsOsOsOsOsOsNsN}", FIELD(globals), FIELD(builtins), FIELD(name), FIELD(qualname), FIELD(code),
        FIELD(defaults), FIELD(kwdefaults), FIELD(closure), FIELD(doc), FIELD(dict), FIELD(module), FIELD(annotations),
        "weakreflist", PyLong_FromVoidPtr(f->func_weakreflist), "vectorcall", PyLong_FromVoidPtr((void *)f->vectorcall));
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *parameters = f->func_typeparams ? f->func_typeparams : Py_Ellipsis;
    if (fields != NULL && PyDict_SetItemString(fields, "typeparams", parameters) < 0) {
        Py_CLEAR(fields);
    }
#endif
#undef FIELD
    return fields;
}

PyDoc_STRVAR(is_tracked_doc, "is_tracked(object): whether the collector tracks it (without asking gc to import).");
static PyObject *is_tracked(PyObject *module, PyObject *object)
{
    (void)module;
    return PyBool_FromLong(PyObject_GC_IsTracked(object));
}

PyDoc_STRVAR(new_frame_object_doc, "new_frame_object(code): THP_PyFrame_New_NoTrack, to be dropped by whoever gets it.");
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
    PyObject *fields = Py_BuildValue(
        "{sOsOsisisisO}", "f_back", f->f_back ? (PyObject *)f->f_back : Py_None, "f_trace", f->f_trace ? f->f_trace : Py_None,
        "f_lineno", f->f_lineno, "f_trace_lines", f->f_trace_lines, "f_trace_opcodes", f->f_trace_opcodes, "own_data",
        f->f_frame == (_PyInterpreterFrame *)f->_f_frame_data ? Py_True : Py_False);
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
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Py_BuildValue("NN", object ? object : Py_NewRef(Py_None), value ? value : Py_NewRef(Py_None));
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
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value ? value : Py_NewRef(Py_None);
}

PyDoc_STRVAR(clear_generator_doc, "clear_generator(generator): mark it as cleared, then THP_PyFrame_Clear its frame.");
static PyObject *clear_generator(PyObject *module, PyObject *object)
{
    (void)module;
    PyGenObject *generator = (PyGenObject *)object;
    generator->gi_frame_state = FRAME_CLEARED;
    THP_PyFrame_Clear((_PyInterpreterFrame *)generator->gi_iframe);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(exception_item_doc, "exception_item(): where the thread's stack of handled exceptions ends.");
static PyObject *exception_item(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    return PyLong_FromVoidPtr(PyThreadState_Get()->exc_info);
}

PyDoc_STRVAR(set_function_doc, "set_function(frame, object): put something else into the function slot (3.12+).");
static PyObject *set_function(PyObject *module, PyObject *args)
{
    (void)module;
    _PyInterpreterFrame *frame;
    PyObject *object;
    if (!PyArg_ParseTuple(args, "O&O", to_frame, &frame, &object)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030C0000
    Py_SETREF(frame->f_funcobj, Py_NewRef(object));
#endif
    Py_RETURN_NONE;
}

PyDoc_STRVAR(recursion_doc, "recursion(): what the interpreter has left for clearing frames within each other.");
static PyObject *recursion(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
#if PY_VERSION_HEX >= 0x030C0000
    return PyLong_FromLong(PyThreadState_Get()->c_recursion_remaining);
#else
    return PyLong_FromLong(PyThreadState_Get()->recursion_remaining);
#endif
}

/* ---- the data stack -------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(push_doc, "push(words): THP_PyThreadState_BumpFramePointerSlow.");
static PyObject *push(PyObject *module, PyObject *args)
{
    (void)module;
    Py_ssize_t words;
    if (!PyArg_ParseTuple(args, "n", &words)) {
        return NULL;
    }
    void *frame = THP_PyThreadState_BumpFramePointerSlow(PyThreadState_Get(), (size_t)words);
    return frame == NULL ? NULL : PyLong_FromVoidPtr(frame);
}

PyDoc_STRVAR(pop_doc, "pop(frame): THP_PyThreadState_PopFrame.");
static PyObject *pop(PyObject *module, PyObject *args)
{
    (void)module;
    FRAME_ARGUMENT(frame, args);
    THP_PyThreadState_PopFrame(PyThreadState_Get(), frame);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stack_doc, "stack(): (chunk, its bytes, words below the top, words of room, number of chunks).");
static PyObject *stack(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyThreadState *tstate = PyThreadState_Get();
    Py_ssize_t chunks = 0;
    for (_PyStackChunk *chunk = tstate->datastack_chunk; chunk != NULL; chunk = chunk->previous) {
        chunks++;
    }
    return Py_BuildValue(
        "Nnnnn", PyLong_FromVoidPtr(tstate->datastack_chunk), (Py_ssize_t)tstate->datastack_chunk->size,
        (Py_ssize_t)(tstate->datastack_top - tstate->datastack_chunk->data),
        (Py_ssize_t)(tstate->datastack_limit - tstate->datastack_top), chunks);
}

PyDoc_STRVAR(forget_top_doc, "forget_top(): leave the thread with a limit of its data stack, but no top.");
static PyObject *forget_top(PyObject *module, PyObject *args)
{
    (void)module, (void)args;
    PyThreadState_Get()->datastack_top = NULL;
    Py_RETURN_NONE;
}

static int init_pushed(_PyInterpreterFrame *frame, PyFunctionObject *function, PyObject *arguments)
{
    PyCodeObject *code = (PyCodeObject *)function->func_code;
#if PY_VERSION_HEX >= 0x030C0000
    _PyFrame_Initialize(frame, (PyFunctionObject *)Py_NewRef(function), NULL, code, 0);
#else
    _PyFrame_InitializeSpecials(frame, (PyFunctionObject *)Py_NewRef(function), NULL, code->co_nlocalsplus);
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        frame->localsplus[i] = NULL;
    }
#endif
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); i++) {
        frame->localsplus[i] = Py_NewRef(PyTuple_GET_ITEM(arguments, i));
    }
    /* What was on the data stack before: nobody may follow it. */
    frame->previous = (_PyInterpreterFrame *)(uintptr_t)0xDEAD0;
    return 0;
}

PyDoc_STRVAR(push_frame_doc, "push_frame(function, arguments): push and initialize a frame that is never linked.");
static PyObject *push_frame(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *arguments;
    if (!PyArg_ParseTuple(args, "O!O!", &PyFunction_Type, &function, &PyTuple_Type, &arguments)) {
        return NULL;
    }
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    size_t words = (size_t)code->co_nlocalsplus + (size_t)code->co_stacksize + FRAME_SPECIALS_SIZE;
    _PyInterpreterFrame *frame = THP_PyThreadState_BumpFramePointerSlow(PyThreadState_Get(), words);
    if (frame == NULL) {
        return NULL;
    }
    init_pushed(frame, (PyFunctionObject *)function, arguments);
    return PyLong_FromVoidPtr(frame);
}

PyDoc_STRVAR(never_run_doc, "never_run(function, arguments, make, keep): push a frame, make its object if asked to, clear\n"
                            "and pop it without Python code in between. Returns the object if it is kept, else None.");
static PyObject *never_run(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *function, *arguments, *object = NULL;
    int make, keep;
    if (!PyArg_ParseTuple(args, "O!O!pp", &PyFunction_Type, &function, &PyTuple_Type, &arguments, &make, &keep)) {
        return NULL;
    }
    PyThreadState *tstate = PyThreadState_Get();
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)function)->func_code;
    size_t words = (size_t)code->co_nlocalsplus + (size_t)code->co_stacksize + FRAME_SPECIALS_SIZE;
    _PyInterpreterFrame *frame = THP_PyThreadState_BumpFramePointerSlow(tstate, words);
    if (frame == NULL) {
        return NULL;
    }
    init_pushed(frame, (PyFunctionObject *)function, arguments);
    bool failed = false;
    if (make) {
        object = (PyObject *)THP_PyFrame_MakeAndSetFrameObject(frame);
        failed = object == NULL;
        object = keep ? Py_XNewRef(object) : NULL;
    }
    THP_PyFrame_Clear(frame);
    THP_PyThreadState_PopFrame(tstate, frame);
    if (failed) {
        return NULL;
    }
    return object != NULL ? object : Py_NewRef(Py_None);
}

PyDoc_STRVAR(arena_doc, "arena(bytes): allocate, fill and free; whether there was memory.");
static PyObject *arena(PyObject *module, PyObject *args)
{
    (void)module;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(args, "n", &bytes)) {
        return NULL;
    }
    void *memory = THP_PyObject_VirtualAlloc((size_t)bytes);
    if (memory == NULL) {
        Py_RETURN_FALSE;
    }
    memset(memory, 0xA5, (size_t)bytes);
    THP_PyObject_VirtualFree(memory, (size_t)bytes);
    Py_RETURN_TRUE;
}

/* ---- allocations that fail ------------------------------------------------------------------------------------- */

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

/* ---- tables and versions --------------------------------------------------------------------------------------- */

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
    return Py_BuildValue(
        "{snsssss(iii)sI}", "size", (Py_ssize_t)build->size, "shim_version", build->shim_version, "python_version",
        build->python_version, "python", build->python_major, build->python_minor, build->python_patch, "flags",
        build->flags);
}

#define METHOD(name, how) {#name, name, how, name##_doc}

static PyMethodDef methods[] = {
    METHOD(hook, METH_VARARGS),
    METHOD(unhook, METH_NOARGS),
    METHOD(frame_of, METH_O),
    METHOD(generator_frame, METH_O),
    METHOD(current_frame, METH_NOARGS),
    METHOD(info, METH_VARARGS),
    METHOD(set_slot, METH_VARARGS),
    METHOD(set_stacktop, METH_VARARGS),
    METHOD(set_owner, METH_VARARGS),
    METHOD(fast_to_locals, METH_VARARGS),
    METHOD(get_locals, METH_VARARGS),
    METHOD(get_locals_quietly, METH_VARARGS),
    METHOD(mapping, METH_VARARGS),
    METHOD(copied_flag, METH_VARARGS),
    METHOD(set_f_locals, METH_VARARGS),
    METHOD(drop_f_locals, METH_VARARGS),
    METHOD(copy_function, METH_VARARGS),
    METHOD(function_version, METH_O),
    METHOD(function_fields, METH_O),
    METHOD(is_tracked, METH_O),
    METHOD(new_frame_object, METH_O),
    METHOD(frame_object_fields, METH_O),
    METHOD(make_frame_object, METH_VARARGS),
    METHOD(make_with_pending, METH_VARARGS),
    METHOD(make_with_gc, METH_VARARGS),
    METHOD(track, METH_O),
    METHOD(clear, METH_VARARGS),
    METHOD(clear_with_pending, METH_VARARGS),
    METHOD(clear_generator, METH_O),
    METHOD(exception_item, METH_NOARGS),
    METHOD(set_function, METH_VARARGS),
    METHOD(recursion, METH_NOARGS),
    METHOD(push, METH_VARARGS),
    METHOD(pop, METH_VARARGS),
    METHOD(stack, METH_NOARGS),
    METHOD(forget_top, METH_NOARGS),
    METHOD(push_frame, METH_VARARGS),
    METHOD(never_run, METH_VARARGS),
    METHOD(arena, METH_VARARGS),
    METHOD(fail_allocation, METH_O),
    METHOD(allocation_failed, METH_NOARGS),
    METHOD(opcode_caches, METH_NOARGS),
    METHOD(overwrite_caches, METH_NOARGS),
    METHOD(check_runtime, METH_NOARGS),
    METHOD(build_info, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "probe", "Interpreter frames and the shim's symbols, for tests.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_probe(void)
{
    return PyModule_Create(&definition);
}
