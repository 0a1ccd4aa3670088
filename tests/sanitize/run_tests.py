"""Files of tests/python, with the memory of the data stack laid open to a sanitizer.

run_tests.py [--no-processes test,test] module...    with it, without those tests either
"""

import json
import os
import sys
import unittest

import faults
import suites


class Result(unittest.TextTestResult):
    """Counts the tests that passed: a test may skip more than once, in its parts."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


faults.malloc_arenas()
modules, left_out = sys.argv[1:], ()
if modules[0] == "--no-processes":
    suites.leave_out_processes()
    left_out = modules[1].split(",")
    del modules[:2]
result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suites.load(modules, left_out))
failed = [(test.id(), traceback) for test, traceback in result.failures + result.errors]
failed += [(test.id(), "passed unexpectedly") for test in result.unexpectedSuccesses]
with open(os.environ["PYFRAME_SHIM_OUTCOMES"], "w") as file:
    json.dump({"passed": result.passed, "failed": failed, "skipped": len(result.skipped)}, file)
sys.exit(not result.wasSuccessful())
