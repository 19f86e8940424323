# SPDX-License-Identifier: Apache-2.0
"""While every backend is away, what waits for it on disk has none of the canaries either."""

import json
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from stack.polling import poll
from stack.runner import Stack
from stack.tour.caller import LOANS
from tests.chain.backends_away import away, wait_in_queues
from tests.chain.canaries import NAME, TEXT, Canaries, everything
from tests.chain.canary_stories import Watched, of_a_broken_database, of_a_person, of_no_http

AWAY = ("prometheus", "loki", "tempo")
# Metrics are exported every 5 s, spans each second; the rest is for a busy machine.
PATIENCE_SECONDS = 60.0
# None of the canaries: leaked on purpose, in a form that matches no pattern.
LEAK = "Zzleaked-queue-7392"


@dataclass(frozen=True)
class Waiting:
    """What waited: of the canaries' requests, and after a leak."""

    requests: int
    no_http: list[str]
    content: bytes
    leaked: bytes


@pytest.fixture(scope="module")
def waiting(stack: Stack) -> Waiting:
    """Send canaries as bodies, headers, queries, parameters of SQL, words of exceptions and of a library's lines."""
    client = Watched(stack.url("nginx"))
    with away(stack, *AWAY):
        client.ask(400, f"GET {LOANS}?limit={quote(NAME)}&{TEXT}={quote(NAME)}")
        of_a_person(client, number=7)
        no_http = of_no_http(stack.url("api"))
        of_a_broken_database(client, stack.database_url, number=5)
        last = client.answers[-1].headers["traceresponse"].split("-")[1]
        # Lines spell a trace's id, spans have it as it is.
        marks = {"loki": last.encode(), "tempo": bytes.fromhex(last), "prometheus": b"http.server.request.duration"}
        content = poll(lambda: wait_in_queues(stack, marks), PATIENCE_SECONDS, "the last request in every queue")
        leaked = leak(stack)
    return Waiting(len(client.answers), no_http, content, leaked)


def leak(stack: Stack) -> bytes:
    """Write a line with personal data where the collector reads, and return the queues once it is in one."""
    file = stack.log_dir / "api-leak-queue.jsonl"
    file.write_text(json.dumps({"event": "leak", "text": LEAK}) + "\n")
    try:
        return poll(lambda: wait_in_queues(stack, {"loki": LEAK.encode()}), PATIENCE_SECONDS, "the leak in a queue")
    finally:
        file.unlink()


def test_no_canary_waits_on_disk(waiting: Waiting) -> None:
    hits = everything().found_in(waiting.content)
    print(f"{waiting.requests} requests, {len(waiting.content)} bytes in the queues, {len(hits)} hits")  # noqa: T201  # the result

    assert hits == []


def test_gunicorn_was_sent_canaries_and_logged_without_them(waiting: Waiting) -> None:
    assert [answer for answer in waiting.no_http if TEXT not in answer] == []
    assert waiting.content.count(b"request_refused") >= len(waiting.no_http)


def test_a_leak_would_have_been_found_there(waiting: Waiting) -> None:
    assert Canaries.of([LEAK]).found_in(waiting.leaked)
    assert not Canaries.of([LEAK]).found_in(waiting.content)
