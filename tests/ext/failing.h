/* Allocations that fail inside the shim's symbols, and nowhere else: included behind the headers, this makes each call of
 * one count its allocations and have the n-th of them fail. */
#ifndef PROBE_FAILING_H
#define PROBE_FAILING_H

#include <stdbool.h>

void failing_begin(void);
void failing_end(void);

/* Have the n-th allocation (from 0) of the next call fail. */
void failing_arm(long n);

/* Whether it came to that. */
bool failing_has_failed(void);

#define FAILING(call) \
    __extension__({ \
        failing_begin(); \
        __auto_type failing_result = (call); \
        failing_end(); \
        failing_result; \
    })
#define FAILING_VOID(call) (failing_begin(), (call), failing_end())

#define THP_PyFrame_FastToLocalsWithError(frame, copied) FAILING(THP_PyFrame_FastToLocalsWithError(frame, copied))
#define THP_PyFrame_GetLocals(frame, hidden, copied) FAILING(THP_PyFrame_GetLocals(frame, hidden, copied))
#define get_framelocals_mapping(frame) FAILING(get_framelocals_mapping(frame))
#define _PyFunction_CopyWithNewCode(function, code) FAILING(_PyFunction_CopyWithNewCode(function, code))
#define THP_PyFrame_New_NoTrack(code) FAILING(THP_PyFrame_New_NoTrack(code))
#define THP_PyFrame_MakeAndSetFrameObject(frame) FAILING(THP_PyFrame_MakeAndSetFrameObject(frame))
#define THP_PyThreadState_BumpFramePointerSlow(tstate, size) FAILING(THP_PyThreadState_BumpFramePointerSlow(tstate, size))
#define THP_PyFrame_Clear(frame) FAILING_VOID(THP_PyFrame_Clear(frame))

#endif
