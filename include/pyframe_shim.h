/* pyframe-shim's own API: hooks of frame evaluation (PEP 523) that are written once for CPython 3.11 to 3.15. A hook
 * looks at frames, reads their locals, runs other code in their place, or ends them.
 *
 * C11 or C++17, with Py_LIMITED_API as well. Needs neither Py_BUILD_CORE nor an internal header. The documents begin with
 * a hook of fifteen lines (docs/first-hook-c.md).
 *
 * The functions are in the static library, in the shared library, and in the Python package `pyframe_shim`, which hands them
 * out in a capsule. For the last, define PYFRAME_SHIM_USE_CAPSULE before this header is included, link nothing, and call
 * PyFrameShim_Import (pyframe_shim_capsule.h) when your module is imported: one abi3 extension then serves all of them.
 *
 * Every function needs the GIL, unless its comment says otherwise. The caller owns a "new" reference. A "borrowed" one is the
 * frame's: it is valid until the frame runs on or is cleared, and until the caller runs Python code that may change the frame.
 * Yes and no are 1 and 0. A function that returns -1 or NULL has set an exception, unless its comment says "quiet". A NULL
 * frame or thread state is a ValueError. Wrong arguments never end the process, and change nothing, with one exception: a
 * function that consumes a frame consumes it whatever else is wrong, so that a hook can return what it returns.
 *
 * Which frames may be passed, and until when:
 *   - the frame that a hook was given: until the hook passes it to a function that consumes it, or returns. Every thread may
 *     look at it; the thread that runs the hook consumes it;
 *   - a frame that a thread runs, by PyFrameShim_CurrentFrame and PyFrameShim_Previous: until it returns;
 *   - the frame of a frame object, generator or coroutine: for as long as the caller holds that object.
 *
 * Nothing can tell a frame from memory that was one: a pointer that is kept for longer is a mistake that is not caught. */
#ifndef PYFRAME_SHIM_H
#define PYFRAME_SHIM_H

#include <Python.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The library ---------------------------------------------------------------------------------------------------------- */

/* Checks that the library fits the running interpreter: its minor, that it has the GIL, and, on a live frame, that the
 * private structures are laid out as they were where the library was built. It looks at the thread state's current frame
 * and data stack, and at the frame's object, code, function, instruction pointer, owner, caller and first slot. Call it in
 * your module's init function, with the GIL held, and return NULL if it fails. Without the GIL it ends the process with one
 * line, unless there are sub-interpreters: CPython keeps no account of who holds the GIL then.
 *
 * It compiles and runs a few lines of Python, in a new namespace with no builtins. It imports nothing and calls
 * nothing that a program can replace. Hooks, tracers and the audit hook for "compile" see it.
 *
 * Returns 0, or -1 with an ImportError that names the Python that the library was built for, the one that it is running
 * in, and what to do; or with whatever kept the check from running, such as MemoryError. */
int PyFrameShim_CheckRuntime(void);

/* Bits of PyFrameShim_Build.flags. */
#define PYFRAME_SHIM_HAS_FRAMES 0x1u /* the frame symbols are there (CPython 3.11 and newer) */
#define PYFRAME_SHIM_PY_DEBUG 0x2u /* built from the headers of a Py_DEBUG interpreter */

typedef struct {
    size_t size; /* of this structure in the library, in bytes; later versions append fields */
    const char *shim_version; /* "0.1.0" */
    const char *python_version; /* of the CPython that it was built for, "3.12.1" */
    int python_major;
    int python_minor;
    int python_patch;
    unsigned flags;
} PyFrameShim_Build;

/* What the library was built for: static, never NULL. Needs neither the GIL nor an interpreter. */
const PyFrameShim_Build *PyFrameShim_BuildInfo(void);

/* ---- Frames --------------------------------------------------------------------------------------------------------------- */

/* An interpreter frame: what PEP 523 hands to a hook. */
typedef struct _PyInterpreterFrame PyFrameShim_Frame;

