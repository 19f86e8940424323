# SPDX-License-Identifier: Apache-2.0
"""Telemetry is bounded: 10,000 random requests create no new series, span name, log stream or caller's trace."""

import re
from collections import Counter
from uuid import uuid4

import pytest
import yaml
from prometheus_client.samples import Sample

from stack.backends import Prometheus, Tempo
from stack.polling import poll
from stack.runner import Stack
from stack.site import ROOT
from tests.chain.flood_counts import SERVICE, by, look, series, without_workers
from tests.chain.flooding import SETTLE_SECONDS, Flooded, both, log_files, log_size, ordinary, settle
from tests.chain.invented_telemetry import send_invented
from tests.chain.signals import Page

REQUESTS = 10_000
WARM_UP = 1_600  # each server gets half: enough to see every kind of answer
ROUNDS = 2
# Fewer than a new kind of answer has buckets: none may be new. As names of spans: the methods that clients can try.
MOST_NEW = 10
EDGES = {("user", SERVICE), (SERVICE, "postgresql")}
TRACE = re.compile(rb'"trace_id": ?"([0-9a-f]{32})"')
CATALOGUE = yaml.safe_load((ROOT / "docs/telemetry.yaml").read_text())
SWITCHED_OFF = {"loan.faults.active"}  # FAULTS=false here; tests/telemetry/faults counts its series
BUDGET = {row["name"]: row["at_most"] for row in CATALOGUE["budget"]}


@pytest.fixture(scope="module")
def flooded(stack: Stack) -> Flooded:
    """Flood Nginx and the service after both have seen a little of everything."""
    settle(Prometheus(stack.url("prometheus")))
    ordinary(stack, ROUNDS)
    both(stack, WARM_UP, "warm-up")
    before, log_before = look(stack), log_size(stack.log_dir)
    through_nginx, direct = both(stack, REQUESTS, "flood")
    return Flooded(
        before,
        look(stack),
        through_nginx,
        direct,
        log_size(stack.log_dir) - log_before,
        {found.decode() for path in log_files(stack.log_dir) for found in TRACE.findall(path.read_bytes())},
    )


def test_a_flood_begins_no_series(flooded: Flooded) -> None:
    before, after = (without_workers(seen.series) for seen in (flooded.before, flooded.after))
    print(f"{len(flooded.after.series)} series of {len(after)} kinds, {len(after - before)} kinds new")  # noqa: T201  # the result

    assert len(flooded.through_nginx.paths | flooded.direct.paths) > REQUESTS / 2
    assert len(after - before) <= MOST_NEW


def test_no_series_of_any_server_has_what_a_client_made_up(flooded: Flooded) -> None:
    made_up = flooded.through_nginx.words | flooded.direct.words
    values = {value for shape in flooded.after.everything for _, value in shape}

    assert len(made_up) > REQUESTS
    assert SERVICE in values
    assert not values & made_up


def test_a_flood_begins_no_name_of_a_span(flooded: Flooded) -> None:
    print(f"{len(flooded.after.span_names)} names of spans, {len(flooded.after.routes)} routes")  # noqa: T201  # the result

    assert flooded.after.routes
    assert flooded.after.span_names == flooded.before.span_names
    assert flooded.after.routes == flooded.before.routes


def test_names_of_requests_are_those_of_routes_and_ten_more_at_most(flooded: Flooded) -> None:
    of_routes = {name for name in flooded.after.server_names if name.partition(" ")[2] in flooded.after.routes}
    others = flooded.after.server_names - of_routes
    print(f"{len(of_routes)} names of a method and a route, and {sorted(others)}")  # noqa: T201  # the result

    assert of_routes
    assert len(others) <= MOST_NEW


def test_a_flood_begins_no_stream_of_lines(flooded: Flooded) -> None:
    assert flooded.before.streams
    assert flooded.after.streams == flooded.before.streams


