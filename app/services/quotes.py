# SPDX-License-Identifier: Apache-2.0
"""What a loan would cost, before an application; stores nothing."""

import logging
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from opentelemetry import metrics, trace

from app.domain.apr import eu_aprc_percent_of, us_apr_percent_of
from app.domain.calendar import add_months
from app.domain.disbursement import require_disbursed_on, require_first_due_on
from app.domain.schedule import ScheduledInstallment, build_schedule
from app.domain.terms import LoanTerms

_logger = logging.getLogger(__name__)
_tracer: Final = trace.get_tracer(__name__)
_meter: Final = metrics.get_meter(__name__)
_quotes: Final = _meter.create_counter("loan.quotes", "{quote}", "Quotes given.")


@dataclass(frozen=True)
class Quote:
    """Terms with their schedule, and the annual rate by the law of two places."""

    terms: LoanTerms
    disbursed_on: date
    schedule: tuple[ScheduledInstallment, ...]
    us_apr_percent: Decimal
    eu_aprc_percent: Decimal


def quote(terms: LoanTerms, disbursed_on: date, first_due_on: date | None) -> Quote:
    """Work a loan out; without a first due date it is a month after the disbursement."""
    require_disbursed_on(disbursed_on)
    first_due_on = first_due_on or add_months(disbursed_on, 1)
    require_first_due_on(first_due_on, disbursed_on)
    quoted = _price(terms, disbursed_on, first_due_on)
    currency = terms.principal.currency.value
    _quotes.add(1, {"loan.currency": currency})
    _logger.info("loan_quoted", extra={"loan.currency": currency, "loan.term_months": terms.term_months})
    return quoted


def _price(terms: LoanTerms, disbursed_on: date, first_due_on: date) -> Quote:
    attributes = {"loan.currency": terms.principal.currency.value, "loan.term_months": terms.term_months}
    # Terms that cannot be paid back are refused by an exception. That is an answer (422), no error of the span.
    with _tracer.start_as_current_span(
        "price quote", attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        schedule = build_schedule(terms, first_due_on)
        span.add_event("loan.schedule.built", {"loan.installments": len(schedule)})  # what follows are the annual rates
        us, eu = us_apr_percent_of(schedule, disbursed_on), eu_aprc_percent_of(schedule, disbursed_on)
        return Quote(terms, disbursed_on, schedule, us, eu)
