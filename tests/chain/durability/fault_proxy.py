# SPDX-License-Identifier: Apache-2.0
"""A TCP relay on loopback that delays what is sent and resets connections, for requests and answers in HTTP/1.1."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from stack.ports import HOST

CHUNK_BYTES = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends RST
LEAST_SECONDS = 1e-6  # two timers of the same time may fire in either order


@dataclass
class Network:
    """How bad it is; everything can be changed while it works."""

    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    reset_every: int = 0  # which requests are reset: each that this divides; 0 is none, 1 is all
    requests: int = 0
    answered: int = 0
    resets: int = 0


class FaultProxy:
    """Relays a port to another one from entering its context to leaving it."""

    def __init__(self, target: int, port: int = 0) -> None:
        self.network = Network()
        self.port = port
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._random = random.Random(0)  # noqa: S311  # the same jitter in each run
        self._transports: set[asyncio.BaseTransport] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._relay, HOST, self.port, limit=CHUNK_BYTES)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Reset every request for a while."""
        usual, self.network.reset_every = self.network.reset_every, 1
        try:
            yield
        finally:
            self.network.reset_every = usual

    async def _end(self) -> None:
        self._server.close()
        while self._transports:
            for transport in list(self._transports):
                _reset(transport)
            await asyncio.sleep(0)  # the relays notice

    async def _relay(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection(HOST, self._target)
        except OSError:
            _reset(to_client.transport)
            return
        connection = _Connection(self.network, self._random, to_client, to_server)
        self._transports |= {to_client.transport, to_server.transport}
        await asyncio.gather(
            _pump(client, connection.sent_by_client, to_server),
            _pump(server, connection.sent_by_server, to_client),
        )
        self._transports -= {to_client.transport, to_server.transport}


class _Connection:
    """The two directions of one connection, and whether its next answer is cut off."""

    def __init__(
        self,
        network: Network,
        chance: random.Random,
        to_client: asyncio.StreamWriter,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._network, self._chance = network, chance
        self._to_client, self._to_server = to_client, to_server
        self._cut_answer = False
        self._due = 0.0

    def sent_by_client(self, data: bytes) -> None:
        """Pass on later, or reset: every second time only when the server has had the request and answers it."""
        if data.startswith(b"POST "):
            self._network.requests += 1
            every = self._network.reset_every
            if every and self._network.requests % every == 0:
                self._network.resets += 1
                self._cut_answer = self._network.resets % 2 == 0
                if not self._cut_answer:
                    self._break()
                    return
        loop = asyncio.get_running_loop()
        delay = self._network.delay_seconds + self._chance.uniform(-1, 1) * self._network.jitter_seconds
        self._due = max(self._due + LEAST_SECONDS, loop.time() + delay)
        loop.call_at(self._due, self._to_server.write, data)

    def sent_by_server(self, data: bytes) -> None:
        """Pass on at once, unless this answer is to be lost."""
        if self._cut_answer:
            self._break()
            return
        self._network.answered += data.startswith(b"HTTP/1.1 2")
        self._to_client.write(data)

    def _break(self) -> None:
        _reset(self._to_client.transport)
        _reset(self._to_server.transport)


async def _pump(source: asyncio.StreamReader, take: Callable[[bytes], None], sink: asyncio.StreamWriter) -> None:
    """Take what comes until the end, then end the other side."""
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK_BYTES):
            take(data)
    sink.close()


def _reset(transport: asyncio.BaseTransport) -> None:
    """Close a connection without a word."""
    raw = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    if isinstance(transport, asyncio.Transport):
        transport.abort()
