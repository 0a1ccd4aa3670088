"""What it costs to take a frame over, and to read its locals, as JSON on standard output.

    measure.py time ROUNDS CALLS     nanoseconds a call, by function and way: the median of so many rounds
    measure.py count CALLS           the order of the calls, of which callgrind counts the instructions
    measure.py read ROUNDS TIMES     nanoseconds for reading the locals, by function: as values by slot, and as a dict
    measure.py count-read TIMES      the order of the readings, of which callgrind counts the instructions

In each round every way has its turn, in an order of its own, so that what else the machine does meets all of them.
"""

import functools
import json
import random
import statistics
import sys

import hooks

# The way of the hook, and whether the code that is found is bigger than the frame's own.
WAYS = {
    "none": ("none", False),
    "hook": ("hook", False),
    "hook, chained": ("chained", False),
    "shadow": ("shadow", False),
    "shadow, function shared": ("shared", False),
    "in place": ("in place", False),
    "in place, bigger": ("in place", True),
    "code hook": ("code hook", False),
}


def empty():
    pass


def four_arguments(a, b, c, d):
    return a


def twenty_locals(a, b, c, d):
    e = f = g = h = i = j = k = l = m = n = o = p = q = r = s = t = a  # noqa: E741
    return t


def make_closure():
    a = b = 1.5

    def closure(x):
        return a, b

    return closure


class Class:
    def method(self, a):
        return a


def generator(a):
    yield a


FUNCTIONS = {
    "empty": (empty, ()),
    "4 arguments": (four_arguments, (1, 2, 3, 4)),
    "closure": (make_closure(), (1,)),
    "20 locals": (twenty_locals, (1, 2, 3, 4)),
    "method": (Class.method, (Class(), 1)),
    "generator function": (generator, (1,)),
}


@functools.cache
def other(code, bigger):
    """Code that does the same, as another object: with room for 16 more values on its stack, if it is to be bigger."""
    return code.replace(co_stacksize=code.co_stacksize + (16 if bigger else 0), co_name=code.co_name)


def prepare(function, way):
    way, bigger = WAYS[way]
    hooks.replace(function.__code__, other(function.__code__, bigger))
    hooks.use(way)


def calls(function, arguments, way, times):
    prepare(function, way)
    try:
        return hooks.calls(function, arguments, times)
    finally:
        hooks.use("none")


def time(rounds, times):
    found = {}
    for name, (function, arguments) in FUNCTIONS.items():
        taken = {way: [] for way in WAYS}
        for way in WAYS:
            calls(function, arguments, way, 1000)
        for _ in range(rounds):
            for way in random.sample(list(WAYS), len(WAYS)):
                taken[way].append(calls(function, arguments, way, times))
        over = {way: statistics.median(a - b for a, b in zip(taken[way], taken["hook"])) for way in WAYS}
        found[name] = {way: {"ns": statistics.median(taken[way]), "over hook": over[way]} for way in WAYS}
    return found


def count(times):
    order = []
    for name, (function, arguments) in FUNCTIONS.items():
        for way in WAYS:
            calls(function, arguments, way, 200)
            calls(function, arguments, way, times)
            order.append((name, way))
    return order


def bound_slots(count):
    """A function of so many arguments."""
    namespace = {}
    exec(f"def function({', '.join(f'a{number}' for number in range(count))}): pass", namespace)
    return namespace["function"], tuple(range(count))


READ = {f"{count} arguments": bound_slots(count) for count in (4, 20, 100)} | {"closure of 2": (FUNCTIONS["closure"])}
ROUTES = {"values": False, "dict": True}


def read(rounds, times):
    found = {}
    for name, (function, arguments) in READ.items():
        taken = {route: [] for route in ROUTES}
        for _ in range(rounds + 1):
            for route in random.sample(list(ROUTES), len(ROUTES)):
                taken[route].append(hooks.read(function, arguments, ROUTES[route], times))
        ratio = statistics.median(values / dict_ for values, dict_ in zip(taken["values"][1:], taken["dict"][1:]))
        found[name] = {**{route: statistics.median(taken[route][1:]) for route in ROUTES}, "ratio": ratio}
    return found


def count_read(times):
    order = []
    for name, (function, arguments) in READ.items():
        for route, mapping in ROUTES.items():
            hooks.read(function, arguments, mapping, 100)
            hooks.read(function, arguments, mapping, times)
            order.append((name, route, function.__code__.co_nlocals + len(function.__code__.co_freevars)))
    return order


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    json.dump({"time": time, "count": count, "read": read, "count-read": count_read}[what](*map(int, numbers)), sys.stdout)
