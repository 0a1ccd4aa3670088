"""Run one of CPython's own test modules, and report what became of each test.

    python run_module.py WAY REPORT MODULE      WAY is plain, watch (a hook that does nothing) or take-over

The report is a JSON file: for each test its outcome and the type of the exception, and the frames that were taken over.
"""

import faulthandler
import json
import os
import sys
import tempfile
import unittest


class Recorder(unittest.TestResult):
    """Every test's outcome, by its id."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def record(self, test, outcome, error=None):
        kind = f" {error[0].__name__}" if error else ""
        self.outcomes.setdefault(test.id(), []).append(outcome + kind)

    def addSuccess(self, test):
        self.record(test, "passed")

    def addFailure(self, test, error):
        self.record(test, "failed", error)

    def addError(self, test, error):
        self.record(test, "failed", error)

    def addSkip(self, test, reason):
        self.record(test, "skipped")

    def addExpectedFailure(self, test, error):
        self.record(test, "failed as expected", error)

    def addUnexpectedSuccess(self, test):
        self.record(test, "passed unexpectedly")

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.record(test, f"subtest failed: {subtest._subDescription()}", error)


def install(way):
    if way == "plain":
        return None
    import evalframe

    (evalframe.watch if way == "watch" else evalframe.run_all)(True)
    return evalframe


def main():
    way, report, module = sys.argv[1:]
    sys.argv[1:] = []
    faulthandler.enable()
    result = Recorder()
    evalframe = None
    home = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        evalframe = install(way)
        try:
            unittest.defaultTestLoader.loadTestsFromName(module).run(result)
        finally:
            if evalframe:
                evalframe.watch(False)
                evalframe.run_all(False)
            os.chdir(home)
    counters = evalframe.counters() if evalframe else {"seen": 0, "taken_over": 0}
    answer = {"outcomes": result.outcomes, "seen": counters["seen"], "taken_over": counters["taken_over"]}
    with open(report, "w") as file:
        json.dump(answer, file)
        file.flush()
    # Some modules leave threads or children behind that would keep the process from ending.
    os._exit(0)


if __name__ == "__main__":
    main()
