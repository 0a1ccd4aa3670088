"""Files of tests/python, with the memory of the data stack laid open to a sanitizer.

    run_tests.py [--no-processes] module...
"""

import sys
import unittest

import faults
import suites

faults.malloc_arenas()
modules = sys.argv[1:]
if modules[0] == "--no-processes":
    suites.leave_out_processes()
    modules.pop(0)
sys.exit(not unittest.TextTestRunner(verbosity=2).run(suites.load(modules)).wasSuccessful())