/* Borrowed. Quiet NULL for an entry frame, which runs no code, and for a frame that has been cleared. There is no function
 * either in a frame that an embedder has made with something else in the function's place. */
PyObject *PyFrameShim_Code(PyFrameShim_Frame *frame);
PyObject *PyFrameShim_Function(PyFrameShim_Frame *frame);
PyObject *PyFrameShim_Globals(PyFrameShim_Frame *frame);
PyObject *PyFrameShim_Builtins(PyFrameShim_Frame *frame);

/* The mapping that a module, class body or exec keeps its names in. Borrowed. Quiet NULL for the frame of a function, whose
 * locals lie in slots. */
PyObject *PyFrameShim_Namespace(PyFrameShim_Frame *frame);

/* The byte offset, in the code, of the instruction that the frame has begun last; quiet -1 before the first. The answer is
 * the same on every minor, though `f_lasti` of 3.13 gives the next instruction for a frame that does not run. One case
 * differs: a frame has called another and waits for it. Up to 3.12 the answer may then be the offset of an inline cache of
 * the call instruction. */
int PyFrameShim_Lasti(PyFrameShim_Frame *frame);

/* The line of that instruction, or the first line of the code; quiet -1 if it has none. */
int PyFrameShim_Line(PyFrameShim_Frame *frame);

/* What keeps the memory of a frame. */
#define PYFRAME_SHIM_OWNER_THREAD 0 /* the data stack of a thread: the frame of a call */
#define PYFRAME_SHIM_OWNER_GENERATOR 1 /* the generator, coroutine or async generator that it belongs to */
#define PYFRAME_SHIM_OWNER_FRAME_OBJECT 2 /* the frame object that has outlived the call */
#define PYFRAME_SHIM_OWNER_INTERPRETER \
    3 /* the evaluator's C stack, or the bottom of a thread: an entry frame (3.12 and newer) */
#define PYFRAME_SHIM_OWNER_NONE 4 /* nothing: it has been cleared */
int PyFrameShim_Owner(PyFrameShim_Frame *frame);

/* Whether nothing of the frame has run, so that a hook may run other code in its place. The frame may have a frame object. The
 * answer is no with a `throwflag`, for a generator that is resumed, and for a frame of another thread than the calling one. */
int PyFrameShim_IsFresh(PyFrameShim_Frame *frame, int throwflag);

/* Whether the frame has come to the RESUME that begins its body, so that Python code sees it. That is its first RESUME, except in
 * generator expressions of 3.15. */
int PyFrameShim_IsComplete(PyFrameShim_Frame *frame);

/* The innermost complete frame that the thread runs, and the nearest complete caller of a frame. Quiet NULL at the bottom. The
 * thread may be another than the calling one.
 *
 * The caller of the frame that a hook was given is the frame that made the call. A generator has a caller while it is
 * resumed. A hook that was given such a generator's frame asks for the caller before it runs Python code: later the answer
 * may be wrong. */
PyFrameShim_Frame *PyFrameShim_CurrentFrame(PyThreadState *tstate);
PyFrameShim_Frame *PyFrameShim_Previous(PyFrameShim_Frame *frame);

/* The frame that a frame object stands for, or that a generator, coroutine or async generator runs. TypeError for anything
 * else. Quiet NULL for a generator that has come to its end. */
PyFrameShim_Frame *PyFrameShim_FromFrameObject(PyObject *object);
PyFrameShim_Frame *PyFrameShim_FromGenerator(PyObject *generator);

/* The frame object that stands for the frame, made if there is none. New. RuntimeError for a frame that is not complete. */
PyObject *PyFrameShim_GetFrameObject(PyFrameShim_Frame *frame);

/* The generator, coroutine or async generator that the frame belongs to. New. Quiet NULL if there is none. */
PyObject *PyFrameShim_GetGenerator(PyFrameShim_Frame *frame);

/* ---- Locals --------------------------------------------------------------------------------------------------------------- */

