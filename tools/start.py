"""Start one of the tools: what the Makefile calls. Python 2 and every Python 3 must be able to read this file.

python3 tools/start.py install
"""

import os
import runpy
import sys

if sys.version_info < (3, 10):
    sys.exit(
        "error: the tools need Python 3.10 or newer, and %s is %d.%d: name another one, TOOLS_PYTHON=/path/to/python3 make ..."
        % ((sys.executable,) + tuple(sys.version_info[:2]))
    )

sys.argv[:2] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), sys.argv[1].replace("-", "_") + ".py")]
runpy.run_path(sys.argv[0], run_name="__main__")
