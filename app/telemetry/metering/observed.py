# SPDX-License-Identifier: Apache-2.0
"""Instruments that are asked for their values whenever somebody reads."""

import time
from collections.abc import Iterable, Sequence
from typing import cast

from opentelemetry.metrics import (
    CallbackOptions,
    CallbackT,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    Observation,
)
from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, Metric, NumberDataPoint, Sum

from app.telemetry.safety import quietly


class Observed:
    """Asks its callbacks; one that fails says nothing, and the others still do."""

    def __init__(
        self, name: str, callbacks: Sequence[CallbackT], unit: str, description: str, attributes: Sequence[str]
    ) -> None:
        self.name = name
        self.unit = unit
        self.description = description
        self._callbacks = callbacks
        self._attributes = frozenset(attributes)
        self._born = time.time_ns()

    def read(self, *, take_exemplars: bool) -> Metric | None:  # noqa: ARG002  # an observation belongs to no trace
        """Ask for the values of all series."""
        observations = [observation for callback in self._callbacks for observation in observe(callback)]
        now = time.time_ns()  # not before, as what is counted later must not be told of an earlier time
        points = [self._point(observation, now) for observation in observations]
        return Metric(self.name, self.description, self.unit, self._data(points)) if points else None

    def _point(self, observation: Observation, now: int) -> NumberDataPoint:
        attributes = {name: value for name, value in (observation.attributes or {}).items() if name in self._attributes}
        return NumberDataPoint(attributes, self._born, now, observation.value)

    def _data(self, points: Sequence[NumberDataPoint]) -> Sum | Gauge:
        return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=False)


class ObservedCounter(Observed, ObservableCounter):
    """A counter whose value somebody else keeps."""

    def _data(self, points: Sequence[NumberDataPoint]) -> Sum | Gauge:
        return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)


class ObservedUpDownCounter(Observed, ObservableUpDownCounter):
    """A sum that can fall, whose value somebody else keeps."""


class ObservedGauge(Observed, ObservableGauge):
    """A value that is what it is now."""

    def _data(self, points: Sequence[NumberDataPoint]) -> Sum | Gauge:
        return Gauge(points)


def observe(callback: CallbackT) -> list[Observation]:
    """Ask one callback."""
    observed: list[Observation] = []
    with quietly("observing"):
        observed.extend(cast("Iterable[Observation]", callback(CallbackOptions())))  # type: ignore[operator]  # no generator
    return observed
