"""One fault, for a sanitizer to report.

fault.py name
"""

import sys

import faults

faults.malloc_arenas()
getattr(faults, sys.argv[1])(lambda: None)
print("not stopped")
