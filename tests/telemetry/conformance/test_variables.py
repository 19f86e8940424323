# SPDX-License-Identifier: Apache-2.0
"""What each honoured OTEL_* variable changes, on the OTLP server that receives it; see docs/otel-variables.md."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.otel_variables import HONOURED
from stack.polling import poll
from tests.telemetry.conformance.conftest import Running, cases, running
from tests.telemetry.otlp_sink import ARRIVAL_SECONDS, METRICS, TRACES, MetricReceived, attributes, serving_otlp

NEVER = "600000"  # milliseconds: longer than any test
PARENT = "b" * 16
SAMPLED, UNSAMPLED = f"00-{'a' * 32}-{PARENT}-01", f"00-{'c' * 32}-{PARENT}-00"


def wait_for_exports(app: Running, number: int = 2) -> None:
    """Wait until metrics were exported some more times: spans that were to be sent have been sent by then."""
    before = len(app.sink.sent(METRICS))
    poll(lambda: len(app.sink.sent(METRICS)) >= before + number, ARRIVAL_SECONDS, "exports of metrics")


def has_count(number: int, metric: MetricReceived) -> bool:
    return bool(sum(point.count for point in metric.points) == number)


# Variables that do not touch each other, in one start.
LIMITS = {
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "3",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "4",
    "OTEL_SPAN_EVENT_COUNT_LIMIT": "2",
    "OTEL_SPAN_LINK_COUNT_LIMIT": "1",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "2",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "1",
}
IDENTITY = {
    "OTEL_SERVICE_NAME": "my-loans",
    "OTEL_RESOURCE_ATTRIBUTES": "team.name=lending,cloud.region=eu%2Dwest",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "os",
}
EXPORTERS = {
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, x-tenant = 7",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "deflate",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}


@pytest.fixture(scope="module")
def configured(pipeline: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("configured"), pipeline, **LIMITS, **IDENTITY, **EXPORTERS) as app:
        yield app


def test_the_limits_of_spans_are_kept(configured: Running) -> None:
    received = configured.sink.wait_for_span("many", configured.get("/many")["trace_id"])
    span = received.span

    assert received.attributes == {f"shop.attribute.{number}": "0123" for number in (2, 3, 4)}
    assert [event.name for event in span.events] == ["shop.event.3", "shop.event.4"]
    assert [len(event.attributes) for event in span.events] == [2, 2]
    assert [len(link.attributes) for link in span.links] == [1]
    assert (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count) == (2, 3, 4)


def test_the_general_limits_hold_for_spans_events_and_links(tmp_path: Path, pipeline: str) -> None:
    limits = {"OTEL_ATTRIBUTE_COUNT_LIMIT": "2", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "5"}
    with running(tmp_path, pipeline, **limits) as app:
        received = app.sink.wait_for_span("many", app.get("/many")["trace_id"])

    assert list(received.attributes.values()) == ["01234"] * 2
    assert [len(event.attributes) for event in received.span.events] == [2] * 5
    assert [len(link.attributes) for link in received.span.links] == [2] * 5


def test_name_and_resource_are_the_same_in_all_three_signals(configured: Running) -> None:
    said = configured.get("/current")
    span = configured.sink.wait_for_span("GET /current", said["trace_id"])
    metric = configured.sink.wait_for_metric("http.server.request.duration")
    [line] = [line for line in configured.server.lines() if line.get("trace_id") == said["trace_id"]]

    expected = {"service.name": "my-loans", "team.name": "lending", "cloud.region": "eu-west", "os.type": "linux"}
    assert span.resource.items() >= expected.items()
    assert span.resource == metric.resource
    assert span.resource["service.instance.id"] == line["service.instance.id"]
    assert line["resource"].items() >= expected.items()


def test_headers_compression_and_user_agent_reach_both_signals(configured: Running) -> None:
    configured.sink.wait_for_span("GET /current", configured.get("/current")["trace_id"])
    configured.sink.wait_for_metric("http.server.request.duration")

    for path in (TRACES, METRICS):
        headers = configured.sink.accepted(path)[0].headers
        assert (headers["api-key"], headers["x-tenant"], headers["content-encoding"]) == ("a b", "7", "deflate")
        assert headers["user-agent"].startswith("OTel-OTLP-Exporter-Python/")
        assert headers["content-type"] == "application/x-protobuf"


def test_by_default_exports_are_compressed(app: Running) -> None:
    app.sink.wait_for_span("GET /current", app.get("/current")["trace_id"])

    assert {export.headers["content-encoding"] for export in app.sink.exports} == {"gzip"}


def test_each_signal_may_have_its_own_endpoint_headers_and_compression(tmp_path: Path, pipeline: str) -> None:
    with serving_otlp() as traces, serving_otlp() as metrics:
        apart = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=general",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{traces.endpoint}{TRACES}",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=traces",
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{metrics.endpoint}{METRICS}",
            "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "deflate",
        }
        with running(tmp_path, pipeline, **apart) as app:
            traces.wait_for_span("GET /current", app.get("/current")["trace_id"])
            metrics.wait_for_metric("http.server.request.duration")

    assert {(each.path, each.headers["api-key"], each.headers.get("content-encoding")) for each in traces.exports} == {
        (TRACES, "traces", None)
    }
    assert {(each.path, each.headers["api-key"], each.headers.get("content-encoding")) for each in metrics.exports} == {
        (METRICS, "general", "deflate")
    }
    assert app.sink.exports == []


@pytest.mark.parametrize(("signal", "path", "other"), [("TRACES", TRACES, METRICS), ("METRICS", METRICS, TRACES)])
def test_one_signals_endpoint_alone_sends_that_signal_alone(
    tmp_path: Path, pipeline: str, signal: str, path: str, other: str
) -> None:
    with serving_otlp() as sink:
        alone = {"OTEL_EXPORTER_OTLP_ENDPOINT": "", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT": f"{sink.endpoint}{path}"}
        with running(tmp_path, pipeline, **alone) as app:
            said = app.get("/current")
            poll(lambda: len(sink.accepted(path)) > 1 or app.get("/current") is None, ARRIVAL_SECONDS, path)

    assert len(said["trace_id"]) == 32
    assert sink.sent(other) == []


@pytest.mark.parametrize(
    ("signal", "path", "other"), [("TRACES", TRACES, METRICS), ("METRICS", METRICS, TRACES)], ids=["traces", "metrics"]
)
def test_a_signal_without_exporter_is_not_sent(
    tmp_path: Path, pipeline: str, signal: str, path: str, other: str
) -> None:
    with running(tmp_path, pipeline, **{f"OTEL_{signal}_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}) as app:
        said = app.get("/current")
        poll(lambda: len(app.sink.accepted(other)) > 1 or app.get("/current") is None, ARRIVAL_SECONDS, other)
        page = app.server.page()

    assert app.sink.sent(path) == []
    assert len(said["trace_id"]) == 32
    assert [key for key in page if key.startswith("http_server_request_duration")]


def test_switched_off_nothing_is_sent(tmp_path: Path, pipeline: str) -> None:
    with running(tmp_path, pipeline, OTEL_SDK_DISABLED="true") as app:
        said = app.get("/current")
        app.get("/kinds")

    assert (said["recording"], app.sink.exports) == (False, [])


@pytest.mark.parametrize(
    ("sampler", "share", "expected"),  # of a root, a child of a sampled span, and a child of an unsampled one
    cases(
        [
            ("always_on", "", [True, True, True]),
            ("traceidratio", "0", [False, False, False]),
            ("parentbased_traceidratio", "0.0", [False, True, False]),
            ("", "", [True, True, False]),
            ("always_off", "", [False, False, False]),
            ("Parentbased_Always_Off", "", [False, True, False]),
            ("parentbased_traceidratio", "1", [True, True, False]),
        ],
        slice(4),
    ),
)
def test_the_sampler_decides_what_is_recorded(
    tmp_path: Path, pipeline: str, sampler: str, share: str, expected: list[bool]
) -> None:
    chosen = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": share}
    with running(tmp_path, pipeline, **chosen) as app:
        said = [
            app.get("/current"),
            app.get("/current", traceparent=SAMPLED),
            app.get("/current", traceparent=UNSAMPLED),
        ]
        for each, recorded in zip(said, expected, strict=True):
            if recorded:
                app.sink.wait_for_span("GET /current", each["trace_id"])
        wait_for_exports(app)
        arrived = [bool(app.sink.spans_of(each["trace_id"])) for each in said]

    assert [each["recording"] for each in said] == expected
    assert [each["sampled"] for each in said] == expected
    assert arrived == expected


def test_a_share_of_the_roots_is_recorded(tmp_path: Path, pipeline: str) -> None:
    chosen = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}
    with running(tmp_path, pipeline, **chosen) as app:
        said = [app.get("/current")["recording"] for _ in range(200)]
        counted = app.sink.wait_for_metric(
            "http.server.request.duration",
            lambda metric: (
                sum(p.count for p in metric.points if attributes(p.attributes)["http.route"] == "/current") == 200
            ),
        )

    assert counted
    # Of 200 with a share of a half, fewer than 60 or more than 140 happen once in ten million runs.
    assert 60 <= sum(said) <= 140


def test_batches_and_queue_have_the_size_that_is_set(tmp_path: Path, pipeline: str) -> None:
    sizes = {"OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
    with running(tmp_path, pipeline, **sizes) as app:
        app.sink.pause_seconds = 0.2
        app.get("/burst?spans=500")
        app.sink.wait_for_metric(
            "otel.sdk.processor.span.processed",
            lambda metric: any(
                point.as_int > 0 and attributes(point.attributes).get("error.type") == "queue_full"
                for point in metric.points
            ),
        )
        app.sink.pause_seconds = 0
        app.sink.wait_for_span("GET /current", app.get("/current")["trace_id"])
    spans = app.sink.spans()

    assert 4 <= len([each for each in spans if each.span.name.startswith("burst")]) < 400
    assert max(each.body.count(b"burst ") for each in app.sink.accepted(TRACES)) == 4


def test_delay_and_interval_are_those_that_are_set(tmp_path: Path, pipeline: str) -> None:
    with running(tmp_path, pipeline, OTEL_BSP_SCHEDULE_DELAY=NEVER) as app:
        app.get("/current")
        wait_for_exports(app, 3)
        early = app.sink.sent(TRACES)
        app.server.stop()
        app.sink.wait_for_span("GET /current")
    with running(tmp_path / "2", pipeline, OTEL_METRIC_EXPORT_INTERVAL=NEVER) as app:
        said = app.get("/measure")
        app.sink.wait_for_span("GET /measure", said["trace_id"])
        early_metrics = app.sink.metrics("shop.temperature")
        app.server.stop()
        app.sink.wait_for_metric("shop.temperature")

    assert (early, early_metrics) == ([], [])


@pytest.mark.parametrize(
    ("value", "sampled", "unsampled"), [("always_off", 0, 0), ("always_on", 1, 1), ("trace_based", 1, 0)]
)
def test_the_exemplar_filter_chooses_measurements(
    tmp_path: Path, pipeline: str, value: str, sampled: int, unsampled: int
) -> None:
    with running(tmp_path, pipeline, OTEL_METRICS_EXEMPLAR_FILTER=value) as app:
        # One after the other: a second measurement of the same interval could take the first one's place.
        for number, traceparent in enumerate((SAMPLED, UNSAMPLED), 1):
            app.get("/measure", traceparent=traceparent)
            app.sink.wait_for_metric("shop.wait", partial(has_count, number))

    traces = [exemplar.trace_id.hex() for exemplar in app.sink.exemplars("shop.wait")]
    assert traces == ["a" * 32] * sampled + ["c" * 32] * unsampled


@pytest.mark.parametrize("variable", cases(["OTLP_TRACES_TIMEOUT", "OTLP_METRICS_TIMEOUT", "OTLP_TIMEOUT"], slice(2)))
def test_an_export_that_takes_longer_than_its_timeout_has_failed(tmp_path: Path, pipeline: str, variable: str) -> None:
    expected = {"OTLP_TRACES_TIMEOUT": {"traces"}, "OTLP_METRICS_TIMEOUT": {"metrics"}}.get(
        variable, {"traces", "metrics"}
    )
    with running(
        tmp_path, pipeline, **{"OTEL_EXPORTER_OTLP_TIMEOUT": "30"} | {f"OTEL_EXPORTER_{variable}": "0.2"}
    ) as app:
        app.sink.pause_seconds = 1.0
        app.get("/current")

        def failing() -> set[str]:
            return {line["signal"] for line in app.server.lines() if line["event"] == "telemetry_export_failing"}

        poll(lambda: failing() >= expected, ARRIVAL_SECONDS, "a failed export")
        poll(lambda: app.sink.accepted(TRACES), ARRIVAL_SECONDS, "an export of spans")
        poll(lambda: len(app.sink.accepted(METRICS)) > 1, ARRIVAL_SECONDS, "exports of metrics")
        app.sink.pause_seconds = 0.0

        assert failing() == expected


def test_a_proxy_gets_both_signals(tmp_path: Path, pipeline: str) -> None:
    elsewhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.invalid:4318"}
    with serving_otlp() as proxy:
        elsewhere |= {"HTTP_PROXY": proxy.endpoint, "NO_PROXY": "127.0.0.1"}
        with running(tmp_path, pipeline, **elsewhere) as app:
            proxy.wait_for_span("GET /current", app.get("/current")["trace_id"])
            proxy.wait_for_metric("http.server.request.duration")

    assert {export.headers["host"] for export in proxy.exports} == {"collector.invalid:4318"}


def test_empty_variables_count_as_unset(tmp_path: Path, pipeline: str) -> None:

    kept = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL")
    empty = {variable.name: "" for variable in HONOURED if variable.name not in kept}
    with running(tmp_path, pipeline, **empty) as app:
        said = app.get("/kinds")
        app.sink.wait_for_span("GET /kinds", said["trace_id"])
        app.sink.wait_for_metric("http.server.request.duration")

    assert [line for line in app.server.lines() if line["level"] in {"ERROR", "CRITICAL"}] == []
