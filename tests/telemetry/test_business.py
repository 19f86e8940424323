# SPDX-License-Identifier: Apache-2.0
"""Each event gives exactly these points, these span attributes, and this one line."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app import telemetry
from app.domain import events as facts
from app.domain.events import DomainEvent, RepaymentPosted
from app.domain.money import Currency, Money
from app.domain.repayment_channel import Channel
from app.domain.status import Decision, RejectReason
from app.domain.transaction import TransactionKind
from app.services import events as requests
from app.services.commands import RETRIED_SQLSTATES
from app.services.events import KeyOutcome
from app.settings import Settings
from app.telemetry.business import INSTRUMENTS
from app.telemetry.business.requests import RETRIED
from app.telemetry.signals import signals_of
from tests.telemetry.conftest import Line, Lines, Observed

LOAN, BOOKING, BORROWER = (UUID(int=number) for number in (1, 2, 3))
ON_LOAN = {"loan.id": str(LOAN)}
ON_BOOKING = ON_LOAN | {"loan.transaction.id": str(BOOKING)}
ON_BORROWER = {"loan.borrower.id": str(BORROWER)}
MONEY = Money(12_345, Currency.EUR)
EUR = {"loan.currency": "EUR"}
AMOUNT = {"loan.amount_minor": 12_345} | EUR
FRAME = {"timestamp", "level", "logger", "event", "trace_id", "span_id", "service.instance.id"}

Point = tuple[str, tuple[tuple[str, str], ...], float]


def point(metric: str, value: float, attributes: dict[str, str] | None = None) -> Point:
    return metric, tuple(sorted((attributes or {}).items())), value


@dataclass(frozen=True)
class ExpectedSignals:
    """The expected signals of an event."""

    event: DomainEvent
    points: list[Point]
    span: dict[str, str] = field(default_factory=dict)
    line: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    level: str = "INFO"


def decided(decision: Decision, line: str, reason: RejectReason | None = None) -> ExpectedSignals:
    label = {"loan.decision": decision.value}
    why = {"loan.reject.reason": reason.value} if reason else {}
    points = [point("loan.decisions", 1, label | why), point("loan.decision.duration", 7200.0, label)]
    return ExpectedSignals(facts.LoanDecided(LOAN, decision, reason, 7200.0), points, ON_LOAN, line, ON_LOAN | why)


def repaid(component: str, minor: int) -> Point:
    return point("loan.repaid.amount", minor, {"loan.component": component} | EUR)


def key_used(outcome: KeyOutcome, line: str | None, level: str = "INFO") -> ExpectedSignals:
    label = {"loan.idempotency.outcome": outcome.value}
    points = [point("loan.idempotency.requests", 1, label)]
    return ExpectedSignals(requests.IdempotencyKeyUsed(outcome), points, label, line, {}, level)


def with_borrower(event: DomainEvent, operation: str) -> ExpectedSignals:
    points = [point("loan.borrower.operations", 1, {"loan.borrower.operation": operation})]
    return ExpectedSignals(event, points, ON_BORROWER, f"borrower_{operation}", ON_BORROWER)


EXPECTED = [
    ExpectedSignals(
        facts.LoanApplicationSubmitted(LOAN, Currency.EUR),
        [point("loan.applications", 1, EUR)],
        ON_LOAN,
        "loan_application_submitted",
        ON_LOAN | EUR,
    ),
    decided(Decision.APPROVED, "loan_approved"),
    decided(Decision.REJECTED, "loan_rejected", RejectReason.AFFORDABILITY),
    decided(Decision.WITHDRAWN, "loan_withdrawn"),
    decided(Decision.CANCELLED, "loan_cancelled"),
    ExpectedSignals(
        facts.LoanDisbursed(LOAN, BOOKING, MONEY),
        [point("loan.disbursements", 1, EUR), point("loan.disbursed.principal", 12_345, EUR)],
        ON_BOOKING,
        "loan_disbursed",
        ON_BOOKING | AMOUNT,
    ),
    ExpectedSignals(
        RepaymentPosted(LOAN, BOOKING, Currency.EUR, 12_000, 300, 45, Channel.CARD),
        [
            point("loan.repayments", 1, {"loan.payment.channel": "card"}),
            repaid("principal", 12_000),
            repaid("interest", 300),
            repaid("fee", 45),
        ],
        ON_BOOKING,
        "loan_repayment_posted",
        ON_BOOKING | AMOUNT | {"loan.payment.channel": "card"},
    ),
    ExpectedSignals(
        requests.RepaymentRefused(LOAN, "amount_exceeds_due"),
        [point("loan.repayments.refused", 1, {"error.type": "amount_exceeds_due"})],
        ON_LOAN,
        "loan_repayment_refused",
        ON_LOAN | {"error.type": "amount_exceeds_due"},
        "WARNING",
    ),
    ExpectedSignals(
        facts.LoanPaidOff(LOAN, Currency.EUR), [point("loan.paid_off", 1, EUR)], ON_LOAN, "loan_paid_off", ON_LOAN | EUR
    ),
    ExpectedSignals(
        facts.LoanChargedOff(LOAN, BOOKING, MONEY),
        [point("loan.charge_offs", 1, EUR), point("loan.charged_off.principal", 12_345, EUR)],
        ON_BOOKING,
        "loan_charged_off",
        ON_BOOKING | AMOUNT,
    ),
    ExpectedSignals(
        facts.RecoveryPosted(LOAN, BOOKING, MONEY),
        [point("loan.recovered.amount", 12_345, EUR)],
        ON_BOOKING,
        "loan_recovery_posted",
        ON_BOOKING | AMOUNT,
    ),
    ExpectedSignals(
        facts.FeeAssessed(LOAN, BOOKING, MONEY),
        [point("loan.fees.assessed", 12_345, EUR)],
        ON_BOOKING,
        "loan_fee_assessed",
        ON_BOOKING | AMOUNT,
    ),
    ExpectedSignals(
        facts.FeeWaived(LOAN, BOOKING, MONEY),
        [point("loan.fees.waived", 12_345, EUR)],
        ON_BOOKING,
        "loan_fee_waived",
        ON_BOOKING | AMOUNT,
    ),
    ExpectedSignals(
        facts.TransactionReversed(LOAN, BOOKING, TransactionKind.PAYOFF, Currency.EUR),
        [point("loan.reversals", 1, {"loan.transaction.kind": "payoff"})],
        ON_BOOKING,
        "loan_transaction_reversed",
        ON_BOOKING | EUR | {"loan.transaction.kind": "payoff"},
    ),
    ExpectedSignals(
        facts.PayoffQuoted(LOAN, Currency.EUR),
        [point("loan.payoff_quotes", 1, EUR)],
        ON_LOAN,
        "loan_payoff_quoted",
        ON_LOAN | EUR,
    ),
    with_borrower(facts.BorrowerRegistered(BORROWER), "registered"),
    with_borrower(facts.BorrowerUpdated(BORROWER), "updated"),
    with_borrower(facts.BorrowerErased(BORROWER), "erased"),
    with_borrower(facts.BorrowerExported(BORROWER), "exported"),
    key_used(KeyOutcome.FIRST, None),
    key_used(KeyOutcome.REPLAYED, "idempotency_key_replayed"),
    key_used(KeyOutcome.MISMATCH, "idempotency_key_mismatch", "WARNING"),
    key_used(KeyOutcome.IN_PROGRESS, "idempotency_key_in_progress"),
    ExpectedSignals(
        requests.TransactionRetried("40P01"),
        [point("loan.tx.retries", 1, {"db.response.status_code": "40P01"})],
        {},
        "transaction_retried",
        {"db.response.status_code": "40P01"},
        "WARNING",
    ),
    ExpectedSignals(requests.LoanLocked(0.25), [point("loan.lock.wait.duration", 0.25)]),
]


def leaves(kind: type[DomainEvent]) -> Iterator[type[DomainEvent]]:
    """Find the events that have no kinds of their own."""
    for below in kind.__subclasses__():
        yield from leaves(below) if below.__subclasses__() else [below]


def ours() -> set[type[DomainEvent]]:
    return {kind for kind in leaves(DomainEvent) if kind.__module__.startswith("app.")}


def test_every_event_has_expected_signals() -> None:
    assert {type(each.event) for each in EXPECTED} == ours()


def test_every_event_has_a_description_of_its_own() -> None:
    undescribed = [kind.__name__ for kind in ours() if kind not in signals_of.registry]

    assert undescribed == []


def points_of(observed: Observed) -> list[Point]:
    """List what was measured: counters that are above zero, and the sum of each histogram."""
    found = [
        point(declared.name, each.value if declared.buckets is None else each.sum, dict(each.attributes))
        for declared in INSTRUMENTS
        for each in observed.points(declared.name)
    ]
    return sorted(each for each in found if each[2])


def emit(observed: Observed, event: DomainEvent) -> None:
    """Publish an event within a request."""

    @observed.app.post("/emit")
    def view() -> str:
        telemetry.record(event)
        return "emitted"

    observed.client.post("/emit")


def without_request_line(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["event"] != "http_request"]


@pytest.mark.parametrize("signals", EXPECTED, ids=lambda signals: signals.line or type(signals.event).__name__)
def test_a_fact_is_its_points_its_note_and_its_line(observed: Observed, lines: Lines, signals: ExpectedSignals) -> None:
    emit(observed, signals.event)

    span = observed.span("POST /emit")
    written = without_request_line(lines())
    assert points_of(observed) == sorted(signals.points)
    assert {key: value for key, value in (span.attributes or {}).items() if key.startswith("loan.")} == signals.span
    assert [(line["event"], line["level"]) for line in written] == (
        [(signals.line, signals.level)] if signals.line else []
    )
    for line in written:
        assert {key: value for key, value in line.items() if key not in FRAME} == signals.fields
        assert line["trace_id"] == f"{span.context.trace_id:032x}"


def test_every_counter_is_born_at_zero_for_every_series_that_it_can_have(observed: Observed) -> None:
    counters = [declared for declared in INSTRUMENTS if declared.buckets is None]

    for declared in counters:
        born = [(dict(each.attributes), each.value) for each in observed.points(declared.name)]
        assert in_order(born) == in_order([(dict(attributes), 0) for attributes in declared.series]), declared.name


def in_order(points: list[tuple[dict[str, str], int]]) -> list[tuple[dict[str, str], int]]:
    return sorted(points, key=str)


@pytest.mark.parametrize("signals", EXPECTED, ids=lambda signals: signals.line or type(signals.event).__name__)
def test_a_fact_adds_no_series_to_those_that_were_born(observed: Observed, signals: ExpectedSignals) -> None:
    telemetry.record(signals.event)

    for declared in INSTRUMENTS:
        most = len(declared.series)
        assert len(observed.points(declared.name)) == (
            most if declared.buckets is None else min(most, points_expected(signals, declared.name))
        )


def points_expected(signals: ExpectedSignals, metric: str) -> int:
    return sum(name == metric for name, _, _ in signals.points)


def test_what_labels_a_series_is_plain_text() -> None:
    values = [value for declared in INSTRUMENTS for attributes in declared.series for value in attributes.values()]

    assert {type(value) for value in values} == {str}  # to the SDK an enum's member is another value


def test_a_refusal_with_a_code_that_is_not_listed_adds_no_series(observed: Observed) -> None:
    telemetry.record(requests.RepaymentRefused(LOAN, "made-up-code"))

    assert points_of(observed) == [point("loan.repayments.refused", 1, {"error.type": "_OTHER"})]


def test_what_is_retried_is_what_is_counted() -> None:
    assert set(RETRIED) == RETRIED_SQLSTATES


@pytest.mark.usefixtures("clean_process")
def test_switched_off_a_fact_is_still_a_line(settings: Settings, lines: Lines) -> None:
    telemetry.set_up(Flask("loans"), replace(settings, telemetry_disabled=True))

    telemetry.record(facts.LoanPaidOff(LOAN, Currency.EUR))

    assert [line["event"] for line in lines()] == ["loan_paid_off"]


@pytest.mark.parametrize(
    ("event", "name", "fields"),
    [
        (facts.LoanPaidOff(LOAN, Currency.EUR), "loan_paid_off", ON_LOAN | EUR),
        (requests.IdempotencyKeyUsed(KeyOutcome.REPLAYED), "idempotency_key_replayed", {}),
    ],
    ids=["with fields", "without"],
)
@pytest.mark.usefixtures("observed")
def test_a_line_is_what_the_formatter_would_have_written(
    event: DomainEvent, name: str, fields: dict[str, str], lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1795675840.25)

    telemetry.record(event)
    logging.getLogger("app.telemetry.instruments").info(name, extra=fields)

    ours, formatted = lines()
    assert list(ours) == list(formatted)
    assert ours == formatted


@pytest.mark.usefixtures("clean_process")
def test_a_line_below_the_level_is_not_written(settings: Settings, lines: Lines) -> None:
    telemetry.set_up(Flask("loans"), replace(settings, telemetry_disabled=True, log_level="ERROR"))

    telemetry.record(facts.LoanPaidOff(LOAN, Currency.EUR))

    assert lines() == []
