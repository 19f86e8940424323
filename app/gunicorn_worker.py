# SPDX-License-Identifier: Apache-2.0
"""Gunicorn's threaded worker, with its idle connections in the selector instead of in a thread.

Gunicorn 27.0.1 waits for an idle client in three places. `finish_request` closes gracefully in the main thread: up to
2 s for each client that keeps its side open, in which the worker accepts nothing. `handle` waits in a pool thread: 5 s
for the first byte, and without a limit for the rest of the request's head. 80 idle clients stopped a service with two
workers of four threads. The worker's selector can wait for all of them at once, as it does for kept-alive connections.

The graceful close came with https://github.com/benoitc/gunicorn/pull/3590. Upstream should register the half-closed
socket with the poller in `ThreadWorker.finish_request` instead of calling `util.close_graceful`, and should hand a
connection to the pool when its head has arrived. Use "gthread" again as soon as a release does both:
tests/telemetry/test_idle_clients.py has the control with the stock worker.

Slow bodies are left to a reverse proxy: a request's body is read in a pool thread, and each read may wait READ_SECONDS.
"""

import contextlib
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from concurrent.futures import Future

# Nginx's client_header_timeout in this project; a client on a working network sends its head within one round trip.
HEAD_SECONDS: Final = 5.0
# Nginx's large_client_header_buffers here (4 of 4 KiB). A longer head goes to a thread, where Gunicorn refuses it.
HEAD_BYTES: Final = 16 * 1024
END_OF_HEAD: Final = b"\r\n\r\n"
# The longest wait for the next part of a body, and for a client to accept its answer: Nginx's client_body_timeout here.
READ_SECONDS: Final = 5
# Gunicorn waits for the rest of an unread body for 5 s in a pool thread. A reverse proxy has sent the whole body by
# the time of the answer; the connection of a client that has not is closed, gracefully.
UNREAD_BODY_SECONDS: Final = 0.1
# Both as in gunicorn.util.close_graceful.
LINGER_SECONDS: Final = 2.0
LINGER_BYTES: Final = 64 * 1024
# Gunicorn's limit for kept-alive connections of a worker that stops; the same holds for connections without a request.
STOP_SECONDS: Final = 2.0


@dataclass
class Lingering:
    """A connection whose answer is sent and whose write side is closed."""

    conn: TConn
    deadline: float
    drained: int = 0  # bytes that came after the answer


class PolledThreadWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types
    """A ThreadWorker whose threads and main loop never wait for a connection that sends nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Gunicorn's own signature
        super().__init__(*args, **kwargs)
        self._lingering: deque[Lingering] = deque()  # by deadline
        self._stop_deadline: float | None = None

    def enqueue_req(self, conn: TConn) -> None:
        """Submit a connection to the pool if the head of its request has arrived, else wait for that in the selector.

        Called for new connections, kept-alive ones that became readable, and requests that were read ahead.
        """
        if self.cfg.is_ssl or conn.is_http2 or head_arrived(conn):
            self._submit(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Submit a waiting connection once its head is whole; until then its deadline stays."""
        if head_arrived(conn):
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._submit(conn)

    def handle(self, conn: TConn) -> Any:  # noqa: ANN401  # a bool, or Gunicorn's mark for a deferred connection
        """Handle a request with a time limit on each read and write of its socket."""
        limit_waits(conn.sock)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:  # noqa: ANN401  # Gunicorn's own signature
        """Handle a request; then close the connection if a body that the app did not read is still incomplete."""
        if not super().handle_request(req, conn):
            return False
        return bool(conn.parser.finish_body(deadline=time.monotonic() + UNREAD_BODY_SECONDS))

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """Close an answered connection gracefully without waiting for the client in the main thread."""
        answered = not fs.cancelled() and fs.exception() is None and not fs.result()
        if not answered or self.cfg.is_ssl:
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client has gone
            self._close(conn)
            return
        lingering = Lingering(conn, time.monotonic() + LINGER_SECONDS)
        self._lingering.append(lingering)
        self.poller.register(conn.sock, EVENT_READ, partial(self._drain, lingering))

    def murder_pending(self) -> None:
        """Close what has waited for too long; called at least once a second, also while the worker stops."""
        now = time.monotonic()
        if not self.alive:
            self._stop_deadline = self._stop_deadline or now + STOP_SECONDS
            for conn in self.pending_conns:
                conn.timeout = min(conn.timeout, self._stop_deadline)
        super().murder_pending()
        while self._lingering and self._lingering[0].deadline <= now:
            self._end(self._lingering[0])

    def _submit(self, conn: TConn) -> None:
        conn.data_ready = True  # handle() must not wait for it in a thread
        super().enqueue_req(conn)

    def _drain(self, lingering: Lingering, client: socket.socket) -> None:
        try:
            data = client.recv(LINGER_BYTES)
        except BlockingIOError:  # a spurious wake-up: nothing to read yet
            return
        except OSError:
            data = b""
        lingering.drained += len(data)
        if not data or lingering.drained >= LINGER_BYTES:
            self._end(lingering)

    def _end(self, lingering: Lingering) -> None:
        self._lingering.remove(lingering)
        self.poller.unregister(lingering.conn.sock)
        self._close(lingering.conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def head_arrived(conn: TConn) -> bool:
    """Return whether a thread need not wait: the head is complete or too long, or the client has closed its side."""
    ahead = conn.parser.unreader.buf.getvalue() if conn.parser else b""
    try:
        data = conn.sock.recv(HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        # SO_RCVLOWAT: a partial head makes the socket readable only when more bytes arrive, not all the time. Readable
        # with fewer bytes than that means that the client has closed its side.
        closed = len(data) < conn.sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
        whole = closed or END_OF_HEAD in ahead + data or len(ahead) + len(data) >= HEAD_BYTES
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1 if whole else len(data) + 1)
    except BlockingIOError:
        return END_OF_HEAD in ahead
    except OSError:
        return True
    return whole


def limit_waits(client: socket.socket) -> None:
    """Let the kernel end each read and write of a blocking socket after READ_SECONDS; it raises BlockingIOError."""
    seconds = struct.pack("ll", READ_SECONDS, 0)
    with contextlib.suppress(OSError):  # the client has gone
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
