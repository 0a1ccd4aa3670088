//! The table of the functions of `pyframe_shim.h`, which the Python package hands out in a capsule.

use super::{chunk_cache, code, hook, locals, look, place, run, runtime};
use crate::capi::counters;
use core::ffi::c_void;

/// The functions, in the order of `include/pyframe_shim_capsule.h`.
macro_rules! table {
    ($($module:ident::$function:ident)*) => {
        const FUNCTIONS: usize = [$(stringify!($function)),*].len();
        static TABLE: Table = Table {
            size: size_of::<Table>(),
            functions: [$(($module::$function as *const ()).cast()),*],
        };
    };
}

/// `PyFrameShim_Functions` of the header.
#[repr(C)]
pub struct Table {
    size: usize,
    functions: [*const c_void; FUNCTIONS],
}

// SAFETY: never written to; the pointers lead to functions.
unsafe impl Sync for Table {}

table! {
    runtime::PyFrameShim_CheckRuntime
    runtime::PyFrameShim_BuildInfo
    look::PyFrameShim_Code
    look::PyFrameShim_Function
    look::PyFrameShim_Globals
    look::PyFrameShim_Builtins
    look::PyFrameShim_Namespace
    look::PyFrameShim_Lasti
    look::PyFrameShim_Line
    look::PyFrameShim_Owner
    look::PyFrameShim_IsFresh
    look::PyFrameShim_IsComplete
    look::PyFrameShim_CurrentFrame
    look::PyFrameShim_Previous
    look::PyFrameShim_FromFrameObject
    look::PyFrameShim_FromGenerator
    look::PyFrameShim_GetFrameObject
    look::PyFrameShim_GetGenerator
    locals::PyFrameShim_CountSlots
    locals::PyFrameShim_GetSlot
    locals::PyFrameShim_FillValues
    locals::PyFrameShim_GetLocals
    locals::PyFrameShim_StackDepth
    locals::PyFrameShim_StackItem
    hook::PyFrameShim_InstallCodeHook
    hook::PyFrameShim_InstallHook
    hook::PyFrameShim_RemoveHook
    hook::PyFrameShim_EvalNext
    run::PyFrameShim_EvalDefault
    run::PyFrameShim_CanEvalCode
    run::PyFrameShim_Reason
    run::PyFrameShim_EvalCode
    run::PyFrameShim_Return
    code::PyFrameShim_CopyFunction
    code::PyFrameShim_NewCodeExtra
    code::PyFrameShim_GetCodeExtra
    code::PyFrameShim_GetFreshExtra
    code::PyFrameShim_SetCodeExtra
    code::PyFrameShim_OpcodeCaches
    code::PyFrameShim_BodyOffset
    place::PyFrameShim_DataStackPlace
    chunk_cache::PyFrameShim_EnableChunkCache
    chunk_cache::PyFrameShim_DisableChunkCache
    chunk_cache::PyFrameShim_GetChunkCacheStats
    counters::PyFrameShim_GetCounters
    hook::PyFrameShim_SetGeneratorReturnKind
}

/// The table: what a capsule named `pyframe_shim._C_API` has to hold.
pub fn c_functions() -> &'static Table {
    &TABLE
}
