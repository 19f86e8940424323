# SPDX-License-Identifier: Apache-2.0
"""Signals of loan applications: submitted, decided, withdrawn."""

from typing import Final

from app.domain.events import LoanApplicationSubmitted, LoanDecided
from app.domain.money import Currency
from app.domain.status import Decision, RejectReason
from app.telemetry import semconv
from app.telemetry.signals import InstrumentDefinition, Line, Measurement, Signals, combinations, signals_of

# A minute is an automatic decision, an hour a clerk's, a working day the promise made to applicants. An application
# that is open for more than a month was overlooked.
# Steps of about two up to an hour: without bounds between 1 min and 1 h, quantiles there are interpolation alone.
DECISION_SECONDS: Final = (
    *(60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0),
    *(28_800.0, 86_400.0, 604_800.0, 1_209_600.0, 2_592_000.0),
)
EVENTS: Final = {
    Decision.APPROVED: semconv.EVENT_LOAN_APPROVED,
    Decision.REJECTED: semconv.EVENT_LOAN_REJECTED,
    Decision.WITHDRAWN: semconv.EVENT_LOAN_WITHDRAWN,
    Decision.CANCELLED: semconv.EVENT_LOAN_CANCELLED,
}

INSTRUMENTS: Final = (
    InstrumentDefinition(
        semconv.LOAN_APPLICATIONS,
        "{application}",
        "Loan applications submitted and committed.",
        combinations({semconv.LOAN_CURRENCY: Currency}),
    ),
    InstrumentDefinition(
        semconv.LOAN_DECISIONS,
        "{decision}",
        "Applications that came to their end.",
        # Only a rejection has a reason: eleven series rather than thirty-two.
        (
            *combinations({semconv.LOAN_DECISION: sorted(set(Decision) - {Decision.REJECTED})}),
            *combinations({semconv.LOAN_DECISION: [Decision.REJECTED], semconv.LOAN_REJECT_REASON: RejectReason}),
        ),
    ),
    InstrumentDefinition(
        semconv.LOAN_DECISION_DURATION,
        "s",
        "Time from an application to its end.",
        combinations({semconv.LOAN_DECISION: Decision}),
        DECISION_SECONDS,
    ),
)


@signals_of.register
def _(event: LoanApplicationSubmitted) -> Signals:
    currency = {semconv.LOAN_CURRENCY: event.currency.value}
    loan = {semconv.LOAN_ID: str(event.loan_id)}
    return Signals(
        (Measurement(semconv.LOAN_APPLICATIONS, 1, currency),),
        loan,
        Line(semconv.EVENT_LOAN_APPLICATION_SUBMITTED, loan | currency),
    )


@signals_of.register
def _(event: LoanDecided) -> Signals:
    decision = {semconv.LOAN_DECISION: event.decision.value}
    reason = {semconv.LOAN_REJECT_REASON: event.reason.value} if event.reason else {}
    loan = {semconv.LOAN_ID: str(event.loan_id)}
    return Signals(
        (
            Measurement(semconv.LOAN_DECISIONS, 1, decision | reason),
            Measurement(semconv.LOAN_DECISION_DURATION, event.seconds, decision),
        ),
        loan,
        Line(EVENTS[event.decision], loan | reason),
    )
