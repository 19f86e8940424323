# SPDX-License-Identifier: Apache-2.0
"""Turns events into signals: `record` measures, sets attributes on the current span, and writes the log line."""

import json
import logging
import warnings
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

from app.domain.events import DomainEvent
from app.telemetry import semconv
from app.telemetry.business import INSTRUMENTS
from app.telemetry.logging import lines_lost, write_line
from app.telemetry.safety import log_failure
from app.telemetry.signals import InstrumentDefinition, Line, Measurement, signals_of

_logger = logging.getLogger(__name__)
_instruments: Mapping[str, Counter | Histogram] = {}  # by name; empty while telemetry is switched off


def create_instruments(meter: Meter, threads: int) -> None:
    """Create every instrument; counters begin at zero, so that the first event is an increase."""
    global _instruments  # noqa: PLW0603  # one set per process, replaced as a whole
    _instruments = {declared.name: _create(meter, declared) for declared in INSTRUMENTS}

    def limit(_options: CallbackOptions) -> list[Observation]:
        return [Observation(threads)]

    meter.create_observable_up_down_counter(
        semconv.LOAN_SERVICE_THREADS_LIMIT, [limit], "{thread}", "Requests that this worker can handle at once."
    )

    def lost(_options: CallbackOptions) -> list[Observation]:
        return [Observation(lines, {semconv.LOAN_LOG_SINK: sink}) for sink, lines in lines_lost().items()]

    meter.create_observable_counter(
        semconv.LOAN_SERVICE_LOG_LINES_LOST, [lost], "{line}", "Log lines that this worker could not write."
    )


def forget_instruments() -> None:
    """Remove the instruments: later events are not measured."""
    global _instruments  # noqa: PLW0603  # as above
    _instruments = {}


def record(event: DomainEvent) -> None:
    """Turn an event into its signals; an event without a description is logged as a warning and fails no request."""
    try:
        signals = signals_of(event)
    except Exception as error:  # noqa: BLE001  # the event is committed: its telemetry must not fail the request
        log_failure("describing_an_event", error)
        return
    if signals is None:
        warnings.warn(f"no signal for {type(event).__name__}", stacklevel=2)
        return
    try:
        for measurement in signals.measurements:
            _measure(measurement)
    except Exception as error:  # noqa: BLE001  # as above
        log_failure("measuring", error)
    try:
        trace.get_current_span().set_attributes(signals.span)
    except Exception as error:  # noqa: BLE001  # as above
        log_failure("noting_an_event", error)
    try:
        if signals.line:
            _write(signals.line)
    except Exception as error:  # noqa: BLE001  # as above
        log_failure("telling_an_event", error)


def _create(meter: Meter, declared: InstrumentDefinition) -> Counter | Histogram:
    if declared.buckets is not None:
        return meter.create_histogram(declared.name, declared.unit, declared.description)
    counter = meter.create_counter(declared.name, declared.unit, declared.description)
    for attributes in declared.series:
        counter.add(0, attributes)
    return counter


def _measure(measurement: Measurement) -> None:
    instrument = _instruments.get(measurement.metric)
    if isinstance(instrument, Histogram):
        instrument.record(measurement.value, measurement.attributes)
    elif instrument is not None:
        instrument.add(measurement.value, measurement.attributes)


def _write(line: Line) -> None:
    # Written directly, as the request line: a log record was the most expensive part of submitting an application.
    if _logger.isEnabledFor(line.level):
        write_line(line.level, __name__, line.event, json.dumps(dict(line.fields))[1:-1])
