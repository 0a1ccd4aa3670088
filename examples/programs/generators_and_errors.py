"""Tour the corners of generators, coroutines, exceptions and frames. Each scene
uses one feature by hand, such as values sent into a generator or an error that
passes through a finally block, and yields lines that say what happened. Scenes
are played many times over and should say the same each time.
"""

import contextlib
import re
import sys
import traceback
import types
from collections import ChainMap

ROUNDS = 3500


def generators():
    log = []

    def running_mean(total=0, count=0):
        while True:
            try:
                total += yield total / count if count else None
                count += 1
            except ValueError as error:
                total = count = 0
                yield f"reset by {error}"

    def countdown(start):
        try:
            while start > 0:
                start -= (yield start) or 1
            return "lift-off"
        finally:
            log.append(f"left at {start}")

    def launches():
        for start in (3, 2):
            log.append((yield from countdown(start)))

    mean, closed, thrown = running_mean(), launches(), launches()
    yield f"means {[mean.send(value) for value in (None, 3, 8, 10)]}"
    yield f"then {mean.throw(ValueError('bad data'))}, {next(mean)}, {mean.send(5)}, {mean.close()}"
    yield f"launches {list(launches())} {log}"
    yield f"first steps {next(closed)} {next(thrown)} {closed.send(2)} {closed.close()} {log[4:]}"
    with contextlib.suppress(KeyError):
        yield f"not reached {thrown.throw(KeyError('abort'))}"
    yield f"after an error {log[4:]}, frame {thrown.gi_frame}"


@types.coroutine
def pause(label):
    return (yield label)


async def ticks(limit):
    for number in range(limit):
        yield await pause(f"tick {number}")


async def worker(name, limit):
    try:
        return name, [await pause(f"{name} {answer}") async for answer in ticks(limit) if answer != 2]
    except TimeoutError as error:
        return name, await pause(f"{name} is {error}")


def coroutines():
    waiting = [(worker(name, limit), None) for name, limit in (("ann", 3), ("bob", 2), ("cat", 9))]
    for turn in range(19):
        coroutine, answer = waiting.pop(0)
        try:
            label = coroutine.throw(TimeoutError("late")) if turn == 16 else coroutine.send(answer)
            waiting.append((coroutine, turn))
        except StopIteration as stop:
            label = f"done {stop.value}"
        yield f"turn {turn}: {label}"


def look_up(table, key):
    try:
        return table[key]
    except KeyError as error:
        raise LookupError(f"no {key}") from error
    finally:
        table["tried"] = key


def format_without_folders(error):
    return re.sub(r'File ".*[/\\]', 'File "', "".join(traceback.format_exception(error))).splitlines()


def errors():
    table = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(LookupError))
        stack.push(lambda kind, error, trace: table.update(context=repr(error.__context__)))
        stack.callback(table.update, left=True)
        look_up(table, "violet")
    try:
        look_up(table, "indigo")
    except LookupError as error:
        error.add_note(f"the table was {table}")
        yield from format_without_folders(error)
        yield f"it was looking up {error.__traceback__.tb_next.tb_frame.f_locals['key']}"
    try:
        try:
            raise ExceptionGroup("batch", [ValueError(1), OSError(2), ExceptionGroup("more", [ValueError(3)])])
        except* ValueError as found:
            raise RuntimeError("cannot sort") from found
    except ExceptionGroup as rest:
        yield from format_without_folders(rest)


def comprehensions():
    scale, number = 10, "untouched"
    late = [lambda: number * scale for number in range(3)]
    grid = [[(lambda: (row, column, scale))() for column in range(2)] for row in range(2)]

    class Palette:
        names = ["red", "blue"]
        places = {name: place * scale for place, name in enumerate(names)}

    scale = 100
    yield f"late {[function() for function in late]}, grid {grid}, number {number}"
    yield f"palette {Palette.places}, locals {[sorted(locals()) for _ in range(1)]}"


def frames():
    def keep(secret):
        multiples = [secret * factor for factor in (1, 3)]
        return sys._getframe()

    def callers(frame):
        here = f"{frame.f_code.co_name}+{frame.f_lineno - frame.f_code.co_firstlineno}"
        return [here] if frame.f_code is frames.__code__ else [here, *callers(frame.f_back)]

    kept, names = keep(7), ChainMap({}, {"width": 5, "height": 6}, {"depth": 2, "width": 99})
    yield f"kept {sorted(kept.f_locals.items())}, called by {kept.f_back.f_code.co_name}"
    yield f"callers {[callers(sys._getframe()) for _ in range(1)]}, {(lambda: callers(sys._getframe()))()}"
    exec("area = width * height\nfor side in 'ab': area += depth", {}, names)
    yield f"names {sorted(names.items())}, of which new {sorted(names.maps[0])}"


def main():
    for scene in (generators, coroutines, errors, comprehensions, frames):
        plays = [list(scene()) for _ in range(ROUNDS)]
        print(f"{scene.__name__}: {plays.count(plays[0])} of {ROUNDS} plays agree", *plays[0], sep="\n  ")


if __name__ == "__main__":
    main()
