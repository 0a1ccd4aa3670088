"""What a long command has found, for programs to read: target/reports/COMMAND.json, or the file that JSON names."""

import json
import os
import pathlib
import time

from builds import ROOT
from console import Failure, say


class Report:
    """Begun with the work, closed at its end. A command that stops on the way leaves no report, and none of an earlier run."""

    def __init__(self, command):
        self.command, self.began = command, time.monotonic()
        self.path = pathlib.Path(os.environ.get("JSON") or ROOT / "target" / "reports" / f"{command}.json").resolve()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.open("a").close()
            # Not what is no file of ours: /dev/stdout.
            if self.path.is_file():
                self.path.unlink()
        except OSError as problem:
            raise Failure(f"no report can be written to {self.path}: {problem.strerror}; JSON=... names a file") from None

    def close(self, failures, **found):
        """Write it; the exit code."""
        whole = {"command": self.command, "failures": failures, "seconds": round(time.monotonic() - self.began, 1), **found}
        self.path.write_text(json.dumps(whole, indent=1) + "\n")
        say(f"report: {os.path.relpath(self.path)}")
        return 1 if failures else 0
