"""Run one of CPython's own test modules, and report what became of each test.

    python run_module.py WAY REPORT MODULE

plain       as it is
watch       under a hook that does nothing
take-over   every eligible frame is evaluated through a shadow frame, as PyTorch does it
copy        every fresh frame runs a copy of its code in its own place
bigger      every fresh frame runs code in its own place that has more locals, cells and stack
locals      every frame's locals are compared with what is known otherwise, and every SAMPLE-th time the running frame's

The report is a JSON file: for each test its outcome and the type of the exception, and what the extension has counted.
"""

import faulthandler
import json
import os
import pathlib
import signal
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


SAMPLE = 5


def install(way):
    """Set the hook, and return what takes it away and tells the counters."""
    if way == "plain":
        return lambda: {}
    if way == "locals":
        import oracle

        oracle.start(SAMPLE)
        return oracle.stop
    if way in ("copy", "bigger"):
        sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
        import api
        import other_code

        api.take_over_everything({"copy": other_code.copied, "bigger": other_code.bigger}[way])

        def stop():
            api.stop()
            return api.counts()

        return stop
    import shadow

    switch = shadow.watch if way == "watch" else shadow.run_all
    switch(True)

    def uninstall():
        switch(False)
        return shadow.counters()

    return uninstall


def main():
    way, report, module = sys.argv[1:]
    sys.argv[1:] = []
    faulthandler.enable()
    # A parent in the background of a shell leaves it ignored, and tests that interrupt themselves would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    result = Recorder()
    home = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        uninstall = install(way)
        try:
            unittest.defaultTestLoader.loadTestsFromName(module).run(result)
        except unittest.SkipTest:
            result.outcomes[module] = ["skipped"]
        finally:
            counters = uninstall()
            os.chdir(home)
    with open(report, "w") as file:
        json.dump({"outcomes": result.outcomes, "counters": counters}, file)
        file.flush()
    # Some modules leave threads or children behind that would keep the process from ending.
    os._exit(0)


if __name__ == "__main__":
    main()
