# SPDX-License-Identifier: Apache-2.0
"""A crowd of clients on keep-alive connections, with as little cost of its own as Python allows.

The clients share two cores with what they measure, so they write prepared bytes and look at little of the answer: about
a tenth of what `requests` would cost.
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

NextRequest = Callable[[], bytes]

HOST: Final = "127.0.0.1"
TIMEOUT_SECONDS: Final = 10.0  # as long as nginx would wait for the service
CREATED: Final = b"HTTP/1.1 201 "
HEAD_END: Final = b"\r\n\r\n"
READ_BYTES: Final = 65_536


@dataclass
class Tally:
    """What a crowd saw: each request's milliseconds, and how long it all took."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    troubles: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Give the requests per second."""
        return len(self.milliseconds) / self.seconds


def drive(port: int, next_request: NextRequest, clients: int, seconds: float) -> Tally:
    """Send requests from so many clients, each as fast as it is answered; raise RuntimeError unless all are 201."""
    tally = Tally()
    gate = threading.Barrier(clients + 1)
    end = [0.0]
    arguments = (port, next_request, gate, end, tally)
    threads = [threading.Thread(target=_client, args=arguments, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    begun = time.perf_counter()
    end[0] = begun + seconds
    gate.wait()
    for thread in threads:
        thread.join()
    tally.seconds = time.perf_counter() - begun
    if tally.troubles:
        raise RuntimeError(f"{len(tally.troubles)} of {clients} clients gave up: {tally.troubles[0]}")
    return tally


def request_bytes(path: str, secret: str, key: str, body: bytes) -> bytes:
    """Write a POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {secret}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _client(port: int, next_request: NextRequest, gate: threading.Barrier, end: list[float], tally: Tally) -> None:
    try:
        with socket.create_connection((HOST, port), TIMEOUT_SECONDS) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            gate.wait()
            while (begun := time.perf_counter()) < end[0]:
                line.sendall(next_request())
                _require_created(line)
                tally.milliseconds.append((time.perf_counter() - begun) * 1000)
    except Exception as error:  # noqa: BLE001  # raised by `drive`, in the main thread
        tally.troubles.append(f"{type(error).__name__}: {error}")
        gate.abort()


def _require_created(line: socket.socket) -> None:
    answer = _answer(line)
    if not answer.startswith(CREATED):
        raise RuntimeError(answer.decode(errors="replace"))


def _answer(line: socket.socket) -> bytes:
    data = line.recv(READ_BYTES)
    while data and (HEAD_END not in data or len(data) < _whole(data)):
        more = line.recv(READ_BYTES)
        if not more:
            break
        data += more
    return data


def _whole(data: bytes) -> int:
    head, _, _ = data.partition(HEAD_END)
    length = next(row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:"))
    return len(head) + len(HEAD_END) + int(length.partition(b":")[2])
