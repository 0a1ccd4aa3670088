"""Tests again and again in one process: what each file of them, and each round, leaves behind.

    rounds.py report.json, with the work as JSON on standard input: warm_up, rounds, modules, left_out

References are counted where the interpreter counts them, memory blocks everywhere. What the interpreter and its library
cache is emptied before each count, as CPython's own `regrtest -R` does.
"""

import array
import contextlib
import ctypes
import gc
import io
import json
import linecache
import re
import sys
import unittest
import warnings

import suites


def empty_templates():
    """Each copy of the library keeps dicts of names until its capsule in the interpreter's dict goes."""
    api = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = api.PyInterpreterState_GetDict.restype = ctypes.c_void_p
    api.PyInterpreterState_GetDict.argtypes = [ctypes.c_void_p]
    known = ctypes.cast(api.PyInterpreterState_GetDict(api.PyInterpreterState_Get()), ctypes.py_object).value
    for key in [key for key, value in known.items() if '"pyframe_shim.templates"' in repr(value)]:
        del known[key]


def empty_caches():
    empty_templates()
    for module in list(sys.modules.values()):
        if hasattr(module, "__warningregistry__"):
            del module.__warningregistry__
    warnings.resetwarnings()
    re.purge()
    linecache.clearcache()
    sys.path_importer_cache.clear()
    for name in ("_clear_internal_caches", "_clear_type_cache"):
        getattr(sys, name, int)()
    for _ in range(3):
        gc.collect()


def count_into(counts, place):
    """The totals, put where they need no memory of their own."""
    empty_caches()
    counts[2 * place] = getattr(sys, "gettotalrefcount", int)()
    counts[2 * place + 1] = sys.getallocatedblocks()


def run(module, left_out):
    """One file once: how many tests ran, how many were skipped, and which did not pass."""
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        result = unittest.TextTestRunner(stream=quiet, verbosity=0).run(suites.load([module], left_out))
    return result.testsRun - len(result.skipped), len(result.skipped), [test.id() for test, _ in result.failures + result.errors]


def main():
    work = json.load(sys.stdin)
    modules, rounds = work["modules"], work["rounds"]
    suites.leave_out_processes()
    outcomes = {module: None for module in modules}
    # One count before each file of each round, and one at the end.
    counts = array.array("q", bytes(16 * (len(modules) * rounds + 1)))
    for number in range(-work["warm_up"], rounds + 1):
        for place, module in enumerate(modules):
            # The last count is taken here too, where as much is alive as at the others.
            count_into(counts, max(number, 0) * len(modules) + place)
            if number == rounds:
                break
            outcomes[module] = run(module, work["left_out"])
    with open(sys.argv[1], "w") as file:
        json.dump({"outcomes": outcomes, "counts": counts.tolist()}, file)


if __name__ == "__main__":
    main()
