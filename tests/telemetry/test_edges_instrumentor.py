# SPDX-License-Identifier: Apache-2.0
"""When the instrumentation of requests fails, the application answers as without it."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.context import get_current

from app.settings import Settings, TelemetryPipeline
from app.telemetry import safety
from app.telemetry.log_sinks import OncePerMinute
from tests.telemetry.conftest import Lines, Observed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FLASK = "opentelemetry.instrumentation.flask"
TIMES = 3


def broken(*_arguments: object, **_more: object) -> Any:  # noqa: ANN401  # it gives nothing back
    raise RuntimeError("broken")


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "_failure_limits", defaultdict(OncePerMinute))


@pytest.fixture
def standard(observed: Observed, settings: Settings) -> Observed:
    """Observe with the instrumentor, whatever the parameter: its parts exist in no other pipeline."""
    assert settings.telemetry_pipeline is TelemetryPipeline.STANDARD
    return observed


STANDARD = pytest.mark.parametrize("settings", [TelemetryPipeline.STANDARD], indirect=True)
LIGHT = pytest.mark.parametrize("settings", [TelemetryPipeline.LIGHT], indirect=True)
# Before the application is reached, in the hook that begins the span and where that has begun half of it, where the
# answer starts, after it, and where the span ends.
PARTS = [
    (f"{FLASK}.time_ns", ["observing_a_request"]),
    (f"{FLASK}.get_default_span_name", ["observing_a_request"]),
    (f"{FLASK}.trace.use_span", ["observing_a_request"]),
    (f"{FLASK}.get_global_response_propagator", ["answering_a_request"]),
    (f"{FLASK}.trace.set_span_in_context", ["observing_a_request"]),
    ("app.telemetry.tracing.sanitize_method", ["observing_a_request"]),
    ("app.telemetry.delivery.redacting.as_text", ["redacting_a_span"]),
]


@STANDARD
@pytest.mark.parametrize(("part", "doing"), PARTS, ids=lambda value: str(value).rpartition(".")[2])
def test_the_instrumentor_fails_and_the_request_does_not(
    standard: Observed, part: str, doing: list[str], lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(part, broken)
        answers = [standard.client.get(path) for path in ["/loans/7"] * TIMES + ["/no/such/path"] * TIMES]
    left = dict(get_current())
    after = standard.client.get("/loans/8")

    written = lines()
    assert [answer.status_code for answer in answers] == [200] * TIMES + [404] * TIMES
    assert [answer.json["number"] for answer in answers[:TIMES] if answer.json] == [7] * TIMES
    assert [line["doing"] for line in written if line["event"] == "telemetry_failed"] == doing
    assert [line["event"] for line in written].count("http_request") == 2 * TIMES + 1
    assert {line["event"] for line in written} == {"http_request", "telemetry_failed"}
    assert left == {}
    assert after.headers["traceresponse"]
    span = standard.spans.get_finished_spans()[-1]
    assert (span.attributes["url.path"], span.parent) == ("/loans/8", None)


@STANDARD
def test_a_span_whose_end_fails_does_not_belong_to_the_next_request(
    standard: Observed, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    @standard.app.get("/last")
    def last() -> str:
        patch.setattr(f"{FLASK}._request_ctx_ref", broken)
        return "last"

    with monkeypatch.context() as patch:
        answer = standard.client.get("/last")
    left = dict(get_current())
    standard.client.get("/loans/7")

    assert answer.text == "last"
    assert [line["doing"] for line in lines() if line["event"] == "telemetry_failed"] == ["observing_a_request"]
    assert left == {}
    assert standard.span("GET /loans/<int:number>").parent is None


@LIGHT
@pytest.mark.parametrize("part", ["new_trace_id", "RequestSpan", "set_span_in_context"])
def test_the_light_layer_fails_and_the_request_does_not(
    observed: Observed, part: str, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"app.telemetry_light.requests.{part}", broken)
        answers = [observed.client.get("/loans/7") for _ in range(TIMES)]

    written = lines()
    assert [answer.json for answer in answers] == [{"number": 7, "trace_id": None}] * TIMES
    assert [line["doing"] for line in written if line["event"] == "telemetry_failed"] == ["beginning_a_request"]
    assert [line["event"] for line in written].count("http_request") == TIMES
    assert dict(get_current()) == {}


def test_what_the_server_refuses_is_refused_to_the_application(observed: Observed) -> None:
    def refusing(*_arguments: object) -> Any:  # noqa: ANN401  # a server's
        raise ValueError("Invalid header")

    environ: WSGIEnvironment = {"REQUEST_METHOD": "GET", "PATH_INFO": "/loans/7", "SERVER_NAME": "h"}
    environ |= {"SERVER_PORT": "80", "wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1"}

    with pytest.raises(ValueError, match="Invalid header"):
        observed.app.wsgi_app(environ, refusing)


def test_what_the_application_raises_is_its_servers(observed: Observed, lines: Lines) -> None:
    observed.app.config["PROPAGATE_EXCEPTIONS"] = True

    with pytest.raises(RuntimeError, match="canary"):
        observed.client.get("/boom")

    assert [line for line in lines() if line["event"] == "telemetry_failed"] == []