def test_a_forged_trace_is_none_of_ours(flooded: Flooded) -> None:
    tally = flooded.through_nginx

    assert len(tally.traces) == tally.counted > 0
    assert tally.traces <= flooded.log_traces
    assert not tally.forged & (tally.traces | flooded.log_traces)


def test_a_flood_writes_lines_of_a_bounded_length(flooded: Flooded) -> None:
    each = flooded.log_bytes / (flooded.through_nginx.sent + flooded.direct.sent)
    print(f"{each:.0f} bytes of log lines a request")  # noqa: T201  # the result
    assert BUDGET["bytes of lines of a made-up request"] / 2 < each <= BUDGET["bytes of lines of a made-up request"]


def test_twice_the_ordinary_traffic_is_as_many_series(stack: Stack, flooded: Flooded) -> None:
    before = without_workers(flooded.after.series)

    ordinary(stack, 2 * ROUNDS)

    assert without_workers(look(stack).series) == before


def test_the_service_graph_has_its_two_edges(stack: Stack, flooded: Flooded) -> None:
    prometheus = Prometheus(stack.url("prometheus"))

    def edges() -> set[tuple[str, str]]:
        shapes = map(dict, series(prometheus, "traces_service_graph_request_total"))
        return {(shape["client"], shape["server"]) for shape in shapes}

    assert flooded.direct.sent > 0
    poll(lambda: len(edges()) >= len(EDGES), SETTLE_SECONDS, "the service graph")
    assert edges() == EDGES


def test_a_worker_has_no_more_series_than_in_the_catalogue(stack: Stack, flooded: Flooded) -> None:
    samples = poll(lambda: of_all_workers(stack.url("api")), SETTLE_SECONDS, "an answer of every worker")
    found = Counter((sample.name, sample.labels["worker"]) for sample in samples if "worker" in sample.labels)
    workers = {worker for _, worker in found}
    whole = Counter(sample.labels.get("worker") for sample in samples)
    print(whole)  # noqa: T201  # series of each worker

    assert flooded.after.series
    assert len(workers) > 1
    assert max(whole.values()) <= BUDGET["series of a worker"]
    for metric in CATALOGUE["metrics"]:
        if "series" in metric:
            each = [sum(found[name, worker] for name in metric["prometheus"]) for worker in workers]
            assert max(each) <= metric["series"], metric["name"]
            assert (max(each) > 0) is (metric["name"] not in SWITCHED_OFF), metric["name"]


def of_all_workers(url: str) -> list[Sample] | None:
    """Read a page; of a worker that does not answer in time, it lacks the gauges."""
    page = Page(url)
    return page.samples if page.is_complete() else None


def test_an_attribute_of_a_metric_has_no_more_values_than_in_the_catalogue(flooded: Flooded) -> None:
    named = {name for metric in CATALOGUE["metrics"] for name in metric["attributes"]}
    most = {
        row["name"].replace(".", "_"): len(row["values"]) if "values" in row else row["at_most"]
        for row in CATALOGUE["attributes"]
        if row["name"] in named
    }
    values = Counter(label for label, _ in {pair for shape in flooded.after.series for pair in shape})
    print({label: f"{values[label]} of {number}" for label, number in most.items()})  # noqa: T201  # the result

    assert values["http_route"] > 1
    assert {label: values[label] for label, number in most.items() if values[label] > number} == {}


def test_what_is_made_up_would_have_been_seen(stack: Stack) -> None:
    service, names = f"made-up-{uuid4().hex}", [f"made-up-{number}" for number in range(MOST_NEW + 1)]
    send_invented(stack, service, names)

    prometheus, tempo = Prometheus(stack.url("prometheus")), Tempo(stack.url("tempo"))
    made_up = f'{{service_name="{service}",x!=""}}'
    assert poll(lambda: len(series(prometheus, made_up)) == len(names), SETTLE_SECONDS, "series")
    assert poll(lambda: by(tempo, "name", service=service) == set(names), SETTLE_SECONDS, "names of spans")
