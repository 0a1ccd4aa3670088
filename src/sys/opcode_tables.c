/* The interpreter's opcode tables under names of our own.
 *
 * The header defines its tables with external linkage in whatever file asks for them, so every name that it could
 * define is renamed before it is included: a second definition of `_PyOpcode_*` would clash with libpython's own
 * when both are linked statically. */
#define Py_BUILD_CORE 1
#include <Python.h>

#define _PyOpcode_Caches pyframe_shim_opcode_caches
#define _PyOpcode_Deopt pyframe_shim_opcode_deopt
#define _PyOpcode_Jump pyframe_shim_opcode_jump
#define _PyOpcode_OpName pyframe_shim_opcode_names
#define _PyOpcode_PseudoTargets pyframe_shim_opcode_pseudo_targets
#define _PyOpcode_macro_expansion pyframe_shim_opcode_macro_expansion
#define _PyOpcode_num_popped pyframe_shim_opcode_num_popped
#define _PyOpcode_num_pushed pyframe_shim_opcode_num_pushed
#define _PyOpcode_opcode_metadata pyframe_shim_opcode_metadata

#if PY_VERSION_HEX >= 0x030D0000
#define NEED_OPCODE_METADATA
#include <internal/pycore_opcode_metadata.h>
#else
#define NEED_OPCODE_TABLES
#include <internal/pycore_opcode.h>
#endif

_Static_assert(sizeof(pyframe_shim_opcode_caches) == 256, "src/sys/mod.rs declares 256 entries");
_Static_assert(sizeof(pyframe_shim_opcode_deopt) == 256, "src/sys/mod.rs declares 256 entries");
