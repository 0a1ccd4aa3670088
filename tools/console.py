"""What the tools print, and how they stop."""

import subprocess
import sys
import time


class Failure(Exception):
    """A failure that is the user's to mend: the message says how."""


def say(text):
    print(text, flush=True)


def run(command, what, **options):
    """Run a command; on failure stop with what was being done, and what the command printed."""
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    except OSError as error:
        raise Failure(f"{what}: cannot start {command[0]}: {error.strerror or error}") from None
    if result.returncode != 0:
        raise Failure(f"{what} failed (exit {result.returncode}):\n{result.stdout.rstrip()}")
    return result.stdout


class Step:
    """A progress line: says what is running now, and how long it took. A step inside of another has a line of its own."""

    inside = None

    def __init__(self, text):
        self.text, self.interrupted = text, False

    def __enter__(self):
        self.began, self.outer = time.monotonic(), Step.inside
        if self.outer and not self.outer.interrupted:
            self.outer.interrupted = True
            say("")
        Step.inside = self
        print(f"  {self.text} ...", end="", flush=True)
        return self

    def __exit__(self, kind, value, traceback):
        Step.inside = self.outer
        again = f"  {self.text} ..." if self.interrupted else ""
        say(f"{again} {'done' if kind is None else 'failed'} ({time.monotonic() - self.began:.1f} s)")


class Progress:
    """Counts the parts of long work as they end, and tells about how long the rest will take."""

    def __init__(self, total):
        self.total, self.ended, self.began = total, 0, time.monotonic()

    def tell(self, text):
        """A part has ended."""
        self.ended += 1
        left = (time.monotonic() - self.began) / self.ended * (self.total - self.ended)
        say(f"  [{self.ended}/{self.total}{f', about {duration(left)} left' if left else ''}] {text}")


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def main(work):
    """Run a tool: a Failure is printed as one message, and the exit code is 1."""
    try:
        sys.exit(work())
    except Failure as failure:
        print(f"\nerror: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
