# SPDX-License-Identifier: Apache-2.0
"""What a loan would cost, before anybody applies for it; keeps nothing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.domain.apr import eu_aprc_percent_of, us_apr_percent_of
from app.domain.calendar import add_months
from app.domain.disbursement import require_disbursed_on, require_first_due_on
from app.domain.schedule import ScheduledInstallment, build_schedule
from app.domain.terms import LoanTerms


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
    schedule = build_schedule(terms, first_due_on)
    us, eu = us_apr_percent_of(schedule, disbursed_on), eu_aprc_percent_of(schedule, disbursed_on)
    return Quote(terms, disbursed_on, schedule, us, eu)
