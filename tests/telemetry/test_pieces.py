# SPDX-License-Identifier: Apache-2.0
"""An export is read and written in pieces with rests between them; a page is read at once."""

import time
from types import SimpleNamespace

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import Resource

from app.telemetry import turns
from app.telemetry.ledger import Ledger
from app.telemetry.metering.meter import FencedMeterProvider
from app.telemetry.readers import AccountedExporter
from app.telemetry.turns import PIECE_SECONDS, REST_SECONDS, in_pieces

COUNTERS = ("loan.applications", "loan.decisions")
CURRENCIES = ("EUR", "USD", "GBP")


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note each rest instead of taking it, and let the smallest work be a piece."""
    found: list[float] = []
    monkeypatch.setattr(turns, "time", SimpleNamespace(thread_time=time.thread_time, sleep=found.append))
    monkeypatch.setattr(turns, "PIECE_SECONDS", 0.0)
    return found


def read(*, by_exporter: bool) -> MetricsData:
    """Count something and read it as the page's reader does, or the exporter's."""
    page, exporter = InMemoryMetricReader(), InMemoryMetricReader()
    meter = FencedMeterProvider(Resource.create(), page, [exporter]).get_meter("anybody")
    for name in COUNTERS:
        counter = meter.create_counter(name)
        for currency in CURRENCIES:
            counter.add(1, {"loan.currency": currency})
    data = (exporter if by_exporter else page).get_metrics_data()
    assert isinstance(data, MetricsData)
    return data


def test_who_has_worked_for_a_piece_rests_before_the_next_item(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    rests: list[float] = []
    monkeypatch.setattr(turns, "time", SimpleNamespace(thread_time=lambda: clock[0], sleep=rests.append))

    worked = []
    for item in in_pieces(range(7)):
        worked.append((item, len(rests)))
        clock[0] += 0.4 * PIECE_SECONDS

    assert worked == [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2)]
    assert set(rests) == {REST_SECONDS}


def test_the_exporter_rests_between_instruments_and_the_page_does_not(rests: list[float]) -> None:
    read(by_exporter=False)
    assert rests == []

    read(by_exporter=True)
    assert len(rests) == len(COUNTERS)


def test_the_encoder_rests_between_points_and_writes_the_same(
    rests: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def export(_self: OTLPMetricExporter, data: MetricsData, *_others: object) -> MetricExportResult:
        written.append(encode_metrics(data))
        return MetricExportResult.FAILURE

    monkeypatch.setattr(OTLPMetricExporter, "export", export)
    exporter = AccountedExporter(
        Ledger(), endpoint="http://127.0.0.1", timeout=1, compression=Compression.NoCompression
    )
    data = read(by_exporter=False)

    exporter.export(data)

    assert len(rests) >= len(COUNTERS) * len(CURRENCIES)
    assert written == [encode_metrics(data)]
