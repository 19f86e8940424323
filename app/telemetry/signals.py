# SPDX-License-Identifier: Apache-2.0
"""What an event looks like from outside: measurements, notes on the request's span, and at most one log line."""

import itertools
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import NamedTuple

from app.domain.events import DomainEvent

Attributes = Mapping[str, str]
Series = tuple[Attributes, ...]


class Declared(NamedTuple):
    """An instrument with every series that it can have; with buckets it is a histogram, else a counter."""

    name: str
    unit: str
    description: str
    series: Series = ({},)
    buckets: tuple[float, ...] | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """Name the attributes that it can have."""
        return tuple(sorted({name for attributes in self.series for name in attributes}))

    @property
    def cost(self) -> int:
        """Count the series that Prometheus keeps per worker: of a histogram also +Inf, the sum and the count."""
        return len(self.series) * (1 if self.buckets is None else len(self.buckets) + 3)


class Measurement(NamedTuple):
    """A value for one series of an instrument."""

    metric: str
    value: float
    attributes: Attributes


@dataclass(frozen=True)
class Line:
    """A log line: a constant name, and what it is about."""

    event: str
    fields: Mapping[str, str | int] = field(default_factory=dict)
    level: int = logging.INFO


@dataclass(frozen=True)
class Signals:
    """Everything that one event is told by; `span` holds opaque ids and closed lists only."""

    measurements: tuple[Measurement, ...] = ()
    span: Attributes = field(default_factory=dict)
    line: Line | None = None


def each(axes: Mapping[str, Iterable[str]]) -> Series:
    """List every combination of the attributes' values, as plain text: to the SDK an enum's member is another value."""
    return tuple(dict(zip(axes, map(str, values), strict=True)) for values in itertools.product(*axes.values()))


@singledispatch
def signals_of(event: DomainEvent) -> Signals | None:  # noqa: ARG001  # its type decides
    """Describe an event; None for one that nobody described."""
    return None
