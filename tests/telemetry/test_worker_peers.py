# SPDX-License-Identifier: Apache-2.0
"""Sibling workers that hang, answer slowly, close the connection, or all request at once."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.telemetry import workers
from app.telemetry.worker_files import socket_path, totals_path
from tests.telemetry.counted import Counted, requests_of, running

STUCK = range(6)
DRIP_SECONDS = 30.0  # of a peer that is never given up, until it goes by itself


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "t"
    path.mkdir()
    return path


def test_workers_that_hang_cost_a_second_and_are_replaced_by_their_totals(directory: Path) -> None:
    with running(directory, *STUCK, len(STUCK)) as [*stuck, peer], ExitStack() as locks:
        for worker in stuck:
            worker.requests = 10
            worker.workers._snapshot()  # noqa: SLF001
            locks.enter_context(worker.workers._lock)  # noqa: SLF001
        began = time.monotonic()
        page = peer.page()
        took = time.monotonic() - began

    assert [page[requests_of(slot)] for slot in STUCK] == [10] * len(STUCK)
    assert page['loan_service_worker_up{worker="0"}'] == 0
    assert took < 4  # all are requested at the same time; one after the other they would take 6 s


def test_a_peer_that_drips_is_given_up_after_a_second_in_all(directory: Path) -> None:
    stop = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(directory, 0)))
        listener.listen()
        thread = threading.Thread(target=drip, args=(listener, stop))
        thread.start()
        began = time.monotonic()
        answer = workers.request_metrics(socket_path(directory, 0))
        took = time.monotonic() - began
        stop.set()
        thread.join()

    assert answer is None
    assert took < 10  # with a second for each part it would take as long as the drip


def drip(listener: socket.socket, stop: threading.Event) -> None:
    connection, _ = listener.accept()
    end = time.monotonic() + DRIP_SECONDS
    # The client closes the connection at its time limit; a byte sent then finds no reader.
    with connection, suppress(BrokenPipeError, ConnectionResetError):
        while time.monotonic() < end and not stop.wait(0.13):
            connection.send(b" ")


@pytest.mark.usefixtures("patient")
def test_a_client_that_hangs_up_disturbs_no_other(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(directory, 0, 1) as [worker, peer]:
        for _ in range(5):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(socket_path(directory, 0)))
        worker.requests = 1

        assert peer.page()[requests_of(0)] == 1
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("patient")
def test_concurrent_scrapes_never_go_backwards(directory: Path) -> None:
    with running(directory, 0, 1) as [first, second], ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(scrape_while_counting, first, second, directory) for _ in range(4)]

        assert all(future.result() for future in asked)


def scrape_while_counting(first: Counted, second: Counted, directory: Path) -> bool:
    last = 0.0
    for _ in range(30):
        first.requests += 1
        second.requests += 1
        total = second.total(2)
        kept = json.loads(totals_path(directory, 0).read_text())[1]["requests_total"][2]["requests_total{}"]
        if total < last or kept > first.requests:
            return False
        last = total
    return True
