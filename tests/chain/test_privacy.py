# SPDX-License-Identifier: Apache-2.0
"""Canaries in every field of every operation, sent through the edge: nothing keeps one but the tables."""

import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from app.access import DEV_SECRETS
from stack.polling import poll
from stack.ports import free_port
from stack.runner import Stack
from stack.tour.caller import LOANS, TIMEOUT_SECONDS
from tests.chain.canaries import TEXT, Canaries, everything
from tests.chain.canary_places import Places
from tests.chain.canary_requests import all_requests
from tests.chain.canary_stories import Watched, of_a_broken_database, of_a_person, of_no_http
from tests.chain.canary_traffic import Traffic, digests, leaves, matches, mistake_in, send_mail, sent, spoken
from tests.chain.conftest import Backends
from tests.chain.loan_lives import LIVES, LOAN, a_borrower, a_paid_out_loan, days_ago, money
from tests.chain.small_edge import get, small_edge
from tests.chain.traffic import CLIENTS

# Three times what tests/chain/test_visibility.py promises of a trace, as this is many at once.
VISIBLE_SECONDS = 90.0
# What an answer of the API may contain, in its member; without the scope only the last two.
TOLD = {"full_name", "email", "phone", "date_of_birth", "national_id_last4", "external_ref"}
TOLD_TO_ALL = {"national_id_last4", "external_ref"}
# Every way in which a request can end, but for what Nginx refuses by itself (tests/chain/test_edge.py).
OUTCOMES = {200, 201, 202, 400, 401, 403, 404, 405, 409, 412, 415, 422, 428, 500, 503}
ADMINS = {f"Bearer {DEV_SECRETS[key_id]}" for key_id in ("officer", "rival")}
NEWLINE = b"\n"
TRACE_ID = re.compile(r"\b[0-9a-f]{32}\b")
# None of the canaries: what is leaked on purpose.
LEAK = "Zzleaked-7392"
MASKED = ("zz.leak@mail.example", "+441632960788", "Bearer zz-leaked-secret")


@pytest.fixture(scope="module")
def traffic(stack: Stack) -> Traffic:
    """Send everything, the broken database last, and read one loan more, which shows when all has arrived."""
    start, edge = time.time(), stack.url("nginx")
    document = requests.get(f"{edge}/openapi.json", timeout=TIMEOUT_SECONDS).json()
    clients = [Watched(edge) for _ in LIVES]
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda life, client: life(client), LIVES, clients))
    last = Watched(edge)
    of_a_person(last)
    ids = a_paid_out_loan(last, 40) | a_borrower(last)
    ids["transaction_id"] = last.write(f"{LOAN}/repayments", ids, money(100, days_ago(1)))
    with ThreadPoolExecutor(CLIENTS) as pool:
        made_up = list(chain.from_iterable(pool.map(partial(sent, edge), all_requests(document, ids))))
    no_http = of_no_http(stack.url("api"))
    of_a_broken_database(last, stack.database_url)
    last.ask(200, f"GET {LOAN}", ids)
    answers = [*made_up, *(answer for client in [*clients, last] for answer in client.answers)]
    return Traffic(answers, no_http, document, everything(digests(stack, start)), start, time.time())


@pytest.fixture(scope="module")
def places(stack: Stack, backends: Backends, traffic: Traffic) -> dict[str, bytes]:
    """Wait until Loki and Tempo have every request, and Prometheus the last error; then read all places."""
    looked = Places(stack, backends, traffic.start, traffic.end + VISIBLE_SECONDS)
    sent_ids = set(traffic.trace_ids)

    def in_tempo() -> bool:
        return sent_ids <= set(backends.tempo.search("{}", traffic.start, time.time(), 2 * len(traffic.answers)))

    def in_loki() -> bool:
        lines = looked.loki_lines().decode()
        # The last one's from the service and from Nginx.
        return sent_ids <= set(TRACE_ID.findall(lines)) and len(re.findall(f"{traffic.trace_ids[-1]}.*\n?", lines)) > 1

    send_mail(stack, traffic.loan_id)
    poll(in_tempo, VISIBLE_SECONDS, "every request in Tempo")
    poll(in_loki, VISIBLE_SECONDS, "every request in Loki")
    poll(lambda: mistake_in(backends, traffic.start), VISIBLE_SECONDS, "the mistake in Prometheus")
    return looked.read(traffic.trace_ids)


def test_every_operation_was_done_and_refused_in_every_way(traffic: Traffic) -> None:
    done = {
        operation["operationId"]
        for path, methods in traffic.document["paths"].items()
        for method, operation in methods.items()
        for answer in traffic.answers
        if answer.ok and answer.request.method == method.upper() and matches(path, answer.url)
    }
    described = {one["operationId"] for methods in traffic.document["paths"].values() for one in methods.values()}

    print(f"{len(traffic.answers)} requests: {sorted(Counter(one.status_code for one in traffic.answers).items())}")  # noqa: T201  # the result
    assert described - done == set()
    assert OUTCOMES - {answer.status_code for answer in traffic.answers} == set()
    assert {answer.headers.get("Idempotent-Replayed") for answer in traffic.answers} == {None, "true"}
    assert [answer.url for answer in traffic.answers if answer.status_code == 500][1:] == []


