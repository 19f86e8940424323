# SPDX-License-Identifier: Apache-2.0
"""The whole service with faults on request in memory, and its database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app import telemetry
from app.factory import create_app
from app.settings import Settings
from stack.polling import poll
from tests.api_client import ApiClient, client_of
from tests.conftest import disposing
from tests.factories import application_body
from tests.telemetry.conftest import Lines, Observed

FAULTS = "/ops/faults"
QUOTES = "/api/v1/quotes"
LOANS = "/api/v1/loans"
TERMS = {"currency": "EUR", "principal_minor": 10_000, "annual_rate_percent": "7", "term_months": 6}
SMALL = {name: value for name, value in TERMS.items() if name != "currency"}
DISBURSEMENT = {"amount_minor": 10_000, "disbursed_on": "2024-01-01", "first_due_on": "2024-02-01"}
PAYMENT = {"amount_minor": 1701, "currency": "EUR", "effective_on": "2024-02-01", "channel": "card"}
SECONDS = 10.0  # until an effect is there; a tick is a fiftieth
Begin = Callable[..., Any]


@pytest.fixture
def observed(settings: Settings, database: str, clean_process: None) -> Iterator[Observed]:  # noqa: ARG001
    """Observe the service with faults in memory."""
    seen = Observed(None)  # type: ignore[arg-type]  # built below, with the sinks of this one
    pipeline = telemetry.Pipeline(seen.spans.take, [seen.reader])
    with_faults = replace(settings, database_url=database, faults=True, api_threads=2)
    with disposing(create_app(with_faults, pipeline=pipeline)) as app:
        seen.app = app
        yield seen


@pytest.fixture
def officer(observed: Observed) -> ApiClient:
    return client_of(observed.app, "officer")


@pytest.fixture
def operator(observed: Observed) -> ApiClient:
    return client_of(observed.app, "operator")


@pytest.fixture
def begin(operator: ApiClient) -> Begin:
    """Give a way to begin a fault."""

    def send(kind: str, **more: object) -> None:
        answer = operator.post(FAULTS, json={"kind": kind, "lasts_seconds": 60, **more})
        assert answer.status_code == 201, answer.text

    return send


@pytest.fixture
def serve(observed: Observed) -> Iterator[None]:  # noqa: ARG001
    """Run the background tasks, as a worker does."""
    telemetry.join_workers()
    yield
    telemetry.shut_down(1)


def running(operator: ApiClient) -> list[str]:
    answer = operator.get(FAULTS)
    assert answer.status_code == 200
    return [fault["kind"] for fault in (answer.json or {})["items"]]


def end(operator: ApiClient, kind: str) -> None:
    assert operator.delete(f"{FAULTS}/{kind}").status_code == 204


def lines_with(lines: Lines, event: str) -> list[dict[str, Any]]:
    """Wait for a line with an event; give all lines until then."""
    seen: list[dict[str, Any]] = []

    def found() -> bool:
        seen.extend(lines())
        return any(line["event"] == event for line in seen)

    poll(found, SECONDS, event)
    return seen


def code(answer: Any) -> tuple[int, str]:  # noqa: ANN401  # an answer
    return answer.status_code, (answer.json or {}).get("code", "")


def approved(app: Any, officer: ApiClient) -> tuple[str, str]:  # noqa: ANN401  # a Flask app
    """Approve a new application; give its path and status."""
    where = client_of(app, "applicant").post(LOANS, json=application_body(**SMALL)).headers["Location"]
    answer = officer.post(f"{where}/approve")
    assert answer.status_code == 200
    return where, (answer.json or {})["status"]
