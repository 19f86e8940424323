# SPDX-License-Identifier: Apache-2.0
"""The running faults, in memory that all workers share: begun in one, obeyed by all, ended by a restart."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import requests

from app.access import DEV_SECRETS
from app.factory import create_app
from app.services import fault_effects
from app.services.faults import AMOUNTS, SHARED, FaultKind, RunningFault
from app.services.faulty import strikes
from app.settings import Settings
from app.storage.fault_file import FaultFile, forget_faults
from stack.polling import poll
from tests.api_client import client_of
from tests.concurrency.gunicorn import Client, serving
from tests.conftest import disposing
from tests.telemetry.faults.conftest import (
    FAULTS,
    LOANS,
    SECONDS,
)


def test_a_share_is_a_share() -> None:
    board = FaultFile(None)
    board.begin(RunningFault(FaultKind.ERRORS, 0.5, 0, 60))

    assert 300 < sum(strikes(board, FaultKind.ERRORS) for _ in range(1000)) < 700
    assert not strikes(board, FaultKind.CPU)


def test_each_worker_sees_what_one_of_them_began(tmp_path: Path) -> None:
    one, other = FaultFile(tmp_path), FaultFile(tmp_path)
    assert one.begin(RunningFault(FaultKind.CPU, 1, 0, 60))

    assert [fault.kind for fault in other.running()] == [FaultKind.CPU]
    assert not other.begin(RunningFault(FaultKind.CPU, 1, 0, 60))
    assert other.end(FaultKind.CPU)
    assert not one.end(FaultKind.CPU)
    assert one.running() == []


def test_an_expired_fault_is_told_to_one_worker(tmp_path: Path) -> None:
    clock = SimpleNamespace(now=100.0)
    one, other = (FaultFile(tmp_path, lambda: clock.now) for _ in range(2))
    one.begin(RunningFault(FaultKind.CPU, 1, 0, 60))
    assert one.expired() == []
    clock.now = 161.0

    assert (one.expired(), other.expired()) == ([FaultKind.CPU], [])


def test_a_file_of_another_boot_holds_nothing(tmp_path: Path) -> None:
    FaultFile(tmp_path, lambda: 1e6).begin(RunningFault(FaultKind.CPU, 1, 0, 60))

    assert FaultFile(tmp_path, lambda: 10.0).running() == []


def test_a_new_server_forgets_the_faults_of_an_earlier_one(tmp_path: Path) -> None:
    FaultFile(tmp_path).begin(RunningFault(FaultKind.CPU, 1, 0, 60))
    forget_faults(tmp_path)

    assert FaultFile(tmp_path).running() == []


def test_a_process_without_a_slot_has_its_faults_for_itself(
    settings: Settings,
    database: str,
    clean_process: None,  # noqa: ARG001
) -> None:
    alone = replace(settings, database_url=database, worker_slot=None, faults=True)
    with disposing(create_app(alone)) as app:
        assert client_of(app, "operator").post(FAULTS, json={"kind": "cpu", "lasts_seconds": 9}).status_code == 201

    assert not (settings.telemetry_dir / "faults").exists()


def test_each_amount_has_a_kind_and_each_limit_its_usual_value() -> None:
    assert all(0 < amount.usual <= amount.most for amount in AMOUNTS.values())
    assert not SHARED - set(FaultKind)
    assert fault_effects.MIB == 1024 * 1024


def statuses_by_worker(base: str, logs: Path, seen: set[int]) -> set[str]:
    """Send a request over a connection of its own; give the workers that have answered 503 so far."""
    headers = {"Authorization": f"Bearer {DEV_SECRETS['officer']}", "Connection": "close"}
    seen.add(requests.get(base + LOANS, headers=headers, timeout=SECONDS).status_code)
    lines = [json.loads(line) for path in logs.iterdir() for line in path.read_text().splitlines()]
    return {line["service.instance.id"] for line in lines if line.get("http.response.status_code") == 503}


def test_all_of_gunicorns_workers_obey_and_a_restart_ends_it(tmp_path: Path, database: str) -> None:
    environ = {"FAULTS": "true", "API_WORKERS": "2", "API_THREADS": "1"}
    seen: set[int] = set()
    with serving(tmp_path, database, **environ) as service:
        operator = Client(service, "operator")
        assert operator.once("POST", FAULTS, body={"kind": "errors", "lasts_seconds": 600}).status_code == 201
        operator.close()
        # One worker may still be starting, and either may be the quicker one many times.
        logs = tmp_path / "logs"
        poll(lambda: len(statuses_by_worker(service.base, logs, seen)) == 2, 30.0, "answers of both workers")
    after: set[int] = set()
    with serving(tmp_path, database, **environ) as service:
        statuses_by_worker(service.base, tmp_path / "logs", after)

    assert (seen, after) == ({503}, {200})
