/* The drop-in set: what PyTorch's torch/csrc/dynamo/cpython_defs.c defines, with the same names and types.
 *
 * For CPython 3.11 to 3.15. Up to 3.10 frames are public objects: only the opcode symbols are there, with a NULL
 * table. C11 or C++17; needs neither Py_BUILD_CORE nor an internal header, and _PyInterpreterFrame stays incomplete.
 *
 * Every call needs the GIL. The caller owns a "new" reference. The caller does not own a "borrowed" one. A function that
 * returns NULL or -1 has set an exception, unless its comment says otherwise. "Contract" is what a caller has to hold. The
 * library checks it: a breach prints one line ("pyframe-shim: contract broken: ...") and ends the process, as CHECK does in
 * the C file.
 *
 * Where an answer differs from the C file's, a line beginning with "Differs:" says so. */
#ifndef PYFRAME_SHIM_CPYTHON_DEFS_H
#define PYFRAME_SHIM_CPYTHON_DEFS_H

#ifdef Py_LIMITED_API
#error "cpython_defs.h is about frames, which the limited API does not have: compile without Py_LIMITED_API, for one minor"
#endif

#include <Python.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if PY_VERSION_HEX >= 0x030B0000

/* What PEP 523 hands to a frame-evaluation function.
 *
 * Which frames may be passed to the functions below, and until when:
 *   - the frame that a hook was given: until the hook passes it to the evaluator (3.12 and newer), or returns
 *     (3.11);
 *   - a frame that the calling thread runs, from what it has called: until it returns;
 *   - the frame of a generator, coroutine or frame object: for as long as the caller holds that object;
 *   - a frame that the caller has pushed and initialized: until the caller clears it;
 *   - a frame that another thread runs: by get_framelocals_mapping only, and not on 3.11, where a collection inside of the call
 *     may let that thread go on.
 *
 * No function takes an entry frame of the evaluator (3.12 and newer): to pass one breaks the contract.
 *
 * Who clears and pops which frame:
 *
 *                                                  3.11                 3.12 and newer
 *   the frame that the hook was given, evaluated   the hook's caller    the evaluator
 *   the same, not evaluated                        the hook's caller    the hook
 *   the hook's shadow frame, evaluated             the hook             the evaluator
 *   the same, not evaluated                        the hook             the hook
 *   the frame of a resumed generator, evaluated    the generator        the generator
 *   the same, not evaluated                        the generator        the hook: THP_PyFrame_Clear ends the generator
 *
 * Frames are cleared before they are popped, and popped in the reverse order of their pushes. Most breaches of this are
 * caught, but these cannot be:
 *   - 3.11: a hook that clears the frame that it was given, after it has cleared and popped its shadow frame. CPython clears
 *     that frame once more, and crashes. The frame looks like a shadow frame that has not been evaluated.
 *   - 3.12: the frame of a generator that has ended, cleared once more.
 *   - a frame that is popped and was not cleared: what it held is leaked. It looks like memory that was pushed for a frame and
 *     never initialized.
 *   - a frame that has been popped, and whose memory is another frame's by now.
 *
 * CPython 3.15 keeps in the thread how the evaluation of a generator's frame has ended, and asks for it when the hook returns.
 * So a hook runs no Python code between the evaluation of a frame with the owner FRAME_OWNED_BY_GENERATOR, or THP_PyFrame_Clear
 * of it, and its own return. A decref may run such code. If the hook cannot help it, it makes
 * PyFrameShim_SetGeneratorReturnKind (pyframe_shim.h) its last call. Frames of calls, and shadow frames, are not concerned.
 *
 * If the hook's C stack is abandoned, the evaluator never returns to it. greenlet does that to the greenlets of a thread that
 * has ended: it frees their data stacks, and clears no frame. What such a frame refers to stays until the process ends.
 *   - CPython leaves behind, without any hook: references to the function, the code, and the values of the locals.
 *   - A shadow frame leaves its function behind, one object for each frame, if _PyFunction_CopyWithNewCode has made it. A
 *     shadow frame may have the function of the original frame instead, if the new code makes no generator or coroutine and
 *     has as many free variables. Otherwise make one copy for each function and code, and keep it for as long as the function
 *     lives.
 *   - Fast to locals leaves the dict behind that it has stored in f_locals.
 *   - What the hook's own C variables refer to stays, too.
 *
 * The chunks of the data stack do not stay: greenlet frees those that this library has pushed, and the library frees its spare
 * chunk when the thread ends. */
