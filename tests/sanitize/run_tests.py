"""Files of tests/python, with the memory of the data stack laid open to a sanitizer.

    run_tests.py [--no-processes test,test] module...    with it, without those tests either
"""

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
sys.exit(not unittest.TextTestRunner(verbosity=2).run(suites.load(modules, left_out)).wasSuccessful())
