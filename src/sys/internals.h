/* What bindgen reads: the headers that declare the private structures, on every supported minor. */
#define Py_BUILD_CORE 1
#include <pyconfig.h>
/* libclang may come without its headers, and cannot read the <stdatomic.h> of another compiler. An atomic is laid
 * out as what it holds; mimalloc is part of no structure that is mirrored. */
#undef HAVE_STD_ATOMIC
#undef WITH_MIMALLOC
#include <Python.h>

#include <internal/pycore_code.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_interpframe_structs.h>
#include <internal/pycore_tstate.h>
#endif
#include <opcode.h>