typedef struct _PyInterpreterFrame _PyInterpreterFrame;

/* Merges the frame's locals into its f_locals, which is made if there is none. Returns 0, or -1. ValueError if the frame has
 * been cleared (THP_PyFrame_Clear), is being cleared, or was that of a generator which has ended.
 *
 * A name without a value is deleted from the mapping; a KeyError from that is ignored, every other error returned.
 * Names written before an error into a mapping that the frame had stay written. If the frame has not started and its
 * code begins with COPY_FREE_VARS, the free variables' slots are filled from the closure, the instruction pointer moves
 * behind that instruction, and *free_vars_copied becomes 1: a caller that copies the slots to another frame must start
 * that frame behind COPY_FREE_VARS too. Otherwise *free_vars_copied is left as it was. It may be NULL.
 *
 * Differs:
 *   - 3.13 has the function too, and a frame with a closure does not abort there.
 *   - An empty slot of a free variable is an unbound name. The C file ends the process.
 *   - More than 255 free variables are copied.
 *   - A closure of the wrong length is a SystemError. The C file reads past its end.
 *   - On 3.13 the cells of a class body are not merged into its namespace. CPython's own f_locals does the same there.
 *   - On 3.13 two slots may have one name: a variable of an inlined comprehension and a free variable. The name has the
 *     comprehension's value while that is bound. CPython's own f_locals does the same there. */
int THP_PyFrame_FastToLocalsWithError(_PyInterpreterFrame *frame, int *free_vars_copied);

/* The same, and returns the mapping: new, or NULL. With include_hidden, the result is another dict than f_locals: it also
 * has the bound variables of comprehensions that are inlined into a module or class body (3.12 and newer).
 *
 * Differs: static in the C file, and not there for 3.11, which hides nothing. On 3.14 and newer a class body has a cell
 * `__classdict__`, for annotations (PEP 649). That is no name of its namespace, and is left out. CPython's own f_locals shows it
 * while such a comprehension runs. */
PyObject *THP_PyFrame_GetLocals(_PyInterpreterFrame *frame, int include_hidden, int *free_vars_copied);

/* A fresh dict of the frame's bound locals: new, or NULL. The frame is left as it is; free variables that it has not
 * copied yet are read from its closure. Hidden locals, and the free variables of module and class bodies, are left out.
 * The names of a module, a class body or exec are not in slots but in the frame's f_locals: they are not in the dict.
 * A frame that the interpreter is clearing, or whose generator has ended, has no locals: the dict is empty. ValueError if the
 * frame has been cleared by THP_PyFrame_Clear. PyTorch 2.5 and 2.6 have it.
 *
 * Differs:
 *   - A finalizer may ask for the locals of the very frame that is being cleared, except on 3.11.
 *   - The dict has the values in the cells that the frame has made already. The C file's has the cells.
 *   - On 3.13 the other cells of module and class bodies are left out, too. CPython's own f_locals does the same there. */
PyObject *get_framelocals_mapping(_PyInterpreterFrame *frame);

/* A copy of a function with other code: new, or NULL with TypeError, ValueError or MemoryError. Name and qualified name are
 * the code's, func_version is 0. Function watchers (3.12 and newer) are not told that it is made, but that it ends. "If
 * the hook's C stack is abandoned", above, says what becomes of it if the frame that holds it is never cleared.
 *
 * Differs: if the new code has the name of the function's own code, the copy has the function's name and qualified name. A
 * closure whose length is not the code's number of free variables is a ValueError. A `function` that is no function, or a
 * `code` that is no code object, is a TypeError. */
PyFunctionObject *_PyFunction_CopyWithNewCode(PyFunctionObject *function, PyCodeObject *code);

/* An untracked frame object with room for a frame of the code: new, or NULL with TypeError or MemoryError.
 *
 * Differs: every field is set. f_frame is a dead frame inside of the object. So the object may be released at any time. */
PyFrameObject *THP_PyFrame_New_NoTrack(const PyCodeObject *code);

/* Makes the frame's object, which the frame owns: borrowed, or NULL with MemoryError. A pending exception stays, unless
 * that MemoryError replaces it.
 * Contract: the frame has no object yet, is not cleared, and no frame object owns it. One thing more is not checked, as in
 * CPython's release builds: the frame has come to its first RESUME; or the frame is never evaluated, and Python code does not
 * see the object before THP_PyFrame_Clear has moved the frame to it. */
