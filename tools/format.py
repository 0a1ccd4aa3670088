"""Lay out the sources: rustfmt, ruff and clang-format, as `make lint` wants them.

make format
"""

import sys

import formatters
from console import main, say


def format_all():
    formatters.apply(check=False)
    say("formatted")
    return 0


if __name__ == "__main__":
    sys.exit(main(format_all))
