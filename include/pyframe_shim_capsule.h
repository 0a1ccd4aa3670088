/* The functions of pyframe_shim.h from the capsule of the Python package, for an extension that links nothing of pyframe-shim.
 *
 * Included by pyframe_shim.h where PYFRAME_SHIM_USE_CAPSULE is defined. Each source file that calls the functions has to call
 * PyFrameShim_Import first, when its module is imported: the table is the file's own. */
#ifndef PYFRAME_SHIM_CAPSULE_H
#define PYFRAME_SHIM_CAPSULE_H

#include <Python.h>

#include "pyframe_shim.h"

/* The table that the capsule holds. Later versions append to it. */
typedef struct {
    size_t size; /* of the table in the library, in bytes */
    int (*CheckRuntime)(void);
    const PyFrameShim_Build *(*BuildInfo)(void);
    PyObject *(*Code)(PyFrameShim_Frame *frame);
    PyObject *(*Function)(PyFrameShim_Frame *frame);
    PyObject *(*Globals)(PyFrameShim_Frame *frame);
    PyObject *(*Builtins)(PyFrameShim_Frame *frame);
    PyObject *(*Namespace)(PyFrameShim_Frame *frame);
    int (*Lasti)(PyFrameShim_Frame *frame);
    int (*Line)(PyFrameShim_Frame *frame);
    int (*Owner)(PyFrameShim_Frame *frame);
    int (*IsFresh)(PyFrameShim_Frame *frame, int throwflag);
    int (*IsComplete)(PyFrameShim_Frame *frame);
    PyFrameShim_Frame *(*CurrentFrame)(PyThreadState *tstate);
    PyFrameShim_Frame *(*Previous)(PyFrameShim_Frame *frame);
    PyFrameShim_Frame *(*FromFrameObject)(PyObject *object);
    PyFrameShim_Frame *(*FromGenerator)(PyObject *generator);
    PyObject *(*GetFrameObject)(PyFrameShim_Frame *frame);
    PyObject *(*GetGenerator)(PyFrameShim_Frame *frame);
    Py_ssize_t (*CountSlots)(PyFrameShim_Frame *frame);
    int (*GetSlot)(PyFrameShim_Frame *frame, Py_ssize_t index, PyFrameShim_Slot *slot);
    Py_ssize_t (*FillValues)(PyFrameShim_Frame *frame, PyObject **values, Py_ssize_t room);
    PyObject *(*GetLocals)(PyFrameShim_Frame *frame, unsigned flags);
    Py_ssize_t (*StackDepth)(PyFrameShim_Frame *frame);
    PyObject *(*StackItem)(PyFrameShim_Frame *frame, Py_ssize_t index);
    PyFrameShim_Hook *(*InstallCodeHook)(PyFrameShim_CodeHookFunction function, void *data);
    PyFrameShim_Hook *(*InstallHook)(PyFrameShim_HookFunction function, void *data);
    int (*RemoveHook)(PyFrameShim_Hook *hook);
    PyObject *(*EvalNext)(PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag);
    PyObject *(*EvalDefault)(PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag);
    int (*CanEvalCode)(PyFrameShim_Frame *frame, int throwflag, PyObject *code, PyObject *function);
    const char *(*Reason)(int number);
    PyObject *(*EvalCode)(PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, PyObject *code,
        PyObject *function, unsigned flags);
    PyObject *(*Return)(PyThreadState *tstate, PyFrameShim_Frame *frame, PyObject *result);
    PyObject *(*CopyFunction)(PyObject *function, PyObject *code, PyObject *closure);
    Py_ssize_t (*NewCodeExtra)(void (*release)(void *));
    void *(*GetCodeExtra)(PyObject *code, Py_ssize_t place);
    void *(*GetFreshExtra)(PyFrameShim_Frame *frame, int throwflag, Py_ssize_t place);
    int (*SetCodeExtra)(PyObject *code, Py_ssize_t place, void *extra);
    const unsigned char *(*OpcodeCaches)(Py_ssize_t *count);
    int (*BodyOffset)(PyObject *code);
    int (*DataStackPlace)(PyThreadState *tstate, PyFrameShim_Frame *frame, PyFrameShim_Place *place);
    int (*EnableChunkCache)(size_t chunks);
    void (*DisableChunkCache)(void);
    void (*GetChunkCacheStats)(PyFrameShim_ChunkCacheStats *stats);
    size_t (*GetCounters)(PyFrameShim_Counter *counters, size_t room);
    void (*SetGeneratorReturnKind)(PyThreadState *tstate, PyFrameShim_Frame *frame);
} PyFrameShim_Functions;

static const PyFrameShim_Functions *PyFrameShim_functions;

/* Imports the package, takes its table and checks that the package fits the running interpreter (PyFrameShim_CheckRuntime):
 * 0, or -1 with an exception, ImportError where the package is missing or older than this header. */