/* The slots of a frame: arguments, other locals, cells, free variables, in the order of the code's variables. A frame that has
 * been cleared, or is being cleared, has no locals any more: that is a ValueError here. An entry frame is a SystemError. */
Py_ssize_t PyFrameShim_CountSlots(PyFrameShim_Frame *frame);

/* Bits of PyFrameShim_Slot.kind. */
#define PYFRAME_SHIM_SLOT_ARGUMENT 0x1u /* an argument's: these are the first */
#define PYFRAME_SHIM_SLOT_CELL 0x2u /* of a variable that an inner function uses: has a cell once MAKE_CELL has run */
#define PYFRAME_SHIM_SLOT_FREE 0x4u /* of a free variable: its cell is the closure's; these are the last */
#define PYFRAME_SHIM_SLOT_HIDDEN 0x8u /* of a comprehension that is inlined into a module or class body (3.12 and newer) */

typedef struct {
    size_t size; /* of this structure, in bytes: the caller sets it */
    PyObject *name; /* borrowed from the code */
    PyObject *value; /* borrowed, with cells seen through; NULL if the variable is unbound */
    PyObject *cell; /* borrowed; NULL if the variable has none, or none yet */
    unsigned kind;
} PyFrameShim_Slot;

/* One slot: 0, or -1 with an exception, such as IndexError. */
int PyFrameShim_GetSlot(PyFrameShim_Frame *frame, Py_ssize_t index, PyFrameShim_Slot *slot);

/* The values of the first `room` slots, borrowed, with cells seen through, and NULL for what is unbound. Returns how many slots
 * there are. This is for guards, which look at every frame: no dict is made, and nothing is allocated. */
Py_ssize_t PyFrameShim_FillValues(PyFrameShim_Frame *frame, PyObject **values, Py_ssize_t room);

#define PYFRAME_SHIM_LOCALS_HIDDEN 0x1u /* hidden names too */
#define PYFRAME_SHIM_LOCALS_WITHOUT_FREE 0x2u /* no free variables */
#define PYFRAME_SHIM_LOCALS_ARGUMENTS 0x4u /* arguments, and nothing else */

/* A new dict of what is bound; the frame stays as it is. Of a module, class body or exec frame: what its mapping holds. */
PyObject *PyFrameShim_GetLocals(PyFrameShim_Frame *frame, unsigned flags);

/* How many values lie on the value stack of a frame that does not run, and one of them, counted from the bottom: borrowed,
 * NULL (quiet) for what the evaluator has pushed as NULL or, from 3.14 on, as a number that is no object. RuntimeError if
 * the frame runs. IndexError for a wrong index. A frame that waits for one it has called may give an answer or RuntimeError. On the stack of a generator that is
 * about to be resumed lies what it is sent. */
Py_ssize_t PyFrameShim_StackDepth(PyFrameShim_Frame *frame);
PyObject *PyFrameShim_StackItem(PyFrameShim_Frame *frame, Py_ssize_t index);

/* ---- Hooks ---------------------------------------------------------------------------------------------------------------- */

typedef struct PyFrameShim_Hook PyFrameShim_Hook;

/* A compiler's hook: the library asks it for each fresh frame. It returns a new reference to the code, or the function, that
 * is to run in the frame's place; or NULL, and the frame runs as it is. The code has to take the arguments that the frame's
 * own code takes (PyFrameShim_CanEvalCode). If the hook leaves an exception set, the call ends with that, and an answer is
 * released. The hook may run Python code: while it does, no code hook is asked about the frames of that code, in the same thread. */
typedef PyObject *(*PyFrameShim_CodeHookFunction)(void *data, PyThreadState *tstate, PyFrameShim_Frame *frame);
PyFrameShim_Hook *PyFrameShim_InstallCodeHook(PyFrameShim_CodeHookFunction function, void *data);

