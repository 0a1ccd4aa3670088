"""Taking images."""

import dis
import os
import threading
import types

from .. import _native
from ..markers import UNBOUND
from .brief import brief, type_name
from .image import Image, Item, Place, Slot, Stack, Value

# More references than any object has: CPython's mark of those that are not counted (3.12 and newer).
IMMORTAL = 1 << 29
# Frames of our own, which take the image, are not in it. As their code names the file: links are not followed there.
OWN = os.path.dirname((lambda: None).__code__.co_filename)
GENERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
# Handlers that are in no source: what turns a generator's StopIteration into a RuntimeError, and what passes on what is thrown into
# one that it delegates to (3.12 and newer).
OF_THE_COMPILER = ("CALL_INTRINSIC_1", "CLEANUP_THROW")
# What a generator, coroutine or async generator waits for.
AWAITED = ("gi_yieldfrom", "cr_await", "ag_await")


def stack(thread: int | threading.Thread | None = None) -> Stack:
    """The frames that a thread runs: the calling thread, or one that is named by `threading.Thread` or its identifier."""
    if isinstance(thread, threading.Thread):
        # An identifier is given to another thread when one has ended.
        if not thread.is_alive():
            raise LookupError(f"the thread {thread.name} does not run")
        thread = thread.ident
    records = _native.records_of_thread(thread)
    if records is None:
        raise LookupError(f"no thread of this interpreter has the identifier {thread}")
    while records and records[0].code.co_filename.startswith(OWN):
        del records[0]
    return Stack(f"thread {thread_name(thread)}", tuple(image(record) for record in records))


def thread_name(identifier):
    """Without asking `threading` for the current thread, which would note down one that it does not know."""
    wanted = threading.get_ident() if identifier is None else identifier
    return next((thread.name for thread in threading.enumerate() if thread.ident == wanted), str(wanted))


def of(thing: object) -> Stack:
    """The frames of a frame object, generator, coroutine, async generator, traceback, exception or thread.

    Of a generator: its frame, and those of the generators that it delegates to, the innermost first. Of a traceback: where
    the exception has passed.
    """
    if isinstance(thing, (int, threading.Thread)):
        return stack(thing)
    if isinstance(thing, BaseException):
        traced = of_traceback(thing.__traceback__) if thing.__traceback__ else ()
        return Stack(f"traceback of {type_name(thing)}", traced)
    if isinstance(thing, types.TracebackType):
        return Stack("traceback", of_traceback(thing))
    if isinstance(thing, types.FrameType):
        return Stack("frame object", (image_of(thing),))
    if isinstance(thing, GENERATORS):
        return Stack(f"{type_name(thing)} {thing.__qualname__}", tuple(of_generator(thing)))
    raise TypeError(
        f"frames of a frame object, generator, coroutine, async generator, traceback, exception or thread are shown, "
        f"not of {type_name(thing)}"
    )


def of_generator(generator):
    chain = []
    while type(generator) in GENERATORS:
        found = image_of(generator)
        if found is not None:
            chain.append(found)
        generator = next((getattr(generator, name) for name in AWAITED if hasattr(generator, name)), None)
    return reversed(chain)


def of_traceback(traceback):
    """Each frame may have gone on since: the traceback says where the exception has passed."""
    found = []
    while traceback is not None:
        found.append(image_of(traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno))
        traceback = traceback.tb_next
    return tuple(reversed(found))


def image_of(thing, lasti=None, line=None):
    """The frame of a frame object or a generator; None if that has ended. No record is left when this returns."""
    record = _native.record_of(thing)
    return record and image(record, lasti, line)


def image(record, lasti=None, line=None):
    lasti = record.lasti if lasti is None else lasti
    code = record.code
    return Image(
        name=code.co_qualname,
        file=code.co_filename,
        line=record.line if line is None else line,
        lasti=lasti,
        instruction=instruction(code, lasti),
        handler=handler(code, lasti),
        owner=record.owner,
        address=record.address,
        words=record.words,
        header=record.header,
        place=record.place and Place(*record.place),
        generator=None if record.generator is None else value(record.generator, record.references),
        has_object=record.has_object,
        slots=None if record.slots is None else tuple(slot(*found) for found in record.slots),
        stack=None if record.stack is None else tuple(Item(word, value(thing, count)) for word, count, thing in record.stack),
    )


def slot(name, kind, word, references, held, references_of_cell, cell):
    return Slot(name, kind, word, value(held, references), None if cell is None else value(cell, references_of_cell))


def value(thing, references):
    if thing is UNBOUND:
        return None
    return Value(type_name(thing), brief(thing), id(thing), references if references < IMMORTAL else None)


def instruction(code, lasti):
    """What stands at the offset, as the compiler has written it: not as the interpreter has specialized it."""
    units = code.co_code
    if not 0 <= lasti < len(units):
        return None
    # A frame that waits for one it has called may stand in the caches of the call.
    while dis.opname[units[lasti]] == "CACHE" and lasti > 0:
        lasti -= 2
    return dis.opname[units[lasti]]


def handler(code, lasti):
    """The line of the handler that the exception table names for an offset. No two of its entries cover the same one."""
    for start, end, target in entries(code.co_exceptiontable):
        if start <= lasti < end and instruction(code, target) not in OF_THE_COMPILER:
            return next((line for _, end, line in code.co_lines() if end > target and line is not None), None)
    return None


def entries(table):
    """The exception table: (start, end, target) in bytes. Objects/exception_handling_notes.txt of CPython describes it."""
    numbers, number = [], None
    for byte in table:
        # Six bits a byte, the highest first; one bit says that more follow.
        number = (0 if number is None else number << 6) | (byte & 63)
        if not byte & 64:
            numbers.append(number)
            number = None
    for start, length, target, _depth in zip(*[iter(numbers)] * 4):
        yield 2 * start, 2 * (start + length), 2 * target