PyFrameObject *THP_PyFrame_MakeAndSetFrameObject(_PyInterpreterFrame *frame);

/* Drops what the frame holds, its code included; if others hold its frame object, moves everything there instead. The
 * memory is still to be popped. A pending exception stays.
 * Contract: the frame is the calling thread's, unlinked and not running, has not been popped, and is not used again, except
 * to be popped. On 3.12 and newer it lies on the thread's data stack, or is a generator's; on 3.11 it may lie in the caller's
 * own memory, and on the data stack there is no frame above it.
 *
 * Differs:
 *   - f_back of the frame object is the thread's current frame. The C file takes `previous`, which an unlinked frame has not
 *     set. If there is no memory for the object of that frame, f_back is None, and the pending exception stays.
 *   - From 3.12 on, a hook may pass the frame of a resumed generator that it does not evaluate. The generator is ended, and
 *     keeps its code. An exception that the hook returns comes out of the generator as it is. StopIteration would look like
 *     the generator's end: raise RuntimeError instead.
 *   - On 3.11, MAKE_CELL leaves a stacktop of -1 behind where it finds no memory. That does not end the process.
 *   - On 3.14 the code is dropped, too. The C file of PyTorch 2.10 to 2.14 leaks a reference to it with every frame. */
void THP_PyFrame_Clear(_PyInterpreterFrame *frame);

/* Drops what the frame's slots hold, the value stack included, and its f_locals. The rest is still to be cleared.
 * Contract: the frame is the calling thread's, and does not run.
 *
 * Differs: PyTorch has it from 2.10 on, for CPython 3.14 and newer only. */
void THP_PyFrame_ClearLocals(_PyInterpreterFrame *frame);

/* The object in a word of a frame, borrowed; quiet NULL if the word is empty. `word` is the address of a slot, or of the
 * function or code field.
 *
 * Differs: PyTorch has it from 2.10 on, for CPython 3.14 and newer only. A word of the value stack that holds a number,
 * which is no object, gives NULL. */
PyObject *THP_PyStackRef_AsPyObjectBorrow(void *word);

/* Allocates from, and gives back to, the arena allocator (PyObject_GetArenaAllocator); sizes in bytes. NULL, with no
 * exception, if there is no memory. */
void *THP_PyObject_VirtualAlloc(size_t size);
void THP_PyObject_VirtualFree(void *memory, size_t size);

/* Takes `size` words (of sizeof(PyObject *)), one at least, from the thread's data stack, in a new chunk if need be. The memory
 * is not initialized. NULL with MemoryError.
 *
 * Differs:
 *   - A size of 0 takes one word. So no two pushes give out the same address.
 *   - No size overflows. The largest chunk that CPython can describe has 1 GiB: what needs a larger one is a MemoryError. So
 *     is an allocator that has no memory left. */
_PyInterpreterFrame *THP_PyThreadState_BumpFramePointerSlow(PyThreadState *tstate, size_t size);

/* Gives back to the thread's data stack what was taken last.
 * Contract: `frame` was pushed last of those that are not popped yet, and is not linked.
 *
 * Differs:
 *   - From 3.12 on, the frame of a generator is left alone: it does not lie on the data stack.
 *   - A chunk of 16 KiB that becomes empty is kept. The thread's next push that needs a chunk takes it. The library frees it
 *     when the thread ends. CPython 3.13.13, 3.14.4 and newer keep such a chunk themselves, and the library keeps it there. */
void THP_PyThreadState_PopFrame(PyThreadState *tstate, _PyInterpreterFrame *frame);

#endif /* 3.11 and newer */

/* How many inline cache code units follow each opcode: THP_PyOpcode_Caches_size bytes, which may only be read. They are there
 * from the moment that the library is loaded. Up to CPython 3.10 they are NULL and 0.
 *
 * Differs: the size is writable data, as in PyTorch from 2.10 on, not a constant. */
extern const uint8_t *THP_PyOpcode_Caches;
extern int THP_PyOpcode_Caches_size;

/* Sets both to the values that they have from the start. May be called any number of times. From PyTorch 2.10. */
void init_THPCaches(void);

#ifdef __cplusplus
}
#endif

#endif /* PYFRAME_SHIM_CPYTHON_DEFS_H */
