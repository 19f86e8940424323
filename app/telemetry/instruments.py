# SPDX-License-Identifier: Apache-2.0
"""Business facts become signals: one handler per domain event, each a metric, a span attribute and a log line."""

import logging
import warnings
from functools import singledispatch

from opentelemetry import trace
from opentelemetry.metrics import CallbackOptions, Meter, NoOpMeter, Observation

from app.domain.events import DomainEvent, LoanApplicationSubmitted
from app.domain.money import Currency
from app.telemetry import semconv

_logger = logging.getLogger(__name__)


class _Instruments:
    """The custom instruments; nobody outside this module sees one."""

    def __init__(self, meter: Meter) -> None:
        self.applications = meter.create_counter(
            semconv.LOAN_APPLICATIONS, "{application}", "Loan applications submitted and committed."
        )


_instruments = _Instruments(NoOpMeter(semconv.SERVICE))


def create_instruments(meter: Meter, threads: int) -> None:
    """Create every instrument; counters begin at zero, so that the first event is an increase."""
    global _instruments  # noqa: PLW0603  # one set per process, replaced as a whole
    _instruments = _Instruments(meter)
    for currency in Currency:
        _instruments.applications.add(0, {semconv.LOAN_CURRENCY: currency.value})

    def limit(_options: CallbackOptions) -> list[Observation]:
        return [Observation(threads)]

    meter.create_observable_up_down_counter(
        semconv.LOAN_SERVICE_THREADS_LIMIT, [limit], "{thread}", "Requests that this worker can handle at once."
    )


@singledispatch
def record(event: DomainEvent) -> None:
    """Turn a domain event into its signals; an event without a handler is a warning, never a failed request."""
    warnings.warn(f"no signal for {type(event).__name__}", stacklevel=2)


@record.register
def _(event: LoanApplicationSubmitted) -> None:
    _instruments.applications.add(1, {semconv.LOAN_CURRENCY: event.currency.value})
    trace.get_current_span().set_attribute(semconv.LOAN_ID, str(event.loan_id))
    _logger.info(
        semconv.EVENT_LOAN_APPLICATION_SUBMITTED,
        extra={semconv.LOAN_ID: str(event.loan_id), semconv.LOAN_CURRENCY: event.currency.value},
    )
