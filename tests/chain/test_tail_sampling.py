# SPDX-License-Identifier: Apache-2.0
"""With the overlay every failed and every slow trace is kept and a tenth of the rest; each request is still counted."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from stack.backends import Prometheus, Tempo
from stack.polling import poll
from stack.runner import Stack
from stack.services import SERVICES
from tests.chain.agreement import Claim
from tests.chain.conftest import PIPELINE
from tests.chain.sampled import Drive, drive
from tests.chain.signals import pushed

ONLY: Final = ("db", "migrate", "api", "otelcol", "tempo", "prometheus")
SERVICE: Final = {
    "API_WORKERS": "2",
    "API_THREADS": "4",
    "TELEMETRY_PIPELINE": PIPELINE,
    "OTELCOL_OVERLAY": "tail-sampling",
}
REQUESTS: Final = 2000
CONTROL_REQUESTS: Final = 400
SHARE: Final = 0.1
# The batch span processor's second, the decision's 10 s, Tempo's 2 s; and a busy machine.
DECIDED_SECONDS: Final = 90.0
# A span waits a second in the service, and some more on a busy machine. The traces of the test before are older.
EXPORT_SECONDS: Final = 5.0
PREFIX: Final = "otelcol_processor_tail_sampling_"
Transform = Callable[[str], str]


def mutant(right: str, wrong: str) -> Transform:
    """Change the overlay where it has the expected text."""

    def changed(overlay: str) -> str:
        assert right in overlay
        return overlay.replace(right, wrong)

    return changed


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Run a stack of its own, as the other tests need every trace; `transform` changes the overlay here."""
    services = [
        replace(one, files=tuple(reversed(one.files))) if one.name == "otelcol" else one
        for one in SERVICES
        if one.name in ONLY
    ]
    with Stack.temporary(only=ONLY, env=SERVICE, services=services) as running:
        assert running.services["otelcol"].files[0] == "otel/tail-sampling.yaml"
        yield running
        running.kill("tempo")  # an orderly stop takes it 8 s


def test_every_error_and_every_slow_trace_is_kept_and_each_request_counted(stack: Stack) -> None:
    since = restarted(stack)
    prometheus = Prometheus(stack.url("prometheus"))

    done = drive(stack, REQUESTS)

    assert sum(done.answered.values()) == REQUESTS
    assert min(len(done.failed), len(done.slow)) > REQUESTS // 100
    kept = kept_traces(stack, done, since)
    print(  # noqa: T201  # the figure is the result
        f"kept: {len(done.failed & kept)} of {len(done.failed)} failed, {len(done.slow & kept)} of {len(done.slow)} "
        f"slow, {len(done.rest & kept)} of {len(done.rest)} others"
    )
    assert done.complaints(kept, SHARE) == []
    Claim("requests in Prometheus", done.answered, lambda: pushed(prometheus, done.started)).require()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (mutant("status_codes: [ERROR]", "status_codes: [OK]"), "failed: "),
        (mutant("threshold_ms: 499", "threshold_ms: 49_900"), "slow: "),
        (mutant("sampling_percentage: 10", "sampling_percentage: 30"), "rest: "),
    ],
    ids=["errors", "slow", "share"],
)
def test_without_a_policy_the_verdict_is_another(stack: Stack, change: Transform, complaint: str) -> None:
    since = restarted(stack, change)

    done = drive(stack, CONTROL_REQUESTS)

    complaints = done.complaints(kept_traces(stack, done, since), SHARE)
    assert [said[: len(complaint)] for said in complaints] == [complaint]


def test_a_trace_is_slow_from_just_above_the_objective(stack: Stack) -> None:
    started = restarted(stack)
    above, below = (send_traces(stack, started, nanoseconds) for nanoseconds in (500_100_000, 498_900_000))

    poll(lambda: decided(stack, len(above | below)), DECIDED_SECONDS, "every decision")
    kept = poll(lambda: stored(stack, "boundary", started, above), DECIDED_SECONDS, "the traces above the objective")

    assert below - kept  # a tenth of them is kept by the share


def restarted(stack: Stack, change: Transform | None = None) -> float:
    """Start the collector anew, its counters at 0; give the Unix time after which the spans began that it receives."""
    since = time.time() - EXPORT_SECONDS
    stack.restart("otelcol", change)
    return since


def send_traces(stack: Stack, at: float, nanoseconds: int, number: int = 30) -> set[str]:
    """Send traces of one span that lasted so long; give their ids."""
    ids = {secrets.token_hex(16) for _ in range(number)}
    spans = [
        {
            "traceId": each,
            "spanId": secrets.token_hex(8),
            "name": "boundary",
            "kind": 2,
            "startTimeUnixNano": str(round(at * 1e9)),
            "endTimeUnixNano": str(round(at * 1e9) + nanoseconds),
        }
        for each in ids
    ]
    service = {"key": "service.name", "value": {"stringValue": "boundary"}}
    document = {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": spans}]}]}
    requests.post(f"{stack.url('otelcol')}/v1/traces", json=document, timeout=10).raise_for_status()
    return ids


def kept_traces(stack: Stack, done: Drive, since: float) -> set[str]:
    """Give the traces of a drive that are in Tempo, once every trace is decided and all that were kept have arrived."""
    poll(lambda: decided(stack, len(done.statuses)), DECIDED_SECONDS, "every decision")
    kept = round(counters(stack)["global_count_traces_sampled_total", "true"])
    tempo = Tempo(stack.url("tempo"))
    everything = '{resource.service.name="loan-service"}'

    def arrived() -> set[str] | None:
        found = set(tempo.search(everything, since, time.time(), limit=10 * REQUESTS))
        return found if len(found) >= kept else None

    return poll(arrived, DECIDED_SECONDS, f"{kept} traces in Tempo") & done.statuses.keys()


def stored(stack: Stack, service: str, started: float, expected: set[str]) -> set[str] | None:
    """Give a service's traces in Tempo once these are among them."""
    query = f'{{resource.service.name="{service}"}}'
    found = set(Tempo(stack.url("tempo")).search(query, started - 1, time.time(), limit=REQUESTS))
    return found if expected <= found else None


def decided(stack: Stack, traces: int) -> bool:
    """Return whether the collector has received so many traces, and has decided on all that it received."""
    found = counters(stack)
    received = found.get(("new_trace_id_received_total", ""), 0)
    decisions = sum(value for (name, _), value in found.items() if name == "global_count_traces_sampled_total")
    return received == decisions >= traces


def counters(stack: Stack) -> dict[tuple[str, str], float]:
    """Read what the tail sampling processor counts, by name and by the label `sampled`."""
    answer = requests.get(f"{stack.url('otelcol', 'metrics')}/metrics", timeout=10)
    answer.raise_for_status()
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {
        (sample.name.removeprefix(PREFIX), sample.labels.get("sampled", "")): sample.value
        for sample in samples
        if sample.name.startswith(PREFIX)
    }
