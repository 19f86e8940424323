# SPDX-License-Identifier: Apache-2.0
"""Personal data is only in answers and tables: every operation and refusal, then a search for canaries."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from werkzeug.test import TestResponse

from app import telemetry
from app.factory import create_app
from app.settings import Settings
from app.telemetry.logging import remove_sinks
from stack.postgres import Postgres
from tests.api_client import ApiClient, client_of
from tests.conftest import disposing, execute
from tests.telemetry.spans_seen import SpansSeen

BORROWERS = "/api/v1/borrowers"
PERSON = {
    "full_name": "Zzcanary O'Quux",
    "email": "zz-canary-7391@mail.example",
    "country": "IE",
    "date_of_birth": "1987-06-05",
    "phone": "+441632960739",
    "national_id": "ZZ7391739173",
    "external_ref": "zz-canary-reference",
}
# What would give the person away, also in part, as another spelling, or hashed; the seven digits not within a longer
# number or a trace's id, where they come up by chance.
TELLING = [
    *("zzcanary", "quux", "zz-canary", "1987-06-05", "1987, 6, 5", "1632960739", "ZZ7391739173"),
    "(?<![0-9a-f])7391739",
]
FORBIDDEN = "ALTER TABLE borrower ADD CONSTRAINT no_canary CHECK (phone <> '+441632960740')"


@dataclass
class Signals:
    """Everything that the service writes about itself."""

    spans: SpansSeen = field(default_factory=SpansSeen)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    refusals: list[TestResponse] = field(default_factory=list)


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Collect the signals of a process that begins and ends without telemetry."""
    level = logging.getLogger().level
    telemetry.shut_down(0)
    yield Signals()
    telemetry.shut_down(1)
    remove_sinks()
    logging.getLogger().setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def watched(settings: Settings, signals: Signals) -> Iterator[ApiClient]:
    """Give an officer's client of a service with telemetry."""
    pipeline = telemetry.Pipeline(signals.spans.take, [signals.reader])
    with disposing(create_app(replace(settings, telemetry_disabled=False), pipeline=pipeline)) as app:
        yield client_of(app, "officer")


@pytest.fixture
def everything(
    signals: Signals, postgres: Postgres, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Callable[[], str]:
    """Return all that the service and its database have written since the test began, as one text."""
    caplog.set_level(logging.DEBUG)
    before = len(postgres.log.read_text())

    def said() -> str:
        metrics = signals.reader.get_metrics_data()
        parts = {
            "spans": "".join(span.text for span in signals.spans.get_finished_spans()),
            "metrics": metrics.to_json() if metrics else "",
            "log": capsys.readouterr().out,
            "messages": "".join(f"{record.getMessage()}\n" for record in caplog.records),
            "problems": "".join(f"{refusal.text}\n{refusal.headers}" for refusal in signals.refusals),
            "database": postgres.log.read_text()[before:],
        }
        assert [name for name, text in parts.items() if not text] == [], "not collected"
        return "\n".join(parts.values())

    return said


def test_no_signal_and_no_refusal_identifies_a_borrower(
    watched: ApiClient,
    signals: Signals,
    database: str,
    everything: Callable[[], str],
) -> None:
    created = watched.post(BORROWERS, json=PERSON)
    place = created.headers["Location"]
    [(digest,)] = execute(database, "SELECT national_id_hmac FROM borrower")

    signals.refusals = [*taken(watched), *malformed(watched), *refused_changes(watched, place)]
    signals.refusals.append(mistake_of_ours(watched, place, database))
    use(watched, place)

    assert [refusal.status_code for refusal in signals.refusals if refusal.status_code < 400] == []
    said = everything()
    assert [word for word in [*TELLING, re.escape(str(digest))] if re.search(word, said, re.IGNORECASE)] == []
    assert said.count("borrower_erased") > 0


def taken(client: ApiClient) -> list[TestResponse]:
    """Meet each unique constraint."""
    other = PERSON | {"email": "other@mail.example", "national_id": None, "external_ref": None}
    answers = [
        client.post(BORROWERS, json=other | {member: PERSON[member]})
        for member in ("email", "national_id", "external_ref")
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    return answers


def malformed(client: ApiClient) -> list[TestResponse]:
    """Send the person's data where it does not belong."""
    canary = PERSON["email"]
    bodies: list[dict[str, Any]] = [
        *({**PERSON, member: f"{text}\n"} for member, text in PERSON.items()),
        *({**PERSON, member: [text]} for member, text in PERSON.items()),
        {**PERSON, canary: canary},
        {**PERSON, "email": canary.replace("@", "@@")},
    ]
    return [
        *(client.post(BORROWERS, json=body) for body in bodies),
        client.post(BORROWERS, data=json.dumps(PERSON)[:-1], content_type="application/json"),
        client.post(BORROWERS, data=json.dumps(PERSON), content_type="text/plain"),
        client.post(BORROWERS, json=PERSON, headers={"Idempotency-Key": canary}),
        client.post(BORROWERS, json=PERSON, headers={"Authorization": f"Bearer {canary}"}),
        client.post(f"{BORROWERS}/search", json={"email": f" {canary}"}),
        client.get(f"{BORROWERS}/{canary}"),
        client.get(f"/{canary}"),
    ]


def refused_changes(client: ApiClient, place: str) -> list[TestResponse]:
    """Change the person in ways that are refused."""
    canary = PERSON["full_name"]
    return [
        client.patch(place, json={"full_name": canary}),
        client.patch(place, json={"full_name": canary}, headers={"If-Match": '"7"'}),
        client.patch(place, json={"full_name": canary}, headers={"If-Match": canary}),
        client.patch(place, json={"full_name": f"{canary}\u202e"}, headers={"If-Match": '"1"'}),
        client.post(f"{place}/erasure", json={"reason": canary}),
    ]


def mistake_of_ours(client: ApiClient, place: str, database: str) -> TestResponse:
    """Break an unexpected constraint; the driver's error quotes the whole row."""
    execute(database, FORBIDDEN)
    try:
        answer = client.patch(place, json={"phone": "+441632960740"}, headers={"If-Match": '"1"'})
    finally:
        execute(database, "ALTER TABLE borrower DROP CONSTRAINT no_canary")
    assert answer.status_code == 500
    return answer


def use(client: ApiClient, place: str) -> None:
    """Do everything that works."""
    answers = [
        client.get(place),
        client.patch(place, json={"full_name": f"{PERSON['full_name']} Jr"}, headers={"If-Match": '"1"'}),
        client.post(f"{BORROWERS}/search", json={"email": PERSON["email"]}),
        client.get(f"{place}/export"),
        client.post(f"{place}/erasure"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 202]
