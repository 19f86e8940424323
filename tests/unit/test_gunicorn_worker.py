# SPDX-License-Identifier: Apache-2.0
"""The worker's own decisions, on real sockets: what waits in the selector, what goes to a thread, what is closed."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http import get_parser  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from app.gunicorn_worker import HEAD_BYTES, LINGER_BYTES, PolledThreadWorker

SELECT_SECONDS = 0.2  # far longer than a byte takes over loopback
HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Pool:
    """A pool that keeps what it is given and runs nothing."""

    def __init__(self) -> None:
        self.given: list[TConn] = []

    def submit(self, _handle: object, conn: TConn) -> "Future[Any]":
        self.given.append(conn)
        return Future()


@dataclass
class Bench:
    """A worker without processes, one connection of it, and that connection's client."""

    worker: PolledThreadWorker
    pool: Pool
    client: socket.socket
    conn: TConn

    def select(self) -> None:
        """Let the worker look at its sockets once."""
        self.worker.wait_for_and_dispatch_events(SELECT_SECONDS)

    def answer(self, *, keep: bool = False) -> None:
        """End a request as a thread of the pool does."""
        done: Future[bool] = Future()
        done.set_result(keep)
        self.worker.finish_request(self.conn, done)

    @property
    def closed(self) -> bool:
        return bool(self.conn.sock.fileno() == -1 and self.worker.nr_conns == 0)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    pool = Pool()
    monkeypatch.setattr(PolledThreadWorker, "get_thread_pool", lambda _self: pool)
    monkeypatch.setattr(ThreadWorker.__mro__[1], "init_process", lambda _self: None)  # it would run the loop
    worker = PolledThreadWorker(1, 1, [], None, 30, Config(), SimpleNamespace(debug=lambda *_: None))
    worker.init_process()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=5)
        served, _ = listener.accept()
    conn = TConn(worker.cfg, served, ("127.0.0.1", 1), ("127.0.0.1", 2))
    worker.nr_conns = 1
    yield Bench(worker, pool, client, conn)
    worker.poller.close()
    worker.method_queue.close()
    worker.tmp.close()
    for each in (client, conn.sock):
        each.close()


def test_a_connection_goes_to_a_thread_when_its_head_is_whole(bench: Bench) -> None:
    bench.client.sendall(HEAD)

    bench.worker.enqueue_req(bench.conn)

    assert bench.pool.given == [bench.conn]
    assert bench.conn.data_ready


def test_a_head_in_two_parts_waits_in_the_selector(bench: Bench) -> None:
    bench.client.sendall(HEAD[:5])
    bench.worker.enqueue_req(bench.conn)
    bench.select()
    deadline = bench.conn.timeout
    waiting = list(bench.worker.pending_conns)
    bench.client.sendall(HEAD[5:9])
    bench.select()

    assert bench.pool.given == []
    assert waiting == [bench.conn]
    assert bench.conn.timeout == deadline  # another part gives no more time

    bench.client.sendall(HEAD[9:])
    bench.select()
    assert bench.pool.given == [bench.conn]
    assert bench.conn.sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1


@pytest.mark.parametrize("sent", [b"", b"GET /"])
def test_a_client_that_leaves_before_its_head_is_whole_is_no_longer_waited_for(bench: Bench, sent: bytes) -> None:
    bench.client.sendall(sent)
    bench.worker.enqueue_req(bench.conn)
    bench.client.close()
    bench.select()

    assert bench.pool.given == [bench.conn]  # where Gunicorn reads the end of the stream
    assert list(bench.worker.pending_conns) == []


def test_a_head_without_an_end_goes_to_a_thread_that_refuses_it(bench: Bench) -> None:
    bench.client.sendall(b"x" * HEAD_BYTES)

    bench.worker.enqueue_req(bench.conn)

    assert bench.pool.given == [bench.conn]


def test_a_broken_socket_goes_to_a_thread_that_closes_it(bench: Bench) -> None:
    bench.conn.sock.close()

    bench.worker.enqueue_req(bench.conn)

    assert bench.pool.given == [bench.conn]