def test_gunicorn_logged_what_it_could_not_parse_and_not_its_words(traffic: Traffic, stack: Stack) -> None:
    files = [path.read_text() for path in stack.log_dir.glob("api-*-w*.jsonl")]

    assert [answer for answer in traffic.no_http if TEXT not in answer] == []
    assert sum(text.count('"request_refused"') for text in files) >= len(traffic.no_http)


def test_nginx_writes_the_paths_of_the_service_and_no_other(traffic: Traffic, stack: Stack) -> None:
    known = {urlsplit(answer.url).path for answer in traffic.answers if answer.ok}
    lines = (stack.log_dir / "nginx-access.jsonl").read_text().splitlines()
    written = {json.loads(line)["url.path"] for line in lines}

    assert known - written == set()
    assert "" in written


def test_no_refusal_and_no_header_of_an_answer_repeats_what_was_sent(traffic: Traffic) -> None:
    said = {
        (answer.request.method, answer.status_code, answer.url, hit)
        for answer in traffic.answers
        for hit in traffic.canaries.found_in(spoken(answer))
    }

    assert said == set()


def test_a_success_answers_personal_data_where_they_belong_and_to_whom_they_belong(traffic: Traffic) -> None:
    told = {
        (answer.request.headers["Authorization"] in ADMINS, member)
        for answer in traffic.answers
        if answer.ok and answer.content
        for member, value in leaves(answer.json())
        if traffic.canaries.found_in(f"{member} {value}".encode())
    }

    assert told == {(True, member) for member in TOLD} | {(False, member) for member in TOLD_TO_ALL}


def test_no_canary_is_anywhere(traffic: Traffic, places: dict[str, bytes]) -> None:
    hits = {place: traffic.canaries.found_in(content) for place, content in places.items()}

    for place, content in places.items():
        print(f"{place}: {len(content)} bytes, {content.count(NEWLINE) + 1} lines, {len(hits[place])} hits")  # noqa: T201  # the result
    print(f"{len(set(traffic.trace_ids))} traces")  # noqa: T201  # the result
    assert {place: found for place, found in hits.items() if found} == {}


def test_the_same_search_finds_what_is_meant_to_be_there(traffic: Traffic, places: dict[str, bytes]) -> None:
    loan, route = traffic.loan_id, f"{LOANS}/<uuid:loan_id>"
    meant = {
        "Loki, lines": loan,
        "Loki, labels": "loan-service",
        "Tempo, traces": loan,
        "Prometheus, series": route,
        "Prometheus, exemplars": "trace_id",
        "metrics pages": route,
        "Mailpit, messages": loan,
        "files: the service's log": loan,
        "files: Nginx's log": loan,
        "files: terminals": "gunicorn",
        "files: the collector's queues": "http_request",  # of many, as what was delivered is written over
        "files: sockets' folder": route,
        "files: PostgreSQL's log": "canceling statement due to lock timeout",
        "files: other servers' data": loan,
    }

    assert meant.keys() == places.keys()
    assert {place for place, text in meant.items() if not Canaries.of([], [], [text]).found_in(places[place])} == set()


def test_a_leak_into_the_services_log_would_be_found_and_what_has_a_known_form_masked(
    stack: Stack, backends: Backends
) -> None:
    leaking, now = stack.log_dir / "api-leak.jsonl", time.time()
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")
    line = {"timestamp": moment, "level": "INFO", "event": "leak", "text": " / ".join([LEAK, *MASKED])}
    looked = Places(stack, backends, now - 1, now + VISIBLE_SECONDS)

    try:
        leaking.write_text(json.dumps(line) + "\n")
        poll(lambda: Canaries.of([LEAK]).found_in(looked.loki_lines()), VISIBLE_SECONDS, "the leak in Loki")
        in_loki, in_files = looked.loki_lines(), looked.files()["files: the service's log"]
    finally:
        leaking.unlink()

    assert Canaries.of([LEAK]).found_in(in_files)
    assert len(Canaries.of([], [], MASKED).found_in(in_files)) == len(MASKED)
    assert Canaries.of([], [], MASKED).found_in(in_loki) == []


def test_nginx_does_not_quote_a_request_that_it_cannot_pass_on(tmp_path: Path) -> None:
    with small_edge(tmp_path, free_port()) as edge:
        answer = get(edge.port, f"/api/v1/loans?email={LEAK}", Referer=f"https://mail.example/{LEAK}", User_Agent=LEAK)
        poll(edge.log_lines, VISIBLE_SECONDS, "the access line")
    written = edge.log.read_bytes() + edge.site.output("nginx").read_bytes()

    assert answer.status == 502
    assert b"/api/v1/loans" in written
    assert Canaries.of([LEAK]).found_in(written) == []