static inline int PyFrameShim_Import(void)
{
    /* First, since PyCapsule_Import does not tell why a package cannot be imported. */
    PyObject *package = PyImport_ImportModule("pyframe_shim");
    if (package == NULL) {
        return -1;
    }
    Py_DECREF(package);
    const PyFrameShim_Functions *functions = (const PyFrameShim_Functions *)PyCapsule_Import("pyframe_shim._C_API", 0);
    if (functions == NULL && !PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return -1;
    }
    /* The first packages had no capsule. */
    if (functions == NULL || functions->size < sizeof(PyFrameShim_Functions)) {
        PyErr_SetString(PyExc_ImportError,
            "the installed package pyframe-shim is older than the header that this extension was "
            "compiled with; upgrade it: pip install --upgrade pyframe-shim");
        return -1;
    }
    PyFrameShim_functions = functions;
    return functions->CheckRuntime();
}

#define PyFrameShim_CheckRuntime (PyFrameShim_functions->CheckRuntime)
#define PyFrameShim_BuildInfo (PyFrameShim_functions->BuildInfo)
#define PyFrameShim_Code (PyFrameShim_functions->Code)
#define PyFrameShim_Function (PyFrameShim_functions->Function)
#define PyFrameShim_Globals (PyFrameShim_functions->Globals)
#define PyFrameShim_Builtins (PyFrameShim_functions->Builtins)
#define PyFrameShim_Namespace (PyFrameShim_functions->Namespace)
#define PyFrameShim_Lasti (PyFrameShim_functions->Lasti)
#define PyFrameShim_Line (PyFrameShim_functions->Line)
#define PyFrameShim_Owner (PyFrameShim_functions->Owner)
#define PyFrameShim_IsFresh (PyFrameShim_functions->IsFresh)
#define PyFrameShim_IsComplete (PyFrameShim_functions->IsComplete)
#define PyFrameShim_CurrentFrame (PyFrameShim_functions->CurrentFrame)
#define PyFrameShim_Previous (PyFrameShim_functions->Previous)
#define PyFrameShim_FromFrameObject (PyFrameShim_functions->FromFrameObject)
#define PyFrameShim_FromGenerator (PyFrameShim_functions->FromGenerator)
#define PyFrameShim_GetFrameObject (PyFrameShim_functions->GetFrameObject)
#define PyFrameShim_GetGenerator (PyFrameShim_functions->GetGenerator)
#define PyFrameShim_CountSlots (PyFrameShim_functions->CountSlots)
#define PyFrameShim_GetSlot (PyFrameShim_functions->GetSlot)
#define PyFrameShim_FillValues (PyFrameShim_functions->FillValues)
#define PyFrameShim_GetLocals (PyFrameShim_functions->GetLocals)
#define PyFrameShim_StackDepth (PyFrameShim_functions->StackDepth)
#define PyFrameShim_StackItem (PyFrameShim_functions->StackItem)
#define PyFrameShim_InstallCodeHook (PyFrameShim_functions->InstallCodeHook)
#define PyFrameShim_InstallHook (PyFrameShim_functions->InstallHook)
#define PyFrameShim_RemoveHook (PyFrameShim_functions->RemoveHook)
#define PyFrameShim_EvalNext (PyFrameShim_functions->EvalNext)
#define PyFrameShim_EvalDefault (PyFrameShim_functions->EvalDefault)
#define PyFrameShim_CanEvalCode (PyFrameShim_functions->CanEvalCode)
#define PyFrameShim_Reason (PyFrameShim_functions->Reason)
#define PyFrameShim_EvalCode (PyFrameShim_functions->EvalCode)
#define PyFrameShim_Return (PyFrameShim_functions->Return)
#define PyFrameShim_CopyFunction (PyFrameShim_functions->CopyFunction)
#define PyFrameShim_NewCodeExtra (PyFrameShim_functions->NewCodeExtra)
#define PyFrameShim_GetCodeExtra (PyFrameShim_functions->GetCodeExtra)
#define PyFrameShim_GetFreshExtra (PyFrameShim_functions->GetFreshExtra)
#define PyFrameShim_SetCodeExtra (PyFrameShim_functions->SetCodeExtra)
#define PyFrameShim_OpcodeCaches (PyFrameShim_functions->OpcodeCaches)
#define PyFrameShim_BodyOffset (PyFrameShim_functions->BodyOffset)
#define PyFrameShim_DataStackPlace (PyFrameShim_functions->DataStackPlace)
#define PyFrameShim_EnableChunkCache (PyFrameShim_functions->EnableChunkCache)
#define PyFrameShim_DisableChunkCache (PyFrameShim_functions->DisableChunkCache)
#define PyFrameShim_GetChunkCacheStats (PyFrameShim_functions->GetChunkCacheStats)
#define PyFrameShim_GetCounters (PyFrameShim_functions->GetCounters)
#define PyFrameShim_SetGeneratorReturnKind (PyFrameShim_functions->SetGeneratorReturnKind)

#endif
