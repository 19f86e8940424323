# SPDX-License-Identifier: Apache-2.0
"""A MeterProvider of instruments within fences, read by the SDK's own readers: the page's and the exporter's.

The SDK's provider takes each measurement once for every reader and every view, 16 us with two of each. Here it is taken
once, and both readers read the same numbers. The SDK's readers and exporters are used as they are.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from opentelemetry.metrics import (
    CallbackT,
    Counter,
    Histogram,
    Meter,
    MeterProvider,
    NoOpMeter,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import Metric, MetricReader, MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.util.types import Attributes

from app.telemetry import semconv
from app.telemetry.fences import FENCES, Fence
from app.telemetry.metering.observed import ObservedCounter, ObservedGauge, ObservedUpDownCounter
from app.telemetry.metering.recorded import RecordedCounter, RecordedHistogram
from app.telemetry.safety import quietly
from app.telemetry.turns import in_pieces, short_turns

Readable = RecordedCounter | RecordedHistogram | ObservedCounter | ObservedGauge | ObservedUpDownCounter
Kind = TypeVar("Kind", bound=Readable)


class FencedMeterProvider(MeterProvider):
    """Gives one meter to whoever asks, and all that it has recorded to each reader."""

    def __init__(self, resource: Resource, page: MetricReader, readers: Sequence[MetricReader]) -> None:
        self._resource = resource
        self._page = page
        self._readers = (page, *readers)
        self._meter = FencedMeter(FENCES)
        for reader in self._readers:
            reader._set_collect_callback(self._collect)  # noqa: SLF001  # as the SDK's provider does

    def get_meter(
        self,
        name: str,  # noqa: ARG002  # scopes would only be labels that nobody asks for
        version: str | None = None,  # noqa: ARG002
        schema_url: str | None = None,  # noqa: ARG002
        attributes: Attributes = None,  # noqa: ARG002
    ) -> Meter:
        """Give the meter."""
        return self._meter

    def force_flush(self) -> None:
        """Export what has been recorded."""
        for reader in self._readers:
            reader.force_flush()

    def shutdown(self) -> None:
        """Export for the last time."""
        for reader in self._readers:
            reader.shutdown()

    def _collect(self, reader: MetricReader, timeout_millis: float = 10_000) -> MetricsData:  # noqa: ARG002  # the SDK's signature
        with short_turns():
            metrics = self._meter.read(for_export=reader is not self._page)
        scope = ScopeMetrics(InstrumentationScope(self._meter.name), metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scope], "")])


class FencedMeter(Meter):
    """Creates instruments within their fences; one without a fence does nothing."""

    def __init__(self, fences: Sequence[Fence]) -> None:
        super().__init__(semconv.SERVICE)
        self._fences = {fence.metric: fence for fence in fences}
        self._readable: dict[str, Readable] = {}
        self._nothing = NoOpMeter(semconv.SERVICE)

    def read(self, *, for_export: bool) -> list[Metric]:
        """Read every instrument that has something to say; one that fails says nothing, and the others still do.

        The exporter has time; whoever reads the page has not, and must not take the exporter's exemplars.
        """
        metrics: list[Metric] = []
        instruments = list(self._readable.values())
        for each in in_pieces(instruments) if for_export else instruments:
            with quietly("reading_a_metric"):  # else the exporter's thread would end
                metric = each.read(take_exemplars=for_export)
                if metric:
                    metrics.append(metric)
        return metrics

    def create_counter(self, name: str, unit: str = "", description: str = "") -> Counter:
        """Create a counter."""
        made = self._fenced(name, lambda fence: RecordedCounter(name, unit, description, fence.attributes))
        return made or self._nothing.create_counter(name, unit, description)

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> UpDownCounter:
        """Create one that does nothing: sums that can fall are observed here, as the instrumentor's are."""
        return self._nothing.create_up_down_counter(name, unit, description)

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,  # noqa: ARG002  # the fence knows better
    ) -> Histogram:
        """Create a histogram."""
        made = self._fenced(
            name, lambda fence: RecordedHistogram(name, unit, description, fence.attributes, fence.buckets or ())
        )
        return made or self._nothing.create_histogram(name, unit, description)

    def create_observable_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> ObservableCounter:
        """Create a counter that is asked for its value."""
        asked = callbacks or ()
        made = self._fenced(name, lambda fence: ObservedCounter(name, asked, unit, description, fence.attributes))
        return made or self._nothing.create_observable_counter(name, callbacks, unit, description)

    def create_observable_gauge(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> ObservableGauge:
        """Create a gauge that is asked for its value."""
        asked = callbacks or ()
        made = self._fenced(name, lambda fence: ObservedGauge(name, asked, unit, description, fence.attributes))
        return made or self._nothing.create_observable_gauge(name, callbacks, unit, description)

    def create_observable_up_down_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> ObservableUpDownCounter:
        """Create a sum that can fall and is asked for its value."""
        asked = callbacks or ()
        made = self._fenced(name, lambda fence: ObservedUpDownCounter(name, asked, unit, description, fence.attributes))
        return made or self._nothing.create_observable_up_down_counter(name, callbacks, unit, description)

    def _fenced(self, name: str, make: Callable[[Fence], Kind]) -> Kind | None:
        fence = self._fences.get(name)
        if fence is None:
            return None
        made = make(fence)
        # Asked for twice, it is the same instrument: two would be two series of one name.
        known = self._readable.setdefault(name, made)
        return known if isinstance(known, type(made)) else made