@pytest.mark.parametrize(("ahead", "given"), [(HEAD, True), (HEAD[:-2], False)])
def test_what_was_read_ahead_belongs_to_the_next_head(bench: Bench, ahead: bytes, given: bool) -> None:
    bench.conn.parser = get_parser(bench.worker.cfg, bench.conn.sock, bench.conn.client)
    bench.conn.parser.unreader.unread(ahead)

    bench.worker.enqueue_req(bench.conn)
    before = list(bench.pool.given)
    bench.client.sendall(b"\r\n")
    bench.select()

    assert (before == [bench.conn]) is given
    assert bench.pool.given == [bench.conn]


def test_a_connection_without_a_request_is_closed_in_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    bench.worker.enqueue_req(bench.conn)
    for seconds, closed in [(4, False), (6, True)]:
        monkeypatch.setattr("time.monotonic", lambda seconds=seconds: now + seconds)
        bench.worker.murder_pending()

        assert bench.closed is closed


def test_a_worker_that_stops_waits_less_long_for_requests(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    bench.worker.enqueue_req(bench.conn)
    bench.worker.alive = False
    for seconds, closed in [(0, False), (1.9, False), (2.1, True)]:
        monkeypatch.setattr("time.monotonic", lambda seconds=seconds: now + seconds)
        bench.worker.murder_pending()

        assert bench.closed is closed


def test_an_answered_connection_lingers_until_the_client_closes_it(bench: Bench) -> None:
    bench.client.sendall(b"rest of a body")
    bench.answer()
    bench.select()

    assert bench.client.recv(1) == b""  # the answer ends here
    assert not bench.closed

    bench.client.close()
    bench.select()
    assert bench.closed


def test_a_lingering_connection_is_closed_after_two_seconds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    bench.answer()
    for seconds, closed in [(1.9, False), (2.1, True)]:
        monkeypatch.setattr("time.monotonic", lambda seconds=seconds: now + seconds)
        bench.worker.murder_pending()

        assert bench.closed is closed


def test_a_client_that_sends_on_and_on_is_cut_off(bench: Bench) -> None:
    bench.answer()
    sent = 0
    bench.client.settimeout(1)
    while not bench.closed and sent < 10 * LINGER_BYTES:
        sent += bench.client.send(b"x" * 8192)
        bench.select()

    assert LINGER_BYTES <= sent <= 2 * LINGER_BYTES
    assert bench.closed


def test_a_client_that_has_gone_is_closed_at_once(bench: Bench) -> None:
    bench.conn.sock.close()

    bench.answer()

    assert bench.closed


def test_a_socket_that_fails_while_it_lingers_is_closed(bench: Bench) -> None:
    bench.answer()

    for error, closed in [(BlockingIOError, False), (ConnectionResetError, True)]:
        [(_, callback)] = [
            (key, key.data) for key in bench.worker.poller.get_map().values() if key.fileobj is bench.conn.sock
        ]
        callback(SimpleNamespace(recv=raising(error)))

        assert bench.closed is closed


def raising(error: type[OSError]) -> Any:  # noqa: ANN401  # any call
    def receive(_size: int) -> bytes:
        raise error

    return receive


def test_a_kept_connection_is_gunicorns(bench: Bench) -> None:
    bench.conn.parser = get_parser(bench.worker.cfg, bench.conn.sock, bench.conn.client)

    bench.answer(keep=True)

    assert list(bench.worker.keepalived_conns) == [bench.conn]


def test_a_request_is_read_and_answered_with_limits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadWorker, "handle", lambda _self, conn: conn)

    assert bench.worker.handle(bench.conn) is bench.conn
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        assert bench.conn.sock.getsockopt(socket.SOL_SOCKET, option, 16)[:1] == b"\x05"


@pytest.mark.parametrize(("kept", "body", "expected"), [(False, True, False), (True, False, False), (True, True, True)])
def test_a_connection_is_kept_only_if_the_body_has_come(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kept: bool, body: bool, expected: bool
) -> None:
    monkeypatch.setattr(ThreadWorker, "handle_request", lambda _self, _req, _conn: kept)
    bench.conn.parser = SimpleNamespace(finish_body=lambda deadline: body and deadline > time.monotonic())

    assert bench.worker.handle_request(None, bench.conn) is expected
