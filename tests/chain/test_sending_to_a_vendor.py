# SPDX-License-Identifier: Apache-2.0
"""docs/sending-to-a-vendor.md, through the collector: the page's own YAML over otel/collector.yaml, on the real one."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from stack.addresses import Addresses
from stack.build import program
from stack.polling import poll
from stack.ports import HOST, FreePorts
from stack.process import Child, Command
from stack.server_commands import otelcol
from stack.services import SERVICES
from stack.site import ROOT, Site
from tests.chain.conftest import PIPELINE
from tests.telemetry.conformance.certificates import Certificates, issue
from tests.telemetry.conformance.conftest import running
from tests.telemetry.otlp_sink import ARRIVAL_SECONDS, LOGS, METRICS, TRACES, Sink, serving_otlp

PAGE = ROOT / "docs" / "sending-to-a-vendor.md"
KEY = "k-9f2c7d1e5b8a"
START_SECONDS = 30.0  # it takes 1 s on an idle machine


def yaml_of_the_page() -> str:
    """Return the page's last YAML block: exporter and pipelines."""
    blocks: list[str] = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return blocks[-1]


def put(text: str, *changes: tuple[str, str]) -> str:
    """Replace what stands once in a text."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@contextmanager
def collecting(folder: Path, overlay: str, key: str, own: Sink) -> Iterator[str]:
    """Run the collector with an overlay, its usual backends replaced by one sink; yield its OTLP address."""
    free, port_of_own = FreePorts(), int(own.endpoint.rpartition(":")[2])
    backends = {("prometheus", "http"), ("loki", "http"), ("tempo", "otlp")}
    ports = [port for service in SERVICES for port in service.ports]
    chosen = {port: port_of_own if (port.service, port.name) in backends else free.choose(port) for port in ports}
    site = Site(folder / "collector", Addresses(chosen), {}, programs={"otelcol": program("otelcol")})
    site.write_config("otelcol", ("otel/collector.yaml",))
    file = site.config("otelcol") / "vendor.yaml"
    file.write_text(overlay, encoding="utf-8")
    command = otelcol(site)
    words = [*command.argv, "--config", site.relative(file)]
    variables = {"VENDOR_API_KEY": key, "LOG_DIR": str(folder / "app" / "logs")}
    collector = Child(replace(command, argv=words, env={**command.env, **variables}))
    try:
        require_start(collector, command, site)
        yield f"http://{site.address('otelcol')}"
    finally:
        collector.stop()


def require_start(collector: Child, command: Command, site: Site) -> None:
    """Wait until the collector is ready."""

    def ready() -> bool:
        assert collector.poll() is None, collector.tail()
        return "Everything is ready" in command.log.read_text()

    poll(ready, START_SECONDS, f"the collector at {HOST}:{site.port('otelcol')}")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


@contextmanager
def sending(folder: Path, certificates: Certificates, vendor: Sink, key: str) -> Iterator[tuple[str, Sink]]:
    """Send a request to an app that sends to the collector; yield the trace's id and the usual backends."""
    overlay = put(
        yaml_of_the_page(),
        ("https://otlp.vendor.example", vendor.endpoint),
        ("/etc/ssl/vendor.pem", str(certificates.authority)),
    )
    with (
        serving_otlp() as own,
        collecting(folder, overlay, key, own) as endpoint,
        running(folder / "app", PIPELINE, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as app,
    ):
        yield app.get("/current")["trace_id"], own


def has_line(sink: Sink, trace_id: str) -> Callable[[], bool]:
    return lambda: any(trace_id in line for line in sink.log_lines())


def test_all_three_signals_reach_the_vendor_by_tls_with_the_key(tmp_path: Path, certificates: Certificates) -> None:
    with (
        serving_otlp({"api-key": KEY}, certificates.server_context()) as vendor,
        sending(tmp_path, certificates, vendor, KEY) as (trace_id, own),
    ):
        vendor.wait_for_span("GET /current", trace_id)
        vendor.wait_for_metric("http.server.request.duration")
        poll(has_line(vendor, trace_id), ARRIVAL_SECONDS, "the log line")
        own.wait_for_span("GET /current", trace_id)

    assert {(export.path, export.status) for export in vendor.exports} == {
        (path, 200) for path in (TRACES, METRICS, LOGS)
    }
    assert {export.headers["api-key"] for export in vendor.exports} == {KEY}


def test_with_a_wrong_key_the_vendor_gets_nothing_and_the_usual_backends_everything(
    tmp_path: Path, certificates: Certificates
) -> None:
    with (
        serving_otlp({"api-key": KEY}, certificates.server_context()) as vendor,
        sending(tmp_path, certificates, vendor, "wrong") as (trace_id, own),
    ):
        poll(lambda: {export.path for export in vendor.exports} == {TRACES, METRICS, LOGS}, ARRIVAL_SECONDS, "attempts")
        own.wait_for_span("GET /current", trace_id)

    assert {export.status for export in vendor.exports} == {401}
