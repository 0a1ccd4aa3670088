"""Run one program in every way that there is, and say what is wrong.

    python compare.py program.py ...

plain           every route is compared where the program stops
entry           each code object's frames are compared before they are evaluated
taken over      every eligible frame is evaluated through a shadow frame (shadow.run_all)
replaced        a callback gives each frame its own code, with merged locals or a fresh mapping

All runs must log the same, leave no value alive, and the data stack as it was.
"""

import builtins
import contextlib
import gc
import json
import os
import pathlib
import signal
import sys
import tempfile
import types
import warnings

import probe
import shadow
from world import V, World, told

MANY = 20  # problems are enough
FROM_312 = "# from 3.12\n"


class Program:
    """A program and what becomes of it."""

    def __init__(self, source):
        self.code = compile(source, "<program>", "exec")
        self.sources = {}
        self.problems = []
        self.stops = self.entries = 0

    def codes(self):
        """Every code object of the program, also of what it executes."""
        todo, found = [self.code, *self.sources.values()], []
        while todo:
            code = todo.pop()
            found.append(code)
            todo += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        return found

    def run(self, way, compares, hook):
        """Run it once; return its log."""
        world = World(compares, self.sources)
        with hook(world):
            namespace = {"__name__": "program", "__builtins__": {**vars(builtins), **world.names()}}
            try:
                exec(self.code, namespace)
                world.log.append("ended")
            except Exception as error:
                world.log.append(f"raised {told(error)}")
            world.finish()
        self.problems += [f"{way}: {problem}" for problem in world.problems]
        if compares:
            self.stops += world.compared
        else:
            self.entries += world.compared
        return world.log

    def check(self, way, compares, hook, expected=None):
        """Run it, and look at what it leaves behind."""
        alive, stack = V.alive, probe.stack()[:3]
        log = self.run(way, compares, hook)
        gc.collect()
        if V.alive != alive:
            self.problems.append(f"{way}: {V.alive - alive} values are still alive")
            V.alive = alive
        if probe.stack()[:3] != stack:
            self.problems.append(f"{way}: the data stack is {probe.stack()}, and was {stack}")
        for plain, other in zip([*expected, "no more"], [*log, "no more"]) if expected else ():
            if plain != other:
                self.problems.append(f"{way}: {other}, and plain: {plain}")
                break
        return log

    def compare(self):
        plain = self.check("plain", True, no_hook)
        for code in self.codes():
            self.check("entry", False, lambda world: at_entry(code, world), plain)
        self.check("taken over", True, taken_over, plain)
        for merge in (True, False):
            self.check(f"replaced, merge_locals={merge}", True, lambda world: replaced(merge), plain)


@contextlib.contextmanager
def no_hook(world):
    yield


@contextlib.contextmanager
def at_entry(code, world):
    probe.hook(code, world.entered)
    try:
        yield
    finally:
        probe.unhook()


@contextlib.contextmanager
def taken_over(world):
    shadow.run_all(True)
    try:
        yield
    finally:
        shadow.run_all(False)


@contextlib.contextmanager
def replaced(merge):
    shadow.set_callback(lambda view: view.code, merge_locals=merge)
    try:
        yield
    finally:
        shadow.set_callback(None)


class Answer:
    """What is wrong with a program, and how much was compared."""

    def __init__(self, problems, stops=0, entries=0):
        self.problems, self.stops, self.entries = problems, stops, entries


def compare(source):
    program = Program(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # coroutines that are never awaited, and the like
        program.compare()
    return Answer(program.problems[:MANY], program.stops, program.entries)


def compare_apart(source):
    """The same in a child process, so that a crash is an answer too."""
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            gc.freeze()  # the parent's objects are none of our business
            os.dup2(errors.fileno(), 2)
            signal.alarm(60)
            try:
                report.write(json.dumps(vars(compare(source))).encode())
                report.flush()
            except BaseException as error:
                errors.write(repr(error).encode())
                errors.flush()
                os._exit(1)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        report.seek(0)
        errors.seek(0)
        if status == 0:
            return Answer(**json.loads(report.read()))
        how = signal.Signals(-status).name if status < 0 else f"exit code {status}"
        return Answer([f"the interpreter ended with {how}: {errors.read().decode(errors='replace').strip()[:500]}"])


def main():
    failed = False
    for name in sys.argv[1:]:
        answer = compare_apart(pathlib.Path(name).read_text())
        failed |= bool(answer.problems)
        print(f"{name}: {answer.stops} stops, {answer.entries} entries, {len(answer.problems)} problems")
        print("".join(f"  {problem}\n" for problem in answer.problems), end="")
    return failed


if __name__ == "__main__":
    sys.exit(main())
