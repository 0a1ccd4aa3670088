"""`python -m pyframe_shim frames`: run a program, and show its frames."""

import argparse
import dataclasses
import json
import os
import pathlib
import runpy
import sys
import traceback

from .needs import MissingPackage, need
from .take import of
from .watch import BELOW, Steps, Watch, place, program_frames

FILM = 1000  # pictures, unless --count says otherwise


def parser():
    made = argparse.ArgumentParser(
        "python -m pyframe_shim frames",
        description="Run a program, and show the frames that are on the stack at one place of it. Without a place: those that the "
        "exception has passed which ends the program. What is shown goes to standard error, or to a file.",
    )
    made.add_argument("--at", metavar="FILE:LINE | FUNCTION", help="where: each time that this line, or a call of this function, begins")
    made.add_argument("--count", type=int, metavar="N", help="how many times; once, unless said")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--text", action="store_true", help="as text, which is usual")
    how.add_argument("--json", metavar="FILE", help="a list, for programs")
    how.add_argument("--svg", metavar="FILE", help="a picture; with --count, a number comes before the suffix")
    how.add_argument("--film", metavar="DIR", help="a picture for each step of the function that --at names")
    made.add_argument("-m", dest="module", action="store_true", help="the program is a module")
    made.add_argument("program")
    made.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    return made


class Shown:
    """What has been shown, and where to."""

    def __init__(self, chosen, count):
        self.chosen, self.count, self.stacks = chosen, count, []
        # The program may go to another folder.
        for name in ("json", "svg", "film"):
            path = getattr(chosen, name)
            setattr(chosen, name, path and os.path.abspath(path))
        for path in (chosen.json, chosen.svg):
            if path:
                pathlib.Path(path).resolve().parent.mkdir(parents=True, exist_ok=True)
        if chosen.film:
            pathlib.Path(chosen.film).mkdir(parents=True, exist_ok=True)

    def show(self, stack):
        self.stacks.append(stack)
        number = len(self.stacks)
        if self.chosen.film:
            (pathlib.Path(self.chosen.film) / f"{number:03}.svg").write_text(stack.svg())
        elif self.chosen.svg:
            path = pathlib.Path(self.chosen.svg)
            (path if self.count == 1 else path.with_name(f"{path.stem}-{number:03}{path.suffix}")).write_text(stack.svg())
        elif not self.chosen.json:
            print(stack.text(), file=sys.stderr, flush=True)

    def close(self):
        """Whether anything was shown."""
        if self.chosen.json:
            text = json.dumps([dataclasses.asdict(stack) for stack in self.stacks], indent=2)
            pathlib.Path(self.chosen.json).write_text(text + "\n")
        return bool(self.stacks)


def start(chosen):
    """Run the program as Python would."""
    sys.argv = [chosen.program, *chosen.arguments]
    if chosen.module:
        sys.path[0] = os.getcwd()
        runpy.run_module(chosen.program, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(pathlib.Path(chosen.program).resolve().parent)
        runpy.run_path(chosen.program, run_name="__main__")


def programs_own(tb):
    """The part of a traceback that is the program's."""
    while tb is not None and tb.tb_frame.f_code.co_filename != BELOW:
        tb = tb.tb_next
    while tb is not None and tb.tb_frame.f_code.co_filename == BELOW:
        tb = tb.tb_next
    return tb


def run(words):
    """The exit code: the program's, or 1 if there was nothing to show."""
    made = parser()
    chosen = made.parse_args(words)
    if chosen.count is not None and chosen.count < 1:
        made.error("--count must be 1 or more")
    where = place(chosen.at) if chosen.at else None
    if chosen.film:
        if where is None or not hasattr(where, "name"):
            made.error("--film needs a function: --at FUNCTION")
        where = Steps(where.name)
    if not chosen.module and not pathlib.Path(chosen.program).exists():
        made.error(f"there is no program {chosen.program}")
    try:
        require(chosen)
    except MissingPackage as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    count = chosen.count or (FILM if chosen.film else 1)
    shown = Shown(chosen, count)
    code = watched(chosen, where, count, shown)
    done = shown.close()
    if not done:
        why = f"the program did not come to {chosen.at}" if chosen.at else "no exception has ended the program: --at says where to look"
        print(f"nothing to show: {why}", file=sys.stderr)
    return code or int(not done)


def require(chosen):
    """Before the program runs: what its frames are to be shown with must be there."""
    if chosen.svg or chosen.film:
        need("drawsvg", "a picture")
    elif not chosen.json:
        need("rich", "text")


def watched(chosen, where, count, shown):
    """Run the program, and show; its exit code."""
    try:
        if where is None:
            start(chosen)
        else:
            with Watch(where, count, shown.show):
                start(chosen)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except KeyboardInterrupt:
        traceback.print_exc()
        return 130
    except BaseException as error:
        error.__traceback__ = programs_own(error.__traceback__)
        traceback.print_exception(error)
        if where is None and error.__traceback__ is not None:
            shown.show(program_frames(of(error)))
        return 1
    return 0
