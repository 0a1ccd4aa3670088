"""Files of tests/python, with the memory of the data stack laid open to a sanitizer.

run_tests.py [--no-processes test,test] module...    with it, without those tests either
"""

import json
import os
import sys
import unittest

import faults
import suites

faults.malloc_arenas()
modules, left_out = sys.argv[1:], ()
if modules[0] == "--no-processes":
    suites.leave_out_processes()
    left_out = modules[1].split(",")
    del modules[:2]
result = unittest.TextTestRunner(verbosity=2).run(suites.load(modules, left_out))
failed, skipped = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses), len(result.skipped)
with open(os.environ["PYFRAME_SHIM_OUTCOMES"], "w") as file:
    json.dump([result.testsRun - failed - skipped, failed, skipped], file)
sys.exit(not result.wasSuccessful())