/* A hook that evaluates frames itself. It gets each frame that is about to run, and a generator's each time that it is
 * resumed. It has to consume the frame by one call of PyFrameShim_EvalNext, PyFrameShim_EvalCode, PyFrameShim_Return or
 * PyFrameShim_EvalDefault. It returns what that call returns, and does not look at the frame again. With a `throwflag`, an
 * exception is already set, and the frame must raise it: no Python code may run before the frame does. */
typedef PyObject *(*PyFrameShim_HookFunction)(
    PyFrameShim_Hook *hook, void *data, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag);

/* Installs a hook in the interpreter that the calling thread runs, in front of those that are there, ours and foreign ones.
 * It sees the frames of all threads of the interpreter. RuntimeError if there are 64 hooks in the process. The function and
 * its data have to stay valid until the hook has been removed, and every call of the function has returned. The library
 * removes the hooks that are left when the interpreter ends. The library cannot be unloaded any more. */
PyFrameShim_Hook *PyFrameShim_InstallHook(PyFrameShim_HookFunction function, void *data);

/* Takes a hook out, in whatever order, also from inside of its function: 0, or -1 with ValueError if there is no such hook
 * in this interpreter any more. Once 4,096 more hooks have been installed, an old handle may name a new hook. If a foreign
 * hook is in front of it, the library cannot change what that one calls: the hook stays in the chain and passes frames on.
 * Its function is not called again. */
int PyFrameShim_RemoveHook(PyFrameShim_Hook *hook);

/* Evaluates a frame as it would have been without the hook; NULL stands for no hook at all. New, or NULL with an exception.
 * Consumes the frame. A hook that has been removed may still pass on what it was given. */
PyObject *PyFrameShim_EvalNext(PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag);

/* The same with the interpreter's own evaluator, past all hooks. */
PyObject *PyFrameShim_EvalDefault(PyThreadState *tstate, PyFrameShim_Frame *frame, int throwflag);

/* For a hook that was not installed by this library. CPython 3.15 keeps in the thread how the evaluation of a generator's frame
 * has ended: with a value that it yields, or with its end. Who has resumed the generator asks for that when the hook returns.
 * If the hook lets Python code run behind the evaluator, even by a decref, another generator may run in it, and the wrong
 * answer is found: a generator's end becomes one more value, or a value its end. So such a hook makes this call the last
 * before it returns, for a frame that had PYFRAME_SHIM_OWNER_GENERATOR before it was evaluated. For any other frame the call
 * is a mistake that is not caught: the frame may be gone. On other minors it does nothing. Quiet. Hooks of
 * PyFrameShim_InstallHook and PyFrameShim_InstallCodeHook need not care: the library does it when they return. */
void PyFrameShim_SetGeneratorReturnKind(PyThreadState *tstate, PyFrameShim_Frame *frame);

/* ---- Other code in a frame's place ---------------------------------------------------------------------------------------- */

/* Why code cannot run in a frame's place. */
#define PYFRAME_SHIM_FITS 0
#define PYFRAME_SHIM_NOT_FRESH 1 /* it has begun to run, or no hook of this thread was given it */
#define PYFRAME_SHIM_THROWN 2 /* `throwflag` */
#define PYFRAME_SHIM_RESUMED 3 /* a generator that is resumed */
#define PYFRAME_SHIM_ARGUMENTS_DIFFER 4 /* the code takes other arguments than the frame's own */
#define PYFRAME_SHIM_FREE_VARIABLES_DIFFER 5 /* the code has more or fewer than the function's closure has cells */
#define PYFRAME_SHIM_NAMESPACE_DIFFERS 6 /* one keeps its names in slots, the other in a mapping */
#define PYFRAME_SHIM_OTHER_CODE 7 /* `function` runs other code than `code` */
#define PYFRAME_SHIM_NO_FUNCTION 8 /* the frame runs no function, and the code needs one: pass it */
#define PYFRAME_SHIM_NO_ROOM 9 /* PYFRAME_SHIM_NEVER_SHADOW, and the frame cannot be evaluated in place */

