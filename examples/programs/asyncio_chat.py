"""Run a chat server and twenty of its clients over local TCP in one process.
Messages travel as length-prefixed JSON frames; the server passes each one on to
the sender's room, and the clients check what reaches them. Then a lurker runs
into a timeout and is cancelled when bad frames end in an exception group.
"""

import asyncio
import contextlib
import hashlib
import json
from collections import Counter, defaultdict

ROOMS, CLIENTS_PER_ROOM, MESSAGES = ["attic", "cellar", "kitchen", "library"], 5, 600
BAD_FRAMES = {"ann": "shout", "bob": "42", "cat": "whisper", "dan": "-"}


def pack(**message):
    body = json.dumps(message, sort_keys=True).encode()
    return len(body).to_bytes(4, "big") + body


async def frames(reader):
    """Yield the messages that arrive on a stream, until it ends."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            length = int.from_bytes(await reader.readexactly(4), "big")
            yield json.loads(await reader.readexactly(length))


class ChatServer:
    def __init__(self):
        self.rooms, self.handlers, self.received, self.sent = defaultdict(dict), [], Counter(), 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *details):
        self.server.close()
        await asyncio.gather(*self.handlers)
        await self.server.wait_closed()

    async def serve(self, reader, writer):
        self.handlers.append(asyncio.current_task())
        name, room, outbox = None, None, asyncio.Queue(maxsize=32)
        delivery = asyncio.create_task(self.deliver(outbox, writer))
        async for message in frames(reader):
            self.received[message["kind"]] += 1
            match message:
                case {"kind": "join", "name": name, "room": room}:
                    self.rooms[room][name] = outbox
                    await outbox.put(pack(kind="welcome"))
                case {"kind": "say", "text": text}:
                    for peer in list(self.rooms[room].values()):
                        await peer.put(pack(name=name, text=text))
                case {"kind": kind}:
                    await outbox.put(pack(reason=f"{name} may not {kind!r}"))
        self.rooms[room].pop(name, None)
        await outbox.put(None)
        await delivery

    async def deliver(self, outbox, writer):
        while frame := await outbox.get():
            writer.write(frame)
            self.sent += 1
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def connection(server, name, room):
    """Join a room; give a generator of incoming messages and a way to send some."""
    reader, writer = await asyncio.open_connection(*server.server.sockets[0].getsockname())
    with contextlib.closing(writer):
        async with contextlib.aclosing(frames(reader)) as incoming:
            writer.write(pack(kind="join", name=name, room=room))
            await anext(incoming)
            yield incoming, lambda **message: writer.write(pack(**message))


async def chat(server, barrier, name, room):
    """Say everything while listening to the room; return what each member said."""

    async def talk(send):
        for number in range(MESSAGES):
            send(kind="say", text=f"{name} says {number * number}")
            await asyncio.sleep(0)

    heard = defaultdict(list)
    async with connection(server, name, room) as (incoming, send), asyncio.TaskGroup() as group:
        await barrier.wait()
        group.create_task(talk(send))
        async for message in incoming:
            heard[message["name"]].append(message["text"])
            if sum(map(len, heard.values())) == CLIENTS_PER_ROOM * MESSAGES:
                break
    return heard


async def lurk(server, silence):
    async with connection(server, "lurker", "porch") as (incoming, _):
        try:
            await asyncio.wait_for(anext(incoming), timeout=0.02)
        except TimeoutError:
            silence.set()
        try:
            await asyncio.sleep(3600)
        finally:
            print("the lurker was sent home")


async def misbehave(server, name, kind):
    async with connection(server, name, "porch") as (incoming, send):
        send(kind=kind)
        reply = await asyncio.wait_for(anext(incoming), timeout=60)
        raise PermissionError(reply["reason"]) if kind.isalpha() else ValueError(reply["reason"])


async def misbehave_together(server):
    silence = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(lurk(server, silence))
            await silence.wait()
            clients = (misbehave(server, name, kind) for name, kind in BAD_FRAMES.items())
            raise ExceptionGroup("refusals", await asyncio.gather(*clients, return_exceptions=True))
    except* PermissionError as refusals:
        print(*map(repr, refusals.exceptions[0].exceptions), sep="\n")
    except* ValueError as refusals:
        print(*map(repr, refusals.exceptions[0].exceptions), sep="\n")


async def run():
    names = [(f"{room}-{number}", room) for room in ROOMS for number in range(CLIENTS_PER_ROOM)]
    barrier = asyncio.Barrier(len(names))
    async with ChatServer() as server:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(chat(server, barrier, name, room)) for name, room in names]
        for (name, _), task in zip(names, tasks):
            texts = [f"{peer}: {text}" for peer, said in sorted(task.result().items()) for text in said]
            digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
            print(f"{name:<10} heard {len(texts)} messages, digest {digest}, last {texts[-1]!r}")
        await misbehave_together(server)
    print(f"received {sorted(server.received.items())}, sent {server.sent}, handlers {len(server.handlers)}")


def main():
    asyncio.run(run())


if __name__ == "__main__":
    main()
