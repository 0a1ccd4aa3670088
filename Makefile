# make demo       run real programs through the shim, and compare
# make test       every test, on every interpreter that is found; ARGS="-k name -x --lf" is for pytest
# make regrtest   CPython's own tests, plain, hooked, and taken over; MODULES="test_gc" chooses
# make greenlets  greenlet's own tests, with every frame taken over in place
# make hypothesis generated programs, their locals compared with the interpreter's own answer; EXAMPLES=2000, SEED=1 for the same again
# make patches    built on one patch release, running on another: PYTHONS names at least two of a minor
# make sanitize   nothing leaks, nothing is touched after it is freed; PART="asan valgrind refleaks" chooses, SHORT=1 does less
# make bench      every symbol beside a baseline in plain C; TORCH_LIB="3.12=/path/to/libtorch_python.so" adds PyTorch, QUICK=1 does less
# make test-torch TORCH=2.6.0 PYTHON=/path/to/python3: an installed PyTorch on the shim; downloads gigabytes; OVERHEAD=0 does less
# make install    PYTHON=/path/to/python3 PREFIX=/usr/local
# make wheel      the Python package for PYTHON, into DEST (dist)
# make release    everything that would be published, built and checked, into DEST (dist)
# make test-package  the Python package, installed from its wheel on every interpreter that is found
# make lint       formatted, nothing that ruff and clippy warn of, and no module points back up; make format formats
# make docs       a site of docs, in target/docs/site; the pictures of docs/frames.md, and what its commands print
# make torch-table   which symbols each PyTorch release calls: asks pip's index, rewrites docs/torch.md
#
# PYTHONS="3.12 /opt/python3.13/bin/python3" chooses interpreters; REQUIRE="3.11 3.12 3.13" makes a missing one an error.
# What takes long leaves a report for programs: target/reports/COMMAND.json, or where JSON=file says. test-torch has one for
# each release and minor.

# What runs the tools: Python 3.10 or newer.
TOOLS_PYTHON ?= python3
export ARGS PYTHONS REQUIRE PYTHON PREFIX DESTDIR MODULES JSON EXAMPLES SEED PART SHORT DEST TORCH_LIB QUICK TORCH OVERHEAD

COMMANDS = demo test bench greenlets hypothesis patches regrtest sanitize install wheel release test-package test-torch torch-table lint format docs

.PHONY: $(COMMANDS) test-python clean

$(COMMANDS):
	@$(TOOLS_PYTHON) tools/start.py $@

# The part of the tests that is driven from the interpreter: for builds that nothing here can be linked against.
test-python:
	@$(TOOLS_PYTHON) tools/start.py test --python-only

clean:
	rm -rf target .tools