/* Whether `code` can run in the frame's place, with `function`, which may be NULL: 0, or one of the numbers above. With
 * NULL, code without free variables fits any closure. */
int PyFrameShim_CanEvalCode(PyFrameShim_Frame *frame, int throwflag, PyObject *code, PyObject *function);

/* The sentence that belongs to such a number: static, never NULL. Needs no GIL. */
const char *PyFrameShim_Reason(int number);

#define PYFRAME_SHIM_LOCALS_MERGED 0x1u /* THP_PyFrame_FastToLocalsWithError has merged the frame's locals: drop the mapping */
#define PYFRAME_SHIM_NEVER_SHADOW 0x2u /* for tests: in place or not at all */
#define PYFRAME_SHIM_ALWAYS_SHADOW 0x4u /* for tests: never in place */

/* Runs `code` in the frame's place, by what comes behind the hook (NULL: by the interpreter's own evaluator). It consumes the
 * frame on every path: the hook returns what this returns, and never looks at the frame again. New, or NULL with an exception:
 * the code's own; ValueError or SystemError where PyFrameShim_CanEvalCode says no; TypeError; MemoryError. It replaces an
 * exception that is thrown into the frame: with a `throwflag`, pass the frame on by PyFrameShim_EvalNext.
 *
 * The code sees the arguments of the call, as borrowed from the frame, and nothing else of its locals. `function` is what the
 * code finds as its own: globals, builtins, closure. It has to be one that runs `code`. NULL stands for the frame's own
 * function, or a copy of that with the code, where one is needed: if the code makes a generator.
 *
 * The library writes the code into the frame and evaluates the frame, which costs next to nothing. It pushes a second frame
 * where the chunk of the data stack has no room for the code, and where the frame has a frame object. */
PyObject *PyFrameShim_EvalCode(PyFrameShim_Hook *hook, PyThreadState *tstate, PyFrameShim_Frame *frame, PyObject *code,
    PyObject *function, unsigned flags);

/* Ends the call of a frame without running it: with `result`, a reference that the function takes over on every path; or, if
 * that is NULL, with the exception that is set. Returns what the hook returns. Consumes the frame. A generator that is
 * resumed has come to its end, with that result; StopIteration is no exception to end one with. SystemError if there is
 * neither a result nor an exception, or both. */
PyObject *PyFrameShim_Return(PyThreadState *tstate, PyFrameShim_Frame *frame, PyObject *result);

/* A function like `function`, with other code, and another closure: a tuple of as many cells as the code has free variables.
 * NULL stands for the function's own, or for none if the code has no free variables. New. TypeError, ValueError. */
PyObject *PyFrameShim_CopyFunction(PyObject *function, PyObject *code, PyObject *closure);

/* ---- Code ----------------------------------------------------------------------------------------------------------------- */

/* A place in every code object of the interpreter, for what a hook keeps with it: its number, or -1 with RuntimeError. There
 * are 255, and none is given back. CPython calls `release`, which may be NULL, with what is kept in the place, when that is
 * replaced and when the code is deallocated. It calls `release` with NULL if the code has nothing in this place, but
 * something in a later one. */
Py_ssize_t PyFrameShim_NewCodeExtra(void (*release)(void *extra));

/* What is kept with the code in a place; quiet NULL if that is nothing. The first thing that most hooks ask for: some ten
 * instructions. */
void *PyFrameShim_GetCodeExtra(PyObject *code, Py_ssize_t place);

/* What is kept with the code of a fresh frame; quiet NULL if that is nothing, or the frame is not fresh, or a `throwflag` is
 * set. In one call it answers what a hook that runs other code asks for each frame. Pass the frame that the hook was given:
 * another one may be taken for fresh while it runs its first instruction. PyFrameShim_IsFresh is right for every frame. */
void *PyFrameShim_GetFreshExtra(PyFrameShim_Frame *frame, int throwflag, Py_ssize_t place);

/* Keeps something there; what was there is released. 0, or -1 with an exception. */
int PyFrameShim_SetCodeExtra(PyObject *code, Py_ssize_t place, void *extra);

