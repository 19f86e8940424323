# SPDX-License-Identifier: Apache-2.0
"""Peers that hang, drip, hang up or all ask at once."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.telemetry import workers
from app.telemetry.worker_files import socket_path, totals_path
from tests.telemetry.counted import Counted, requests_of, running


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "t"
    path.mkdir()
    return path


def test_a_worker_that_hangs_costs_a_second_and_is_replaced_by_its_totals(directory: Path) -> None:
    with running(directory, 0, 1, 2) as [stuck, other, peer]:
        stuck.requests = other.requests = 10
        peer.page()
        with stuck.workers._lock, other.workers._lock:  # noqa: SLF001
            began = time.monotonic()
            page = peer.page()
            took = time.monotonic() - began

    assert page[requests_of(0)] == page[requests_of(1)] == 10
    assert page['loan_service_worker_up{worker="0"}'] == 0
    assert took < 1.7  # the two are asked at the same time


def test_a_peer_that_drips_is_given_up_after_a_second_in_all(directory: Path) -> None:
    stop = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(directory, 0)))
        listener.listen()
        thread = threading.Thread(target=drip, args=(listener, stop))
        thread.start()
        began = time.monotonic()
        answer = workers.ask(socket_path(directory, 0))
        took = time.monotonic() - began
        stop.set()
        thread.join()

    assert answer is None
    assert took < 1.7


def drip(listener: socket.socket, stop: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection:
        while not stop.wait(0.2):
            connection.send(b" ")


def test_a_client_that_hangs_up_disturbs_nobody(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(directory, 0, 1) as [worker, peer]:
        for _ in range(5):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(socket_path(directory, 0)))
        worker.requests = 1

        assert peer.page()[requests_of(0)] == 1
    assert capsys.readouterr().err == ""


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
