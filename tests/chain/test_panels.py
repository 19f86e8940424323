# SPDX-License-Identifier: Apache-2.0
"""Every query in Grafana's files gets data from the live servers."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from grafana.provisioned import (
    Answer,
    Click,
    Kind,
    Query,
    Status,
    Way,
    Window,
    ask,
    queries,
    runbook_queries,
    sources,
)
from stack.backends import Loki, Prometheus, Tempo
from stack.runner import Stack
from stack.tour.caller import submit_application
from stack.tour.provoke import ROUTE, failing_request, slow_request
from stack.tour.walk import Follower
from tests.chain.loan_lives import ALL
from tests.chain.traffic import side_by_side, steady_load

LOOK_BACK_SECONDS = 900
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 2.0
REQUESTS_PER_SECOND = 20.0
# Nothing to mark or to repair is what a healthy service looks like: these only have to be understood.
MAY_BE_EMPTY = {Kind.ANNOTATION, Kind.RUNBOOK}


@pytest.fixture(scope="module")
def click(stack: Stack) -> Iterator[Click]:
    """Keep the service busy with loans of every fate, and click on a request that failed."""
    edge = stack.url("nginx")
    loan_id = submit_application(edge)
    servers = Prometheus(stack.url("prometheus")), Loki(stack.url("loki")), Tempo(stack.url("tempo"))
    # Before the load: a bucket keeps one exemplar, and other requests that fail with this one could take its place.
    walk = Follower(*servers).follow(failing_request(edge, stack.database_url, loan_id))
    with steady_load(edge, REQUESTS_PER_SECOND):
        side_by_side(edge, ALL * 3)
        slow_request(edge, stack.database_url, loan_id)
        yield Click(walk.exemplar.trace_id, ROUTE, walk.exemplar.series["instance"])


def test_every_query_of_the_provisioned_files_has_data(stack: Stack, click: Click) -> None:
    wanted = [*queries(), *runbook_queries(sources())]

    answers = ask_until_good(stack, wanted, click)

    assert {answer.query for answer in answers} == set(wanted)
    assert [complaint(answer) for answer in answers if not good(answer)] == []
    print(Counter((answer.query.kind.value, answer.status.value) for answer in answers))  # noqa: T201  # the result


@pytest.mark.parametrize(
    ("way", "text", "status"),
    [
        (Way.GRAPH, "rate(http_server_request_duration_seconds_counted[$__rate_interval])", Status.EMPTY),
        (Way.EXEMPLARS, "loan_service_threads_limit", Status.EMPTY),
        (Way.GRAPH, "sum by (http_route) rate(", Status.ERROR),
    ],
)
def test_a_query_that_is_wrong_is_noticed(stack: Stack, click: Click, way: Way, text: str, status: Status) -> None:
    wrong = Query("a panel", Kind.PANEL, sources()["prometheus"], way, text)

    assert ask_now(stack, wrong, click).status == status


def ask_until_good(stack: Stack, wanted: list[Query], click: Click) -> list[Answer]:
    """Run all queries, and repeat those without data, until all have data or time is up."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    answers = {query: ask_now(stack, query, click) for query in wanted}
    while not all(map(good, answers.values())) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        answers |= {query: ask_now(stack, query, click) for query, answer in answers.items() if not good(answer)}
    return list(answers.values())


def ask_now(stack: Stack, query: Query, click: Click) -> Answer:
    servers = {uid: stack.url(uid) for uid in ("prometheus", "loki", "tempo")}
    now = time.time()
    return ask(query, servers, Window(now - LOOK_BACK_SECONDS, now), click)


def good(answer: Answer) -> bool:
    may_be_empty = answer.status == Status.EMPTY and answer.query.kind in MAY_BE_EMPTY
    return answer.status == Status.OK or may_be_empty


def complaint(answer: Answer) -> str:
    return f"{answer.query.where}: {answer.status} {answer.detail}\n    {answer.sent}"