/* How many inline cache code units (of 2 bytes) lie behind each opcode: static, indexed by the opcode. `count`, which may be
 * NULL, becomes the number of opcodes. Needs no GIL. */
const unsigned char *PyFrameShim_OpcodeCaches(Py_ssize_t *count);

/* The byte offset of the RESUME behind the prefix of a code object. The prefix makes cells, copies free variables and, in a
 * generator, returns the generator. In a generator expression of 3.15 it is the second RESUME: the first one lies in the prefix. */
int PyFrameShim_BodyOffset(PyObject *code);

/* ---- The data stack, for pictures ----------------------------------------------------------------------------------------- */

typedef struct {
    size_t size; /* of this structure, in bytes: the caller sets it */
    size_t chunk; /* the number of the frame's chunk: 0 for the first */
    size_t word; /* where in the chunk it begins, in words */
    size_t words; /* how many words it takes: header, slots and value stack */
    size_t room; /* how many words the chunk has for frames */
} PyFrameShim_Place;

/* Where on the thread's data stack a frame lies: 1; 0 if it lies elsewhere, as those of generators do; or -1 with an exception. */
int PyFrameShim_DataStackPlace(PyThreadState *tstate, PyFrameShim_Frame *frame, PyFrameShim_Place *place);

/* ---- Chunks that are kept ------------------------------------------------------------------------------------------------- */

/* A call that begins at the end of a data-stack chunk maps 16 KiB, and unmaps them when it returns: it takes 250 to 280 times as
 * long as another call, on CPython 3.11.0 to 3.13.12, and on 3.14.0 to 3.14.3. The cache wraps the arena allocator
 * (PyObject_SetArenaAllocator) so that up to `chunks` freed chunks are kept. The next call that needs one takes it, in any
 * thread and any interpreter of the process. The cache holds at most chunks * 16 KiB. A second copy of the library in the
 * process has a second cache.
 *
 * Each chunk goes back to the allocator that it came from, at any later time, by any thread, with or without the GIL. So an
 * arena allocator that was in use has to stay callable. The same is true of the chunk that THP_PyThreadState_PopFrame keeps.
 *
 * Returns 1; 0 if this CPython keeps a chunk itself, and nothing was done; or -1 with ValueError (`chunks` is not within 1
 * and 64) or RuntimeError (other allocators have been set on top of ours too often). If the cache is enabled already, the
 * call changes its number of chunks. Needs the GIL. The library cannot be unloaded any more. */
int PyFrameShim_EnableChunkCache(size_t chunks);

/* Frees what the cache holds, and restores the arena allocator. If another allocator has been set since, that one stays, and
 * ours below it passes every call on. Needs the GIL. */
void PyFrameShim_DisableChunkCache(void);

typedef struct {
    size_t size; /* of this structure, in bytes: the caller sets it */
    size_t capacity; /* how many chunks may be kept; 0 if the cache is off */
    size_t held; /* how many are kept now */
    unsigned long long hits; /* chunks that were asked for and found, since the process began */
    unsigned long long misses; /* chunks that were asked for and had to be allocated */
} PyFrameShim_ChunkCacheStats;

/* Needs no GIL. */
void PyFrameShim_GetChunkCacheStats(PyFrameShim_ChunkCacheStats *stats);

typedef struct {
    const char *symbol; /* static */
    unsigned long long calls;
} PyFrameShim_Counter;

/* How often each function of cpython_defs.h has been called, in at most `room` elements. Returns how many functions are
 * counted: 0 unless the library was built with the feature `counters`. Needs no GIL. */
size_t PyFrameShim_GetCounters(PyFrameShim_Counter *counters, size_t room);

#ifdef __cplusplus
}
#endif

#ifdef PYFRAME_SHIM_USE_CAPSULE
#include "pyframe_shim_capsule.h"
#endif

#endif /* PYFRAME_SHIM_H */
