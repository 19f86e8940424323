# SPDX-License-Identifier: Apache-2.0
"""Sending to a vendor: TLS with an authority of one's own, and an API key in a header; docs/sending-to-a-vendor.md."""

from pathlib import Path
from typing import Any

import pytest

from stack.polling import poll
from tests.telemetry.conformance.certificates import Certificates, issue
from tests.telemetry.conformance.conftest import Running, cases, running
from tests.telemetry.otlp_sink import ARRIVAL_SECONDS, METRICS, TRACES, Sink, serving_otlp

KEY = "k-9f2c7d1e5b8a"
HEADERS = {"api-key": KEY}
BOTH = {"traces", "metrics"}
# Which variables are set: the general ones, or those of each signal.
GENERAL, EACH = ("",), ("TRACES_", "METRICS_")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


def failing(app: Running) -> dict[str, list[dict[str, Any]]]:
    """Return the log lines about exports that fail, by signal."""
    lines = [line for line in app.server.lines() if line["event"] == "telemetry_export_failing"]
    return {
        signal: [line for line in lines if line["signal"] == signal] for signal in {line["signal"] for line in lines}
    }


def require_arrival(app: Running, sink: Sink) -> None:
    """Send a request, and wait for its span and its measurement."""
    sink.wait_for_span("GET /current", app.get("/current")["trace_id"])
    sink.wait_for_metric("http.server.request.duration")


@pytest.mark.parametrize("signals", cases([EACH, GENERAL], slice(1)), ids="and".join)
def test_a_vendor_with_tls_and_a_key_gets_both_signals(
    tmp_path: Path, pipeline: str, certificates: Certificates, signals: tuple[str, ...]
) -> None:
    with serving_otlp(HEADERS, certificates.server_context()) as vendor:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": vendor.endpoint}
        for signal in signals:
            environ[f"OTEL_EXPORTER_OTLP_{signal}HEADERS"] = f"api-key={KEY}"
            environ[f"OTEL_EXPORTER_OTLP_{signal}CERTIFICATE"] = str(certificates.authority)
        with running(tmp_path, pipeline, **environ) as app:
            require_arrival(app, vendor)

        assert failing(app) == {}
    assert {export.path for export in vendor.exports} == {TRACES, METRICS}
    assert KEY not in str([*app.server.lines(), *app.server.output()])


@pytest.mark.parametrize("signals", cases([GENERAL, EACH], slice(1)), ids="and".join)
def test_a_vendor_that_authenticates_clients_by_certificate_gets_both_signals(
    tmp_path: Path, pipeline: str, certificates: Certificates, signals: tuple[str, ...]
) -> None:
    with serving_otlp(tls=certificates.server_context(client_needed=True)) as vendor:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": vendor.endpoint}
        for signal in signals:
            environ[f"OTEL_EXPORTER_OTLP_{signal}CERTIFICATE"] = str(certificates.authority)
            environ[f"OTEL_EXPORTER_OTLP_{signal}CLIENT_KEY"] = str(certificates.key("client"))
            environ[f"OTEL_EXPORTER_OTLP_{signal}CLIENT_CERTIFICATE"] = str(certificates.certificate("client"))
        with running(tmp_path, pipeline, **environ) as app:
            require_arrival(app, vendor)


@pytest.mark.parametrize("header", cases(["api-key=wrong", ""], slice(1)))
def test_a_vendors_refusal_is_reported(tmp_path: Path, pipeline: str, certificates: Certificates, header: str) -> None:
    with serving_otlp(HEADERS, certificates.server_context()) as vendor:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": vendor.endpoint,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificates.authority),
            "OTEL_EXPORTER_OTLP_HEADERS": header,
        }
        with running(tmp_path, pipeline, **environ) as app:
            app.get("/current")
            poll(lambda: failing(app).keys() == BOTH, ARRIVAL_SECONDS, "a report for each signal")
            poll(lambda: len(vendor.sent(METRICS)) > 3, ARRIVAL_SECONDS, "further exports")
            reports = failing(app)

    assert {export.status for export in vendor.exports} == {401}
    assert {signal: len(lines) for signal, lines in reports.items()} == dict.fromkeys(BOTH, 1)
    assert all("401" in str(line) for lines in reports.values() for line in lines)


def test_a_server_without_a_trusted_certificate_is_reported_and_gets_nothing(
    tmp_path: Path, pipeline: str, certificates: Certificates
) -> None:
    with (
        serving_otlp(tls=certificates.server_context()) as vendor,
        running(tmp_path, pipeline, OTEL_EXPORTER_OTLP_ENDPOINT=vendor.endpoint) as app,
    ):
        app.get("/current")
        poll(lambda: failing(app).keys() == BOTH, ARRIVAL_SECONDS, "a report for each signal")

    assert vendor.exports == []
