"""What the generated programs call: values that are told apart, odd namespaces, and places to stop at.

    stop(frame, locals())   compares the frame, and logs its names; returns None
    call(f, ...)            calls; an exception is logged, and the frames that it left are compared
    run(source, globals, namespace)
    drive(g, steps, end)    advances a generator or coroutine, and stops at each suspension

Nothing here ever loops for long: after CALLS calls and STOPS stops they do nothing any more.
"""

import inspect
import sys
import types

import routes

CALLS = STOPS = 40
DEPTH = 5
SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class V:
    """A value: every one is another object."""

    alive = 0

    def __init__(self, number):
        self.number = number
        V.alive += 1

    def __del__(self):
        V.alive -= 1

    def __repr__(self):
        return f"V({self.number})"

    def __bool__(self):
        return self.number % 2 == 1


class Error(Exception):
    pass


class Meta(type):
    """Class bodies in an odd namespace."""

    kind = routes.Odd

    @classmethod
    def __prepare__(cls, name, bases):
        return cls.kind()

    def __new__(cls, name, bases, namespace):
        return super().__new__(cls, name, bases, routes.contents(namespace))


class SubMeta(Meta):
    kind = routes.Sub


class Manager:
    """A context manager, of both sorts."""

    def __init__(self, value, swallow=False):
        self.value, self.swallow = value, swallow

    def __enter__(self):
        return self.value

    def __exit__(self, *error):
        return self.swallow

    async def __aenter__(self):
        await pause()
        return self.value

    async def __aexit__(self, *error):
        await pause()
        return self.swallow


@types.coroutine
def pause(value=None):
    yield value
    return value


async def ticks(values):
    for value in values:
        await pause()
        yield value


def each(value):
    """Two values to iterate over, made of anything."""
    return tuple(value)[:2] if isinstance(value, (tuple, list)) and len(value) > 1 else (value, value)


def shape(value, depth=3):
    """A value without what differs between runs."""
    if isinstance(value, (V, int, str, type(None))):
        return repr(value)
    if isinstance(value, (tuple, list, set, frozenset)) and depth:
        parts = [shape(part, depth - 1) for part in value]
        return type(value).__name__ + str(sorted(parts) if isinstance(value, (set, frozenset)) else parts)
    if isinstance(value, (dict, routes.Odd)) and depth:
        parts = routes.contents(value).items()
        return "{" + ", ".join(sorted(f"{name}: {shape(part, depth - 1)}" for name, part in parts if not hidden(name))) + "}"
    if isinstance(value, types.CellType):
        return "cell"
    return f"<{type(value).__name__} {getattr(value, '__qualname__', '')}>"


def told(error):
    return f"{type(error).__name__} {shape(error.args)}"


def hidden(name):
    return isinstance(name, str) and name.startswith("__")


