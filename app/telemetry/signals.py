# SPDX-License-Identifier: Apache-2.0
"""The signals of one event: measurements, attributes of the request's span, and at most one log line."""

import itertools
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import NamedTuple

from app.domain.events import DomainEvent

Attributes = Mapping[str, str]
Series = tuple[Attributes, ...]


class InstrumentDefinition(NamedTuple):
    """An instrument with every series that it can have; with buckets it is a histogram, else a counter."""

    name: str
    unit: str
    description: str
    series: Series = ({},)
    buckets: tuple[float, ...] | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of its attributes."""
        return tuple(sorted({name for attributes in self.series for name in attributes}))

    @property
    def cost(self) -> int:
        """The number of series that Prometheus keeps per worker; a histogram's include +Inf, sum and count."""
        return len(self.series) * (1 if self.buckets is None else len(self.buckets) + 3)


class Measurement(NamedTuple):
    """A value for one series of an instrument."""

    metric: str
    value: float
    attributes: Attributes


@dataclass(frozen=True)
class Line:
    """A log line: a constant event name, and its fields."""

    event: str
    fields: Mapping[str, str | int] = field(default_factory=dict)
    level: int = logging.INFO


@dataclass(frozen=True)
class Signals:
    """All signals of one event; `span` contains opaque ids and values of closed lists only."""

    measurements: tuple[Measurement, ...] = ()
    span: Attributes = field(default_factory=dict)
    line: Line | None = None


def combinations(axes: Mapping[str, Iterable[str]]) -> Series:
    """Return the Cartesian product of the attributes' values, as text: to the SDK an enum member is another value."""
    return tuple(dict(zip(axes, map(str, values), strict=True)) for values in itertools.product(*axes.values()))


@singledispatch
def signals_of(event: DomainEvent) -> Signals | None:  # noqa: ARG001  # its type decides
    """Return an event's signals; None for a type that has no description."""
    return None
