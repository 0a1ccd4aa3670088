"""Some of tests/python in a process of its own that a sanitizer looks into."""

import json
import pathlib
import subprocess
import tempfile
import time

from builds import ROOT

SANITIZE = ROOT / "tests" / "sanitize"
SECONDS = 1200


class SuiteRun:
    """How many tests ran, how they ended, and how many errors the sanitizer found."""

    errors = 0

    def run(self, build, command, environment):
        self.name, self.details, began = build.python.name, [], time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            outcomes = pathlib.Path(folder) / "outcomes.json"
            environment = {**environment, "PYFRAME_SHIM_OUTCOMES": str(outcomes)}
            try:
                done = subprocess.run(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    timeout=SECONDS,
                )
                text, code = done.stdout, done.returncode
            except subprocess.TimeoutExpired:
                text, code = "", f"none after {SECONDS} s"
            answer = json.loads(outcomes.read_text()) if outcomes.exists() else {"passed": 0, "failed": [], "skipped": 0}
        self.passed, self.failed, self.skipped = answer["passed"], len(answer["failed"]), answer["skipped"]
        for test, traceback in answer["failed"]:
            self.details += [f"FAILED: {test}", *(f"| {line}" for line in traceback.splitlines()[-20:])]
        if code != 0 and not self.failed:
            self.failed = 1
            self.details += [f"broke off, exit code {code}", *(f"| {line}" for line in text.splitlines()[-20:])]
        self.seconds = time.monotonic() - began

    @property
    def failures(self):
        return self.failed + self.errors

    def line(self):
        return (
            f"{self.name}: {self.passed} tests passed, {self.failed} failed, {self.skipped} skipped, {self.errors} errors found "
            f"({self.seconds:.0f} s)"
        )

    def as_json(self):
        counted = {name: getattr(self, name) for name in ("passed", "failed", "skipped", "errors")}
        return {"python": self.name, **counted, "seconds": round(self.seconds, 1), "details": self.details}

    @staticmethod
    def summary(done, what):
        names = sorted({run.name for run in done})
        return "; ".join(
            f"{name} {sum(run.passed for run in done if run.name == name)} tests passed, "
            f"{sum(run.failed for run in done if run.name == name)} failed, "
            f"{sum(run.errors for run in done if run.name == name)} {what}"
            for name in names
        )