class World:
    """One run of a program: what it can call, what has been logged, and what is wrong."""

    def __init__(self, compares, sources):
        self.compares = compares
        self.sources = sources  # the code of what it executes, kept from run to run
        self.log, self.problems, self.kept = [], [], []
        self.stops = self.calls = self.depth = self.compared = 0
        self.pending = None  # (function, arguments) of the call that is being made

    def names(self):
        mine = {name: getattr(self, name) for name in ("stop", "call", "run", "drive", "keep")}
        mine |= {"locals": safe_locals} if routes.HAS_PROXY else {}
        types_ = {"V": V, "Cell": types.CellType, "Error": Error, "Meta": Meta, "SubMeta": SubMeta, "Manager": Manager}
        odd = {"Odd": routes.Odd, "Sub": routes.Sub}
        return {"sys": sys, "pause": pause, "ticks": ticks, "each": each, **types_, **odd, **mine}

    def compare(self, where, found):
        """Collect what a comparison yields; an exception of its own is a problem too."""
        self.compared += 1
        try:
            self.problems += [f"{where}: {problem}" for problem in found]
        except Exception as error:
            self.problems.append(f"{where}: {error!r}")

    def stop(self, frame, said=None):
        if self.stops >= STOPS or frame is None:
            return
        self.stops += 1
        where = f"stop {self.stops} in {frame.f_code.co_name}"
        if self.compares:
            self.compare(where, routes.running(frame, said))
        self.log.append(f"{where}: {shape(routes.answer(frame))}")

    def keep(self, frame):
        """Compare the frame at the end, when it has returned."""
        # A closed generator may leave 3.13.0's frame object pointing at freed memory.
        if not frame.f_code.co_flags & SUSPENDABLE:
            self.kept.append(frame)

    def call(self, function, /, *args, **kwargs):
        if self.calls >= CALLS or self.depth >= DEPTH or not callable(function):
            return function
        self.calls += 1
        self.depth += 1
        self.pending = (function, args, kwargs)
        try:
            result = function(*args, **kwargs)
            self.log.append(f"returned {shape(result)}")
            return result
        except Exception as error:
            self.log.append(f"raised {told(error)}")
            trace = error.__traceback__.tb_next
            while trace is not None:
                if not trace.tb_frame.f_code.co_filename.endswith(".py"):
                    self.stop(trace.tb_frame)
                trace = trace.tb_next
        finally:
            self.depth -= 1

    def run(self, source, *namespaces):
        if source not in self.sources:
            try:
                self.sources[source] = compile(source, "<executed>", "exec")
            except SyntaxError as error:
                self.problems.append(f"not a program: {error}")
                return
        if self.calls < CALLS:
            self.calls += 1
            # Without a namespace it is the caller's own.
            caller = sys._getframe(1)
            exec(self.sources[source], *(namespaces or (caller.f_globals, namespace_of(caller))))

    def drive(self, thing, steps=2, end="close"):
        if not isinstance(thing, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)):
            return
        if self.calls >= CALLS:
            close(thing)
            return
        prefix = {"generator": "gi", "coroutine": "cr"}.get(type(thing).__name__, "ag")
        try:
            for _ in range(steps):
                self.stop(getattr(thing, f"{prefix}_frame"))
                self.log.append(f"yielded {shape(advance(thing))}")
            self.stop(getattr(thing, f"{prefix}_frame"))
            if end == "throw" and prefix != "ag":
                self.log.append(f"yielded {shape(thing.throw(Error('thrown')))}")
            if end != "leave":
                close(thing)
        except (Exception, GeneratorExit) as error:
            self.log.append(f"ended: {told(error)}")

    def finish(self):
        """The frames that the program kept have returned by now."""
        for frame in self.kept:
            self.stop(frame)
            try:
                frame.clear()
            except RuntimeError:
                continue
            self.stop(frame)

    def entered(self, address):
        """A frame is about to be evaluated."""
        info = routes.probe.info(address)
        if info["owner"] != 0:
            return
        arguments = None
        if self.pending and self.pending[0] is info["function"]:
            function, args, kwargs = self.pending
            try:
                bound = inspect.signature(function).bind(*args, **kwargs)
                bound.apply_defaults()
                arguments = bound.arguments
            except ValueError:
                pass  # a parameter that bears no name, like a comprehension's
        self.pending = None
        self.compare(f"entry of {info['code'].co_name}", routes.entry(address, arguments))


def safe_locals():
    """locals(), or None where the interpreter may crash."""
    frame = sys._getframe(1)
    return None if routes.proxy_misreads(frame) else routes.answer(frame)


def namespace_of(frame):
    """What exec takes for the locals of its caller."""
    is_function = frame.f_code.co_flags & inspect.CO_OPTIMIZED
    return routes.answer(frame) if is_function else routes.f_locals(routes.probe.frame_of(frame))


def advance(thing):
    if not isinstance(thing, types.AsyncGeneratorType):
        return thing.send(None)
    try:
        step = thing.asend(None)
        while True:
            step.send(None)
    except StopIteration as end:
        return end.value


def close(thing):
    if isinstance(thing, types.AsyncGeneratorType):
        try:
            step = thing.aclose()
            for _ in range(3):
                step.send(None)
        except (StopIteration, StopAsyncIteration):
            pass
    else:
        thing.close()
