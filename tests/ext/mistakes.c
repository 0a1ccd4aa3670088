/* A small compiler's hook that gets the contract of PEP 523 wrong, in the way that it is asked to. */
#include "internals.h"

#include "cpython_defs.h"
#include "pyframe_shim.h"

#if PY_VERSION_HEX >= 0x030C0000
#define EVALUATOR_POPS true
#else
#define EVALUATOR_POPS false
#endif

enum mistake {
    NONE,           /* takes the frame over as it should */
    SWAPPED,        /* clears and pops the other one of the two frames */
    BOTH,           /* clears and pops the shadow frame, then the one that it was given */
    BOTH_REVERSED,  /* the other way round */
    CONSUMED,       /* evaluates the frame that it was given, and clears it */
    POPPED_TWICE,   /* pops a frame once more */
    POPPED_FIRST,   /* pops a frame before it clears it */
    POPPED_CALLER,  /* pops the frame of the caller, which still runs */
    NEVER_CLEARED,  /* clears nothing */
    MISTAKES,
};

static PyObject *watched;
static enum mistake mistake;

static void clear_and_pop(PyThreadState *tstate, _PyInterpreterFrame *frame)
{
    THP_PyFrame_Clear(frame);
    THP_PyThreadState_PopFrame(tstate, frame);
}

static void finish(PyThreadState *tstate, _PyInterpreterFrame *frame, _PyInterpreterFrame *shadow)
{
    _PyInterpreterFrame *mine = EVALUATOR_POPS ? frame : shadow;
    _PyInterpreterFrame *other = EVALUATOR_POPS ? shadow : frame;
    switch (mistake) {
    case SWAPPED:
        clear_and_pop(tstate, other);
        break;
    case BOTH:
        clear_and_pop(tstate, shadow);
        clear_and_pop(tstate, frame);
        break;
    case BOTH_REVERSED:
        clear_and_pop(tstate, frame);
        clear_and_pop(tstate, shadow);
        break;
    case POPPED_TWICE:
        clear_and_pop(tstate, mine);
        THP_PyThreadState_PopFrame(tstate, mine);
        break;
    case POPPED_FIRST:
        THP_PyThreadState_PopFrame(tstate, mine);
        THP_PyFrame_Clear(mine);
        break;
    case NEVER_CLEARED:
        THP_PyThreadState_PopFrame(tstate, mine);
        break;
    default:
        clear_and_pop(tstate, mine);
    }
}

static PyObject *take_over(PyThreadState *tstate, _PyInterpreterFrame *frame)
{
    PyCodeObject *code = CODE(frame);
    PyFunctionObject *function = _PyFunction_CopyWithNewCode((PyFunctionObject *)FUNCTION(frame), code);
    _PyInterpreterFrame *shadow = THP_PyThreadState_BumpFramePointerSlow(tstate, words_of(code));
    if (function == NULL || shadow == NULL) {
        Py_FatalError("no memory for a shadow frame");
    }
    init_frame(shadow, function);
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        move_slot(frame, i, shadow, i);
    }
    PyObject *result = _PyEval_EvalFrameDefault(tstate, shadow, 0);
    finish(tstate, frame, shadow);
    return result;
}

static PyObject *evaluate(PyThreadState *tstate, _PyInterpreterFrame *frame, int throwflag)
{
    if (throwflag || (PyObject *)CODE(frame) != watched) {
        return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    }
    if (mistake == CONSUMED) {
        PyObject *result = _PyEval_EvalFrameDefault(tstate, frame, 0);
        clear_and_pop(tstate, frame);
        return result;
    }
    if (mistake == POPPED_CALLER) {
#if PY_VERSION_HEX >= 0x030D0000
        THP_PyThreadState_PopFrame(tstate, tstate->current_frame);
#else
        THP_PyThreadState_PopFrame(tstate, CURRENT(tstate));
#endif
    }
    return take_over(tstate, frame);
}

PyDoc_STRVAR(make_doc, "make(mistake, code): make the mistake of this number with each frame of the code. 0 makes none.");
static PyObject *make(PyObject *module, PyObject *args)
{
    (void)module;
    int number;
    PyObject *code;
    if (!PyArg_ParseTuple(args, "iO!", &number, &PyCode_Type, &code)) {
        return NULL;
    }
    mistake = (enum mistake)number;
    Py_XSETREF(watched, Py_NewRef(code));
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), evaluate);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"make", make, METH_VARARGS, make_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "mistakes", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit_mistakes(void)
{
    if (PyFrameShim_CheckRuntime() < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) {
        return NULL;
    }
    const char *names[MISTAKES] = {"NONE", "SWAPPED", "BOTH", "BOTH_REVERSED", "CONSUMED", "POPPED_TWICE", "POPPED_FIRST",
        "POPPED_CALLER", "NEVER_CLEARED"};
    for (int number = 0; number < MISTAKES; number++) {
        if (PyModule_AddIntConstant(module, names[number], number) < 0) {
            Py_DECREF(module);
            return NULL;
        }
    }
    return module;
}
