# SPDX-License-Identifier: Apache-2.0
"""The delivery accounting of a worker survives SIGKILL, and its loss is reported."""

import logging
import os
import signal
from pathlib import Path

import pytest

from app import telemetry
from app.telemetry.delivery.accounting import Accounting, Count, Loss, read_loss
from app.telemetry.delivery.loss import report, report_of_dead
from app.telemetry.worker_files import accounting_path


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    names = ("worker", *Loss._fields)
    lost = [record for record in caplog.records if record.getMessage() == "telemetry_lost"]
    return [{name: getattr(record, name) for name in names} for record in lost]


def test_a_killed_process_leaves_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "w0.delivery"
    pid = os.fork()
    if pid == 0:
        ledger = Accounting()
        ledger.counts[Count.SPANS_ENDED] += 5
        ledger.keep_in(path)
        ledger.counts[Count.SPANS_ENDED] += 2
        ledger.counts[Count.SPANS_SENT] += 3
        ledger.counts[Count.REQUESTS_BEGUN] += 4
        ledger.counts[Count.REQUESTS_ENDED] += 3
        ledger.counts[Count.REQUESTS_EXPORTED] = 1
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)

    assert read_loss(path) == Loss(requests_in_flight=1, requests_unexported=2, spans_lost=4, spans_unconfirmed=3)


def test_dropped_and_refused_spans_are_lost_until_their_count_has_arrived() -> None:
    ledger = Accounting()
    for entry, number in {
        Count.SPANS_ENDED: 100,
        Count.SPANS_SENT: 80,
        Count.SPANS_DELIVERED: 70,
        Count.SPANS_REJECTED: 6,
        Count.LOSSES_EXPORTED: 12,
    }.items():
        ledger.counts[entry] = number

    assert ledger.loss() == Loss(0, 0, spans_lost=10 + (10 + 6 - 12), spans_unconfirmed=4)


def test_a_request_that_is_exported_before_it_has_ended_is_no_negative_loss() -> None:
    ledger = Accounting()
    ledger.counts[Count.REQUESTS_BEGUN] = 1
    ledger.counts[Count.REQUESTS_EXPORTED] = 1

    assert ledger.loss() == Loss(1, 0, 0, 0)


def test_a_drop_that_was_counted_and_did_not_happen_is_no_negative_loss() -> None:
    accounting = Accounting()
    accounting.counts[Count.LOSSES_EXPORTED] = 1

    assert accounting.loss() == Loss(0, 0, 0, 0)


def test_closing_removes_the_file(tmp_path: Path) -> None:
    ledger = Accounting()
    ledger.keep_in(tmp_path / "w0.delivery")

    ledger.close()
    ledger.close()

    assert list(tmp_path.iterdir()) == []


def test_a_loss_is_reported_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    report(3, Loss(1, 2, 3, 4))
    report(4, Loss(0, 0, 0, 0))

    assert events(caplog) == [
        {"worker": 3, "requests_in_flight": 1, "requests_unexported": 2, "spans_lost": 3, "spans_unconfirmed": 4}
    ]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_the_ledger_of_a_dead_worker_is_read_and_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ledger = Accounting()
    ledger.counts[Count.REQUESTS_ENDED] = 7
    ledger.keep_in(accounting_path(tmp_path, 2))

    telemetry.forget_worker(tmp_path, 2)
    telemetry.forget_worker(tmp_path, 2)

    assert [event["requests_unexported"] for event in events(caplog)] == [7]
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_was_killed_as_a_whole_is_reported_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Accounting()
    ledger.counts[Count.SPANS_ENDED] = 9
    ledger.keep_in(accounting_path(tmp_path, 1))

    with telemetry.claim(tmp_path):
        assert [event["spans_lost"] for event in events(caplog)] == [9]
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"\0" * 4096])
def test_a_file_that_is_no_ledger_reports_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "w0.delivery"
    path.write_bytes(content)

    report_of_dead(0, path)

    assert caplog.records == []
    assert not path.exists()
